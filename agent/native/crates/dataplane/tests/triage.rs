//! What the kernel leaves out: the program on frames of every kind, and on real interfaces.
//! `cargo test --test triage -- --ignored` as root.
#![allow(unsafe_code, clippy::unwrap_used, clippy::indexing_slicing)]

mod judged;
mod wire;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dataplane::capture::triage::Generation;
use dataplane::capture::verdict::Scene;
use dataplane::capture::{Ring, RingConfig, Triage};
use dataplane::filter::Instruction;
use dataplane::home::Home;
use dataplane::source::Domestic;
use judged::{network, verdict};
use wire::{Sender, config, ip, ipv4, read, tagged, udp, wire};

const HERE: [u8; 4] = [10, 1, 2, 3];
const THERE: [u8; 4] = [10, 9, 8, 7];
const ABROAD: [u8; 4] = [198, 51, 100, 7];
const SCENE: Scene = Scene { ethernet: true, loopback: false, snaplen: 65_535 };

fn home(networks: &[&str]) -> Home {
    Home::new(&networks.iter().map(|text| network(text)).collect::<Vec<_>>(), Vec::new())
}

fn usual() -> Home {
    home(&["10.0.0.0/8", "192.168.0.0/16", "fc00::/7", "2001:db8:1::/48"])
}

/// An Ethernet frame with an IPv6 packet of a next header.
fn ipv6(src: &str, dst: &str, next: u8, body: &[u8]) -> Vec<u8> {
    let octets = |text: &str| text.parse::<std::net::Ipv6Addr>().unwrap().octets();
    let mut frame = b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x86\xDD\x60\0\0\0".to_vec();
    frame.extend((body.len() as u16).to_be_bytes());
    frame.extend([next, 64]);
    frame.extend(octets(src));
    frame.extend(octets(dst));
    frame.extend(body);
    frame
}

fn tcp(options: u8) -> Vec<u8> {
    let mut header =
        vec![0x9C, 0x40, 0x01, 0xBB, 0, 0, 0, 1, 0, 0, 0, 0, (5 + options) << 4, 2, 0xFF, 0xFF, 0, 0, 0, 0];
    header.resize(20 + 4 * usize::from(options), 1);
    header
}

/// A frame with some of its bytes replaced.
fn with(frame: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut frame = frame.to_vec();
    frame[at..at + bytes.len()].copy_from_slice(bytes);
    frame
}

#[test]
#[ignore = "needs root"]
fn what_is_surely_domestic_is_counted_and_left_out() {
    let frame = ipv4(HERE, THERE, 17, &udp(4000, 443, b"hello"));
    let frames = [
        frame.clone(),
        tagged(&frame, 0x8100, 5),
        tagged(&tagged(&frame, 0x8100, 5), 0x88A8, 6),
        ipv4(HERE, THERE, 6, &tcp(0)),
        ipv4(HERE, THERE, 6, &tcp(10)),
        ipv4(HERE, THERE, 1, b"\x08\0\0\0\0\x01\0\x01ping"),
        ipv4(HERE, THERE, 50, b"sealed"),
        ipv4(HERE, [224, 0, 0, 251], 17, &udp(5353, 5353, b"who")),
        ipv4(ABROAD, [255; 4], 17, &udp(1, 2, b"")),
        ipv4([0; 4], ABROAD, 17, &udp(68, 67, b"")),
        ipv6("fc00::1", "2001:db8:1::7", 6, &tcp(2)),
        ipv6("fe80::1", "2001:db8:2::7", 17, &udp(1, 2, b"six")),
        ipv6("2001:db8:2::7", "ff02::1", 58, b"\x86\0\0\0\0\0\0\0"),
        [frame.clone(), vec![0; 20]].concat(), // padding of the link
    ];
    let generation = Generation::new(SCENE, &usual()).unwrap();

    for (number, frame) in frames.iter().enumerate() {
        assert_eq!(verdict(&generation, frame), 0, "frame {number} came up");
    }

    let sizes = |frame: &Vec<u8>| {
        let tags = frame
            .chunks_exact(2)
            .skip(6)
            .step_by(2)
            .take_while(|two| [[0x81, 0], [0x88, 0xA8]].contains(&[two[0], two[1]]));
        let at = 14 + 4 * tags.count();
        let word = |at: usize| u64::from(u16::from_be_bytes([frame[at], frame[at + 1]]));
        if frame[at] == 0x45 { word(at + 2) } else { 40 + word(at + 4) }
    };
    let wire_bytes = frames.iter().map(|frame| frame.len() as u64).sum();
    let domestic = Domestic { packets: 14, ip_bytes: frames.iter().map(sizes).sum(), wire_bytes };
    assert_eq!(generation.domestic(), domestic);
}

