//! Rings on real interfaces, in network namespaces of the tests' own: `cargo test --test capture -- --ignored` as root.
#![allow(unsafe_code, clippy::unwrap_used, clippy::indexing_slicing)]

mod wire;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use dataplane::capture::{Listener, Ring, RingConfig, State, interface};
use dataplane::filter::Instruction;
use dataplane::source::{Block, Source};
use wire::{Sender, config, ip, ipv4, read, tagged, udp, wire};

const A: [u8; 4] = [192, 0, 2, 1];
const B: [u8; 4] = [198, 51, 100, 7];

fn hello(number: u16) -> Vec<u8> {
    ipv4(A, B, 17, &udp(number, 5001, b"hello, world of frames"))
}

#[test]
#[ignore = "needs root"]
fn frames_come_as_they_were_sent() {
    wire();
    let mut ring = Ring::open(&config("vb")).unwrap();
    let sent: Vec<_> = (0..3000).map(hello).collect();
    let sender = Sender::new("va");
    sent.iter().for_each(|frame| sender.send(frame));

    let seen = read(&mut ring, 3000);

    assert_eq!(seen.iter().map(|frame| &frame.data).collect::<Vec<_>>(), sent.iter().collect::<Vec<_>>());
    assert!(seen.iter().all(|frame| frame.linktype == 1 && frame.wire_len as usize == frame.data.len()));
    assert!(seen.is_sorted_by_key(|frame| frame.ts_ns));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as i64;
    assert!((now - seen[2999].ts_ns).abs() < 2_000_000_000);
    assert_eq!((ring.kernel_drops(), ring.state(), ring.fill_ratio()), (0, State::Running, 0.0));
}

#[test]
#[ignore = "needs root"]
fn vlan_tags_are_where_they_were() {
    wire();
    let mut ring = Ring::open(&config("vb")).unwrap();
    let plain = hello(1);
    let inner = tagged(&plain, 0x8100, 7);
    let sent = [
        plain.clone(),
        inner.clone(),
        tagged(&plain, 0x88A8, 42),
        tagged(&inner, 0x88A8, 42),
        tagged(&plain, 0x8100, 0),
    ];
    let sender = Sender::new("va");
    sent.iter().for_each(|frame| sender.send(frame));

    let seen = read(&mut ring, 5);

    assert_eq!(seen.iter().map(|frame| frame.data.clone()).collect::<Vec<_>>(), sent);
    assert!(seen.iter().all(|frame| frame.wire_len as usize == frame.data.len()));
}

#[test]
#[ignore = "needs root"]
fn a_short_snaplen_tells_the_length_of_the_wire() {
    wire();
    let mut ring = Ring::open(&RingConfig { snaplen: 40, promiscuous: false, ..config("vb") }).unwrap();
    let sender = Sender::new("va");
    sender.send(&hello(1));
    sender.send(&tagged(&hello(1), 0x8100, 9));

    let seen = read(&mut ring, 2);

    assert_eq!(seen[0].data, hello(1)[..40]);
    assert_eq!(seen[1].data, tagged(&hello(1), 0x8100, 9)[..44]); // the tag is not the card's
    assert_eq!([seen[0].wire_len, seen[1].wire_len], [64, 68]);
}

#[test]
#[ignore = "needs root"]
fn only_what_passes_the_filter_was_received() {
    wire();
    let keep_port = |port: u32| {
        let op = |code, jf, k| Instruction { code, jt: 0, jf, k };
        vec![op(0x28, 0, 34), op(0x15, 1, port), op(0x06, 0, 262_144), op(0x06, 0, 0)] // ldh [34]; jeq; ret
    };
    let mut ring = Ring::open(&RingConfig { filter: keep_port(77), ..config("vb") }).unwrap();
    let sender = Sender::new("va");
    (0..100).for_each(|port| sender.send(&hello(port)));

    let seen = read(&mut ring, 1);

    assert_eq!(seen.iter().map(|frame| frame.data.clone()).collect::<Vec<_>>(), [hello(77)]);
    assert_eq!(ring.kernel_drops(), 0);
}

#[test]
#[ignore = "needs root"]
fn the_loopback_is_seen_once() {
    wire();
    ip("link set lo up");
    let mut ring = Ring::open(&config("lo")).unwrap();
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    (0..3).for_each(|_| assert_eq!(socket.send_to(b"hello", socket.local_addr().unwrap()).unwrap(), 5));

    let seen = read(&mut ring, 3);

    assert_eq!(seen.iter().map(|frame| (frame.linktype, frame.wire_len)).collect::<Vec<_>>(), [(1, 47); 3]);
}

