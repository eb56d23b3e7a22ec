//! Programs and maps in the kernel, through bpf(2). What is dropped here stays as long as a socket runs it.
#![allow(unsafe_code)] // system calls

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::bpf::Slot;
use super::socket::succeeded;

/// As many processors as any kernel can be built for (NR_CPUS with MAXSMP).
const PROCESSORS_LIMIT: usize = 8192;
/// Bytes of the verifier's reasons that are read.
const LOG_BYTES: usize = 1 << 16;
const LICENSE: &[u8] = b"Apache-2.0\0";

const MAP_CREATE: c_int = 0;
const MAP_LOOKUP: c_int = 1;
const MAP_UPDATE: c_int = 2;
const PROGRAM_LOAD: c_int = 5;
const SOCKET_FILTER: u32 = 1;
const ARRAY: u32 = 2;
const PER_PROCESSOR_ARRAY: u32 = 6;
const PREFIX_TREE: u32 = 11; // BPF_MAP_TYPE_LPM_TRIE
const GROWS: u32 = 1; // BPF_F_NO_PREALLOC

/// A map from prefixes of IPv6 addresses to numbers; of two that hold an address the longer counts.
#[derive(Debug)]
pub struct PrefixTree(OwnedFd);

/// Numbers that a program reads by their place.
#[derive(Debug)]
pub struct Table(OwnedFd);

/// Rows of `N` sums, each kept once for every processor.
#[derive(Debug)]
pub struct Sums<const N: usize>(OwnedFd);

/// A program that sockets can filter by.
#[derive(Debug)]
pub struct Program(OwnedFd);

// The members of the kernel's `union bpf_attr` that the commands read.

#[repr(C)]
struct NewMap {
    kind: u32,
    key_size: u32,
    value_size: u32,
    entries: u32,
    flags: u32,
}

#[repr(C)]
struct Element {
    map: u32,
    padding: u32,
    key: u64,
    value: u64,
    flags: u64,
}

#[repr(C)]
struct NewProgram {
    kind: u32,
    slots: u32,
    code: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel_version: u32,
    flags: u32,
}

impl Element {
    fn new<K, V>(map: &OwnedFd, key: *const K, value: *const V) -> Self {
        Self { map: map.as_raw_fd() as u32, padding: 0, key: key as u64, value: value as u64, flags: 0 }
    }
}

impl Table {
    /// Hands numbers over for good.
    pub fn new(numbers: &[u16]) -> io::Result<Self> {
        let value_size = u32::try_from(size_of_val(numbers)).map_err(|_| io::ErrorKind::InvalidInput)?;
        let map = new_map(NewMap { kind: ARRAY, key_size: 4, value_size, entries: 1, flags: 0 })?;
        let first = 0u32;
        let element = Element::new(&map, &raw const first, numbers.as_ptr());
        // SAFETY: the kernel reads a key of 4 bytes and as many as the numbers have.
        unsafe { bpf(MAP_UPDATE, &element) }?;
        Ok(Self(map))
    }

    pub fn descriptor(&self) -> c_int {
        self.0.as_raw_fd()
    }
}

impl PrefixTree {
    /// Makes an empty tree for so many prefixes.
    pub fn new(entries: usize) -> io::Result<Self> {
        let entries = u32::try_from(entries.max(1)).map_err(|_| io::ErrorKind::InvalidInput)?;
        new_map(NewMap { kind: PREFIX_TREE, key_size: 4 + 16, value_size: 4, entries, flags: GROWS }).map(Self)
    }

    /// Puts a prefix in; one that is there gets the new value.
    pub fn insert(&self, address: [u8; 16], bits: u32, value: u32) -> io::Result<()> {
        let key = [bits.to_ne_bytes().as_slice(), &address].concat();
        let element = Element::new(&self.0, key.as_ptr(), &raw const value);
        // SAFETY: the kernel reads a key of 4 + 16 bytes and a value of 4, as the map was made for.
        unsafe { bpf(MAP_UPDATE, &element) }.map(drop)
    }