#[test]
#[ignore = "needs root"]
fn what_the_engine_must_see_comes_up() {
    let frame = ipv4(HERE, THERE, 17, &udp(4000, 443, b"hello"));
    let port = |sport, dport| ipv4(HERE, THERE, 17, &udp(sport, dport, b"hello"));
    let segment = ipv4(HERE, THERE, 6, &tcp(1));
    let six = ipv6("fc00::1", "fc00::2", 17, &udp(1, 2, b"hello"));
    let mut frames = vec![
        ipv4(HERE, ABROAD, 17, &udp(1, 2, b"out")),
        ipv4(ABROAD, HERE, 6, &tcp(0)),
        ipv4(ABROAD, [203, 0, 113, 1], 6, &tcp(0)),
        ipv6("fc00::1", "2001:db8:2::7", 6, &tcp(2)),
        port(53, 4000),
        ipv4(HERE, [224, 0, 0, 251], 17, &udp(53, 1, b"")),
        with(&frame, 20, b"\x20\0"),   // more fragments
        with(&frame, 20, b"\0\x01"),   // a later one
        with(&frame, 16, b"\0\0"),     // length left to the network card
        with(&frame, 16, b"\0\x13"),   // shorter than its header
        with(&frame, 16, b"\0\x22"),   // longer than its frame
        with(&frame, 14, b"\x46"),     // options
        with(&frame, 14, b"\x44"),     // a header of 16 bytes
        with(&frame, 14, b"\x55"),     // IPv5
        with(&frame, 38, b"\0\0"),     // UDP length left to the network card
        with(&frame, 38, b"\0\x07"),   // shorter than its header
        with(&frame, 38, b"\0\x0E"),   // longer than its packet
        with(&frame, 12, b"\x08\x06"), // ARP
        with(&frame, 12, b"\x88\x64"), // PPPoE
        with(&frame, 12, b"\x88\x47"), // MPLS
        with(&frame, 12, b"\0\x21"),   // 802.3
        with(&segment, 46, b"\x40"),   // a TCP header of 16 bytes
        with(&segment, 46, b"\x70"),   // one that goes on beyond the packet
        ipv4(HERE, THERE, 6, &tcp(0)[..19]),
        ipv4(HERE, THERE, 17, b"\0\x01\0\x02\0\x08\0"),
        ipv4(HERE, THERE, 1, b"\x08\0\0"),
        with(&six, 18, b"\0\0"),   // no length
        with(&six, 18, b"\0\x0E"), // longer than its frame
        tagged(&tagged(&tagged(&frame, 0x8100, 5), 0x8100, 6), 0x88A8, 7),
        frame[..33].to_vec(),
        frame[..13].to_vec(),
        six[..53].to_vec(),
    ];
    for number in [4789, 8472, 6081, 2152, 3544, 1701] {
        frames.extend([port(number, 9), port(9, number)]);
    }
    for protocol in [0, 2, 4, 41, 43, 44, 47, 51, 60, 94, 97, 115, 132, 135, 136, 137, 255] {
        frames.push(ipv4(HERE, THERE, protocol, &udp(1, 2, b"whatever it is")));
        frames.push(ipv6("fc00::1", "fc00::2", protocol, &udp(1, 2, b"whatever it is")));
    }
    for embedding in ["::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "2002:a00:1::1", "2001:0:1::f5ff:fffe"] {
        frames.push(ipv6("fc00::1", embedding, 17, &udp(1, 2, b"")));
        frames.push(ipv6(embedding, "ff02::1", 17, &udp(1, 2, b"")));
    }
    let generation = Generation::new(Scene { snaplen: 262_144, ..SCENE }, &usual()).unwrap();

    for (number, frame) in frames.iter().enumerate() {
        assert_eq!(verdict(&generation, frame), 262_144, "frame {number} was left out: {frame:02x?}");
    }
    assert_eq!(generation.domestic(), Domestic::default());
}