#[test]
#[ignore = "needs root"]
fn a_tunnel_hands_out_bare_packets() {
    wire();
    let _tunnel = tun("tun9");
    ip("link set tun9 up");
    ip("addr add 10.9.9.1/24 dev tun9");
    assert_eq!(["lo", "va", "tun9", "none"].map(interface::linktype_of), [Some(1), Some(1), Some(101), None]);
    let mut ring = Ring::open(&config("tun9")).unwrap();
    let socket = std::net::UdpSocket::bind("10.9.9.1:0").unwrap();
    socket.send_to(b"hello", "10.9.9.2:9").unwrap();

    let seen = read(&mut ring, 1);
    let seen: Vec<_> = seen.iter().filter(|frame| frame.data[0] >> 4 == 4).collect();

    assert_eq!((seen.len(), seen[0].linktype, seen[0].wire_len, seen[0].data[0]), (1, 101, 33, 0x45));
}

#[test]
#[ignore = "needs root"]
fn what_the_kernel_had_no_room_for_is_counted() {
    wire();
    let mut ring = Ring::open(&config("vb")).unwrap();
    let sender = Sender::new("va");
    let large = ipv4(A, B, 17, &udp(1, 2, &[0; 1400]));
    (0..10_000).for_each(|_| sender.send(&large));
    assert!(ring.fill_ratio() > 0.7, "{}", ring.fill_ratio());

    let seen = read(&mut ring, 1000);

    let dropped = ring.kernel_drops();
    assert!(dropped > 5000);
    assert_eq!(seen.len() as u64 + dropped, 10_000);
    assert_eq!((ring.kernel_drops(), ring.fill_ratio()), (0, 0.0));
}

#[test]
#[ignore = "needs root"]
fn members_share_by_pairs_of_hosts() {
    wire();
    let mut rings = Ring::open_members(&config("vb"), 3).unwrap();
    let sender = Sender::new("va");
    let hosts: Vec<[u8; 4]> = (0..60).map(|host| [203, 0, 113, host]).collect();
    for host in &hosts {
        sender.send(&ipv4(A, *host, 17, &udp(1, 2, b"out")));
        sender.send(&ipv4(*host, A, 17, &udp(2, 1, b"back")));
        sender.send(&tagged(&ipv4(*host, A, 47, b"whatever is in a tunnel"), 0x8100, 5));
        sender.send(&tagged(&tagged(&ipv4(A, *host, 6, b"another"), 0x8100, 5), 0x88A8, 6));
        let pppoe = [b"\x11\0\0\x01\0\x40\0\x21", &ipv4(A, *host, 17, &udp(3, 4, b"session"))[14..]].concat();
        sender.send(&[&hello(0)[..12], b"\x88\x64", &pppoe].concat());
        let v6 = |a: u8, b: u8| {
            let addresses = [[0x20, 1, 0xD, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a], [b; 16]];
            let packet = [b"\x60\0\0\0\0\0\x3B\x40".as_slice(), &addresses[0], &addresses[1]].concat();
            [&hello(0)[..12], b"\x86\xDD", &packet].concat()
        };
        sender.send(&v6(host[3], 0xFC));
    }
    sender.send(b"\xFF\xFF\xFF\xFF\xFF\xFF\x02\0\0\0\0\x01\x08\x06no IP at all, an ARP");

    let seen: Vec<_> = rings.iter_mut().map(|ring| read(ring, 0)).collect();

    assert_eq!(seen.iter().map(Vec::len).sum::<usize>(), 60 * 6 + 1);
    let of_host = |frames: &[wire::Seen], host: &[u8]| {
        frames.iter().filter(|frame| frame.data.windows(4).any(|four| four == host)).count()
    };
    for host in &hosts {
        let mut counts: Vec<_> = seen.iter().map(|frames| of_host(frames, host)).collect();
        counts.sort_unstable();
        assert_eq!(counts, [0, 0, 5], "{host:?} met more than one member");
    }
    assert!(seen.iter().all(|frames| frames.len() > 60), "{:?}", seen.iter().map(Vec::len).collect::<Vec<_>>());
    assert!(seen[0].iter().any(|frame| frame.data[12..14] == [8, 6]));
    let distinct: HashSet<_> = seen.iter().flatten().map(|frame| &frame.data).collect();
    assert_eq!(distinct.len(), 60 * 6 + 1);
}

#[test]
#[ignore = "needs root"]
fn an_interface_that_comes_back_up_goes_on() {
    wire();
    let mut ring = Ring::open(&config("vb")).unwrap();
    let sender = Sender::new("va");
    sender.send(&hello(1));
    assert_eq!(read(&mut ring, 1).len(), 1);
    ip("link set vb down");
    ring.wait(Duration::from_secs(5));
    assert_eq!(ring.state(), State::Down);
    ring.wait(Duration::from_millis(1));
    assert_eq!(ring.state(), State::Down);
    ip("link set vb up");
    assert_eq!(ring.state(), State::Running);
    sender.send(&hello(2));

    assert_eq!(read(&mut ring, 1)[0].data, hello(2));
}

