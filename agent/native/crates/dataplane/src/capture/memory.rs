//! How large a ring can be: as large as asked for, unless the machine cannot spare that.

use std::fs;
use std::io;

/// The least a ring is worth opening with, in bytes.
pub const RING_FLOOR: usize = 4 << 20;
/// A ring takes this part of the free memory at most.
const SHARE: usize = 4;

/// What to ask the kernel for.
///
/// It would not refuse a ring that is too large: it would end processes until there is room, our own among them. So we
/// ask for a quarter of what the machine can spare at most.
#[must_use]
pub fn affordable(asked: usize) -> usize {
    within(asked, fs::read_to_string("/proc/meminfo").ok().and_then(|told| available(&told)))
}

fn within(asked: usize, available: Option<usize>) -> usize {
    available.map_or(asked, |bytes| asked.min(bytes / SHARE)).max(RING_FLOOR)
}

/// Bytes that can be had without swapping, of /proc/meminfo.
fn available(meminfo: &str) -> Option<usize> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix(" kB")?.parse::<usize>().ok()?.checked_mul(1024)
}

/// Tries with so many bytes, then with half of it as long as memory is short. Errors: the last.
pub fn halved<T>(asked: usize, mut open: impl FnMut(usize) -> io::Result<T>) -> io::Result<T> {
    let mut bytes = asked;
    loop {
        match open(bytes) {
            Err(error) if error.raw_os_error() == Some(libc::ENOMEM) && bytes / 2 >= RING_FLOOR => bytes /= 2,
            opened => return opened,
        }
    }
}

/// What to say when there is no memory even for a small ring.
#[must_use]
pub fn refusal(interface: &str, asked: usize) -> String {
    let (asked, least) = (asked.div_ceil(1 << 20), RING_FLOOR >> 20);
    format!("interface {interface}: no memory for a ring of {asked} MiB, nor for one of {least} MiB")
}

/// What to tell when a ring became smaller than asked for; None when it did not.
#[must_use]
pub fn shortfall(interface: &str, asked: usize, got: usize) -> Option<String> {
    let (wanted, had) = (asked.div_ceil(1 << 20), got >> 20);
    let told = || format!("interface {interface}: memory is short, the ring has {had} MiB instead of {wanted} MiB");
    (wanted > had).then(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    #[test]
    fn a_ring_takes_a_quarter_of_what_is_free_at_most() {
        let told = "MemTotal:       24000000 kB\nMemFree:  1 kB\nMemAvailable:   1048576 kB\nBuffers: 2 kB\n";
        assert_eq!(available(told), Some(1024 * MIB));
        assert_eq!([64 * MIB, 1 << 40, 0].map(|asked| within(asked, available(told))), [64 * MIB, 256 * MIB, 4 * MIB]);
        assert_eq!(within(64 * MIB, None), 64 * MIB);
        assert_eq!(available("MemFree: 1 kB\nMemAvailable: many kB"), None);
    }

    #[test]
    fn what_does_not_fit_is_halved_down_to_a_floor() {
        let open = |room: usize| {
            halved(64 * MIB, move |bytes| {
                if bytes <= room { Ok(bytes / MIB) } else { Err(io::Error::from_raw_os_error(libc::ENOMEM)) }
            })
        };
        assert_eq!([64, 63, 17, 4].map(|room| open(room * MIB).ok()), [Some(64), Some(32), Some(16), Some(4)]);
        assert_eq!(open(3 * MIB).map_err(|error| error.raw_os_error()), Err(Some(libc::ENOMEM)));
        let refused = halved(64 * MIB, |_| -> io::Result<()> { Err(io::Error::from_raw_os_error(libc::EPERM)) });
        assert_eq!(refused.map_err(|error| error.raw_os_error()), Err(Some(libc::EPERM)));
    }

    #[test]
    fn less_than_asked_for_is_told() {
        let told = "interface vb: memory is short, the ring has 16 MiB instead of 64 MiB";
        assert_eq!(shortfall("vb", 64 * MIB, 16 * MIB).as_deref(), Some(told));
        assert_eq!(shortfall("vb", 64 * MIB, 64 * MIB), None);
        assert_eq!(refusal("vb", 64 * MIB), "interface vb: no memory for a ring of 64 MiB, nor for one of 4 MiB");
    }
}