#[test]
#[ignore = "needs root"]
fn bare_packets_are_judged_too() {
    let generation = Generation::new(Scene { ethernet: false, ..SCENE }, &usual()).unwrap();

    assert_eq!(verdict(&generation, &ipv4(HERE, THERE, 6, &tcp(0))[14..]), 0);
    assert_eq!(verdict(&generation, &ipv6("fc00::1", "fc00::2", 6, &tcp(0))[14..]), 0);
    assert_eq!(verdict(&generation, &ipv4(HERE, ABROAD, 6, &tcp(0))[14..]), 65_535);
    assert_eq!(verdict(&generation, &ipv4(HERE, THERE, 6, &tcp(0))), 65_535);
    assert_eq!(generation.domestic(), Domestic { packets: 2, ip_bytes: 100, wire_bytes: 100 });
}

#[test]
#[ignore = "needs root"]
fn the_most_exact_network_counts() {
    let nested = Home::new(
        &["0.0.0.0/0", "::/0"].map(network), // all the world is home
        vec![[0x20, 1, 0xD, 0xB8, 0, 9, 0, 0, 0, 0, 0, 0]],
    );
    let generation = Generation::new(SCENE, &nested).unwrap();
    let v6 = |dst| verdict(&generation, &ipv6("2400::1", dst, 6, &tcp(0)));

    assert_eq!(verdict(&generation, &ipv4(HERE, ABROAD, 6, &tcp(0))), 0);
    assert_eq!(
        ["2400::2", "ff02::1", "64:ff9b::1", "2001:db8:9::1", "2001:db8:8::1"].map(v6),
        [0, 0, 65_535, 65_535, 0]
    );

    let inside_never = home(&["127.1.0.0/16", "fe80::1/128", "192.0.2.7/32"]);
    let generation = Generation::new(SCENE, &inside_never).unwrap();
    let v4 = |src, dst| verdict(&generation, &ipv4(src, dst, 6, &tcp(0)));
    assert_eq!(v4([127, 1, 0, 1], ABROAD), 0); // never outranks home
    assert_eq!([v4([192, 0, 2, 7], [192, 0, 2, 7]), v4([192, 0, 2, 7], [192, 0, 2, 6])], [0, 65_535]);
}

#[test]
#[ignore = "needs root"]
fn rings_get_what_is_not_domestic_and_the_books_balance() {
    wire();
    let config = config("vb");
    let mut rings = Ring::open_members(&config, 2).unwrap();
    let mut triage = Triage::start(&config, &rings, &usual()).unwrap();
    let inside = tagged(&ipv4(HERE, THERE, 17, &udp(1, 2, b"inside")), 0x8100, 9);
    let outside = ipv4(HERE, ABROAD, 17, &udp(1, 2, b"outside"));
    let sender = Sender::new("va");
    for _ in 0..500 {
        sender.send(&inside);
        sender.send(&outside);
    }

    let seen: Vec<_> = rings.iter_mut().flat_map(|ring| read(ring, 0)).collect();

    assert_eq!(seen.len(), 500);
    assert!(seen.iter().all(|frame| frame.data == outside));
    let size = inside.len() as u64;
    let domestic = Domestic { packets: 500, ip_bytes: 500 * (size - 18), wire_bytes: 500 * size };
    assert_eq!(triage.domestic(), domestic);
    assert_eq!((triage.domestic(), rings[0].kernel_drops()), (Domestic::default(), 0));

    triage.detach();
    sender.send(&inside);
    assert_eq!(rings.iter_mut().map(|ring| read(ring, 0).len()).sum::<usize>(), 1);
    drop(rings);
    triage.set_home(&usual()).unwrap(); // of rings that are closed
    assert_eq!(triage.domestic(), Domestic::default());
}