#[test]
#[ignore = "needs root"]
fn an_interface_that_goes_away_keeps_what_was_read() {
    wire();
    let mut rings = Ring::open_members(&config("vb"), 2).unwrap();
    let sender = Sender::new("va");
    (0..3).for_each(|number| sender.send(&hello(number)));
    ip("link del va");
    Ring::wait_any(&mut rings, Duration::from_secs(5));
    std::thread::sleep(Duration::from_millis(50));
    Ring::wait_any(&mut rings, Duration::ZERO);

    assert_eq!(rings.iter_mut().map(Ring::state).collect::<Vec<_>>(), [State::Gone; 2]);
    assert_eq!(rings.iter_mut().map(|ring| read(ring, 0).len()).sum::<usize>(), 3);

    remake();
    assert_eq!(rings[0].state(), State::Gone); // it is another interface, of the same name
    let mut rings = Ring::open_members(&config("vb"), 2).unwrap();
    Sender::new("va").send(&hello(9));
    let again: Vec<_> =
        rings.iter_mut().flat_map(|ring| read(ring, 0)).filter(|frame| frame.data == hello(9)).collect();
    assert_eq!(again.len(), 1);
}

#[test]
#[ignore = "needs root"]
fn workers_share_an_interface_again_that_was_made_again() {
    wire();
    let stop = Arc::default();
    let (mut listeners, _) = Listener::open(&config("vb"), 3, None, &stop).unwrap();
    ip("link del va");
    std::thread::sleep(Duration::from_millis(50));
    remake();
    let mut seen = [0; 3];
    let sender = Sender::new("va");
    let began = Instant::now();
    while seen.iter().sum::<usize>() < 300 && began.elapsed() < wire::PATIENCE {
        let down = listeners[0].wire().unwrap().down();
        if down.is_empty() && seen == [0; 3] && began.elapsed() > Duration::from_secs(3) {
            (0..300u16).for_each(|host| {
                sender.send(&ipv4(A, [203, 0, (host >> 8) as u8, host as u8], 17, &udp(1, 2, b"again")));
            });
        }
        for (listener, seen) in listeners.iter_mut().zip(&mut seen) {
            let mut block = Block::default();
            listener.fill(&mut block, usize::MAX);
            *seen += block.records.len();
        }
    }
    assert_eq!(seen.iter().sum::<usize>(), 300);
    assert!(seen.iter().all(|count| *count > 50), "{seen:?}");
}

#[test]
#[ignore = "needs root"]
fn what_cannot_be_opened_says_what_to_do() {
    wire();
    let refused = |config: &RingConfig| Ring::open(config).unwrap_err();

    assert_eq!(refused(&config("nope")), "no interface nope; there are lo, vb, va");
    assert_eq!(refused(&config("nul\0")), "no interface nul\0; there are lo, vb, va");
    ip("link set vb down");
    assert_eq!(refused(&config("vb")), "interface vb is down; bring it up with: ip link set vb up");
    let odd = RingConfig { block_bytes: 1000, ..config("va") };
    assert!(refused(&odd).starts_with("interface va cannot be opened: "), "{}", refused(&odd));
}

#[test]
#[ignore = "needs root"]
fn without_permission_it_says_how_to_get_it() {
    wire();
    // SAFETY: gives up this thread's privileges alone: the raw system call, not the C library's for all threads.
    unsafe { libc::syscall(libc::SYS_setresuid, 65534, 65534, 65534) };

    let said = Ring::open(&config("va")).unwrap_err();

    assert!(said.starts_with("no permission to capture on va: run as root, or allow"), "{said}");
    assert!(said.ends_with("sudo setcap cap_net_raw,cap_net_admin+ep \"$(readlink -f .venv/bin/python)\""), "{said}");
}

/// Makes the wire again.
fn remake() {
    ip("link add va type veth peer name vb");
    for name in ["va", "vb"] {
        std::fs::write(format!("/proc/sys/net/ipv6/conf/{name}/disable_ipv6"), "1").unwrap();
        ip(&format!("link set {name} up"));
    }
}

/// Makes a tunnel that hands out bare IP packets; it goes when the file is closed.
fn tun(name: &str) -> std::fs::File {
    let device = std::fs::File::options().read(true).write(true).open("/dev/net/tun").unwrap();
    // SAFETY: plain bytes, then one `ifreq` that the kernel reads.
    unsafe {
        let mut request: libc::ifreq = std::mem::zeroed();
        request.ifr_name.iter_mut().zip(name.bytes()).for_each(|(slot, byte)| *slot = byte as libc::c_char);
        request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as i16;
        let made = libc::ioctl(std::os::fd::AsRawFd::as_raw_fd(&device), libc::TUNSETIFF as _, &raw mut request);
        assert_eq!(made, 0, "{}", std::io::Error::last_os_error());
    }
    device
}
