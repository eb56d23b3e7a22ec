//! Runs the program that the kernel judges packets by on frames of the tests' own.

use std::net::IpAddr;

use dataplane::capture::triage::Generation;
use dataplane::home::KeyRange;
use dataplane::model::Address;

/// A network as the range of its keys.
pub fn network(text: &str) -> KeyRange {
    let (address, bits) = text.split_once('/').unwrap();
    let bits: u32 = bits.parse().unwrap();
    let (address, host_bits) = match address.parse().unwrap() {
        IpAddr::V4(v4) => (Address::v4(v4.octets()), 32 - bits),
        IpAddr::V6(v6) => (Address::v6(v6.octets()), 128 - bits),
    };
    let first = u128::from_be_bytes(*address.key());
    let last = first | 1u128.checked_shl(host_bits).map_or(u128::MAX, |size| size - 1);
    (first.to_be_bytes(), last.to_be_bytes())
}

/// Runs the program on a frame; returns the bytes to keep. A tested packet begins behind a link header: one more for it.
pub fn verdict(generation: &Generation, frame: &[u8]) -> u32 {
    #[repr(C)]
    #[derive(Default)]
    struct Run {
        program: u32,
        returned: u32,
        size_in: u32,
        size_out: u32,
        data_in: u64,
        data_out: u64,
        repeat: u32,
        duration: u32,
        context: [u64; 3],
        rest: [u32; 4],
    }
    let data = [b"\0\0\0\0\0\0\0\0\0\0\0\0\x88\xB5".as_slice(), frame].concat();
    let mut run = Run { program: generation.program().descriptor() as u32, ..Run::default() };
    (run.size_in, run.data_in, run.repeat) = (data.len() as u32, data.as_ptr() as u64, 1);
    // SAFETY: the kernel reads the frame, and writes the answer into `run`.
    let done = unsafe { libc::syscall(libc::SYS_bpf, 10, &raw mut run, size_of::<Run>()) };
    assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
    run.returned
}