#[test]
#[ignore = "needs root"]
fn another_home_takes_over_without_a_gap() {
    wire();
    let config = config("vb");
    let mut rings = vec![Ring::open(&config).unwrap()];
    let mut triage = Triage::start(&config, &rings, &usual()).unwrap();
    let [one, other] = [[10, 0, 0, 1], [192, 0, 2, 1]].map(|dst| ipv4(HERE, dst, 17, &udp(1, 2, b"either")));
    let (sender, stop, mut counted, mut seen) = (Sender::new("va"), AtomicBool::new(false), 0, Vec::new());

    let sent = std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let mut sent = 0u64;
            while !stop.load(Ordering::Relaxed) {
                sender.send(&one);
                sender.send(&other);
                sent += 1;
                std::thread::sleep(Duration::from_micros(20));
            }
            sent
        });
        for turn in 0..40 {
            let networks = if turn % 2 == 0 { ["10.0.0.0/8", "192.0.2.0/24"] } else { ["10.1.0.0/16", "192.0.2.0/24"] };
            triage.set_home(&home(&networks)).unwrap();
            counted += if turn % 3 == 0 { triage.domestic().packets } else { 0 };
            rings[0].wait(Duration::from_millis(20));
            while let Some(mut block) = rings[0].next_block() {
                seen.extend(block.frames().map(|frame| frame.data.to_vec()));
            }
        }
        stop.store(true, Ordering::Relaxed);
        sending.join().unwrap()
    });
    seen.extend(read(&mut rings[0], 0).into_iter().map(|frame| frame.data));
    counted += triage.domestic().packets;

    assert!(sent > 1000);
    assert!(seen.iter().all(|frame| *frame == one || *frame == other));
    assert_eq!(seen.len() as u64 + counted + rings[0].kernel_drops(), 2 * sent);
    assert!(seen.len() > 100 && counted > sent);
}

#[test]
#[ignore = "needs root"]
fn the_loopback_is_counted_once() {
    wire();
    ip("link set lo up");
    let config = config("lo");
    let rings = Ring::open_members(&config, 2).unwrap(); // members of a group see what goes out as well
    let mut triage = Triage::start(&config, &rings, &usual()).unwrap();
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    (0..3).for_each(|_| assert_eq!(socket.send_to(b"hello", socket.local_addr().unwrap()).unwrap(), 5));
    std::thread::sleep(Duration::from_millis(20));

    assert_eq!(triage.domestic(), Domestic { packets: 3, ip_bytes: 3 * 33, wire_bytes: 3 * 47 });
}

#[test]
#[ignore = "needs root"]
fn where_it_cannot_be_it_says_why() {
    wire();
    let unfiltered = config("vb");
    let rings = [Ring::open(&unfiltered).unwrap()];
    let filter = vec![Instruction { code: 6, jt: 0, jf: 0, k: 1 }];
    let filtered = RingConfig { filter, ..unfiltered.clone() };
    let told = |config, rings: &[Ring]| Triage::start(config, rings, &usual()).unwrap_err();
    let head = "interface vb: domestic packets are not counted in the kernel: ";

    assert_eq!(told(&filtered, &rings), format!("{head}there is a capture filter, and a socket takes one program"));
    // SAFETY: gives up this thread's privileges alone: the raw system call, not the C library's for all threads.
    unsafe { libc::syscall(libc::SYS_setresuid, 65534, 65534, 65534) };
    let refused = format!("{head}no permission for BPF programs: allow cap_bpf beside cap_net_raw");
    assert_eq!(told(&unfiltered, &rings), refused);
}
