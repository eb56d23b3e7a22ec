//! A wire of the test's own: a veth pair in a network namespace of the test's thread, and frames to send into it.

use std::ffi::CString;
use std::io;
use std::process::Command;
use std::time::{Duration, Instant};

use dataplane::capture::{Ring, RingConfig};
use dataplane::model::Frame;

pub const PATIENCE: Duration = Duration::from_secs(10);

/// Puts the thread into an empty network namespace with a veth pair, `va` and `vb`, both up.
pub fn wire() {
    // SAFETY: changes the namespace of this thread alone.
    assert_eq!(unsafe { libc::unshare(libc::CLONE_NEWNET) }, 0, "needs root: {}", io::Error::last_os_error());
    ip("link add va type veth peer name vb");
    for name in ["va", "vb"] {
        // No offload, no router solicitations: nothing on the wire that the test did not send.
        std::fs::write(format!("/proc/sys/net/ipv6/conf/{name}/disable_ipv6"), "1").unwrap();
        ip(&format!("link set {name} up"));
    }
}

/// Changes the namespace's network.
pub fn ip(words: &str) {
    assert!(Command::new("ip").args(words.split(' ')).status().unwrap().success(), "ip {words}");
}

/// A socket that sends frames into an interface.
pub struct Sender(libc::c_int);

impl Sender {
    pub fn new(interface: &str) -> Self {
        let name = CString::new(interface).unwrap();
        // SAFETY: plain system calls on values that live through them.
        unsafe {
            let socket = libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0);
            let mut address: libc::sockaddr_ll = std::mem::zeroed();
            address.sll_family = libc::AF_PACKET as u16;
            address.sll_ifindex = libc::if_nametoindex(name.as_ptr()) as i32;
            let size = size_of::<libc::sockaddr_ll>() as u32;
            assert_eq!(libc::bind(socket, (&raw const address).cast(), size), 0, "{}", io::Error::last_os_error());
            Self(socket)
        }
    }

    pub fn send(&self, frame: &[u8]) {
        loop {
            // SAFETY: the kernel reads as many bytes as the slice has.
            let sent = unsafe { libc::send(self.0, frame.as_ptr().cast(), frame.len(), 0) };
            if sent == frame.len() as isize {
                return;
            }
            let error = io::Error::last_os_error();
            assert_eq!(error.raw_os_error(), Some(libc::ENOBUFS), "{error}"); // the queue is full: again
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        // SAFETY: ours, closed once.
        unsafe { libc::close(self.0) };
    }
}

/// What a test looks at of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub linktype: u32,
    pub wire_len: u32,
    pub data: Vec<u8>,
    pub ts_ns: i64,
}

impl From<Frame<'_>> for Seen {
    fn from(frame: Frame<'_>) -> Self {
        Self { linktype: frame.linktype, wire_len: frame.wire_len, data: frame.data.to_vec(), ts_ns: frame.ts_ns }
    }
}

/// A small ring on an interface.
pub fn config(interface: &str) -> RingConfig {
    RingConfig {
        interface: interface.to_owned(),
        ring_bytes: 4 << 20,
        block_timeout: Duration::from_millis(10),
        ..RingConfig::default()
    }
}

/// Reads until so many frames came, and then until nothing more comes.
pub fn read(ring: &mut Ring, frames: usize) -> Vec<Seen> {
    let (mut seen, started) = (Vec::new(), Instant::now());
    loop {
        let enough = seen.len() >= frames;
        ring.wait(Duration::from_millis(if enough { 60 } else { 200 }));
        let before = seen.len();
        while let Some(mut block) = ring.next_block() {
            seen.extend(block.frames().map(Seen::from));
        }
        if enough && before == seen.len() || started.elapsed() > PATIENCE {
            return seen;
        }
    }
}

/// An Ethernet frame with an IPv4 packet of a protocol; the body is its transport.
pub fn ipv4(src: [u8; 4], dst: [u8; 4], proto: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\0\x45\0".to_vec();
    frame.extend((20 + body.len() as u16).to_be_bytes());
    frame.extend([0, 0, 0, 0, 64, proto, 0, 0]);
    frame.extend(src);
    frame.extend(dst);
    frame.extend(body);
    frame
}

/// A UDP datagram.
pub fn udp(sport: u16, dport: u16, payload: &[u8]) -> Vec<u8> {
    let mut body = [sport, dport, 8 + payload.len() as u16, 0].map(u16::to_be_bytes).concat();
    body.extend(payload);
    body
}

/// A frame with a VLAN tag put in.
pub fn tagged(frame: &[u8], tpid: u16, id: u16) -> Vec<u8> {
    [&frame[..12], &tpid.to_be_bytes(), &id.to_be_bytes(), &frame[12..]].concat()
}