    pub fn descriptor(&self) -> c_int {
        self.0.as_raw_fd()
    }
}

impl<const N: usize> Sums<N> {
    /// Makes so many rows of zeros.
    pub fn new(rows: u32) -> io::Result<Self> {
        let value_size = 8 * N as u32;
        new_map(NewMap { kind: PER_PROCESSOR_ARRAY, key_size: 4, value_size, entries: rows, flags: 0 }).map(Self)
    }

    /// A row, summed over all processors.
    pub fn row(&self, at: u32) -> io::Result<[u64; N]> {
        let mut rows = vec![[0u64; N]; PROCESSORS_LIMIT];
        let element = Element::new(&self.0, &raw const at, rows.as_mut_ptr());
        // SAFETY: the kernel reads a key of 4 bytes and writes 8 * N bytes for each possible processor, of which there
        // are never more than rows.
        unsafe { bpf(MAP_LOOKUP, &element) }?;
        let mut sums = [0u64; N];
        for row in rows {
            sums.iter_mut().zip(row).for_each(|(sum, more)| *sum = sum.wrapping_add(more));
        }
        Ok(sums)
    }

    pub fn descriptor(&self) -> c_int {
        self.0.as_raw_fd()
    }
}

impl Program {
    /// Has the kernel verify and translate a socket filter. Errors: why not, the verifier's last word included.
    pub fn load(code: &[Slot]) -> Result<Self, String> {
        let refused = match Self::try_load(code, &mut []) {
            Ok(program) => return Ok(Self(program)),
            Err(error) => error,
        };
        let mut log = vec![0u8; LOG_BYTES];
        Self::try_load(code, &mut log).map(Self).map_err(|_| {
            let told = String::from_utf8_lossy(log.split(|byte| *byte == 0).next().unwrap_or_default());
            let last = told.lines().rfind(|line| !line.is_empty() && !line.starts_with("processed"));
            last.map_or_else(|| refused.to_string(), |reason| format!("{refused}: {reason}"))
        })
    }

    fn try_load(code: &[Slot], log: &mut [u8]) -> io::Result<OwnedFd> {
        let request = NewProgram {
            kind: SOCKET_FILTER,
            slots: code.len() as u32,
            code: code.as_ptr() as u64,
            license: LICENSE.as_ptr() as u64,
            log_level: u32::from(!log.is_empty()),
            log_size: log.len() as u32,
            log: if log.is_empty() { 0 } else { log.as_mut_ptr() as u64 },
            kernel_version: 0,
            flags: 0,
        };
        // SAFETY: the kernel reads `slots` instructions and a string that ends with a zero, and writes `log_size` bytes
        // of `log` at most.
        unsafe { opened(bpf(PROGRAM_LOAD, &request)?) }
    }

    #[must_use]
    pub fn descriptor(&self) -> c_int {
        self.0.as_raw_fd()
    }
}

fn new_map(request: NewMap) -> io::Result<OwnedFd> {
    // SAFETY: nothing but numbers; the descriptor returned is ours.
    unsafe { opened(bpf(MAP_CREATE, &request)?) }
}

/// Makes a command to the kernel; returns what it does.
///
/// # Safety
///
/// What the request points to must be there, as large as the command has it, until this returns.
unsafe fn bpf<T>(command: c_int, request: &T) -> io::Result<c_int> {
    // SAFETY: the kernel reads as many bytes as the request has; the caller vouches for what they point to.
    let done = unsafe { libc::syscall(libc::SYS_bpf, command, &raw const *request, size_of::<T>()) } as c_int;
    succeeded(done).map(|()| done)
}

/// # Safety
///
/// The descriptor must be open and owned by no one else.
unsafe fn opened(descriptor: c_int) -> io::Result<OwnedFd> {
    // SAFETY: the caller's.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}
