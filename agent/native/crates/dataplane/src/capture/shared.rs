//! The memory a ring shares with the kernel: blocks that belong to one side at a time.
#![allow(unsafe_code)] // shared memory

use std::io;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::socket::PacketSocket;

/// Bytes of a block that tell of it (`tpacket_block_desc`); the frames lie behind.
const DESCRIPTOR: usize = 48;
const STATUS: usize = 8;
const PACKETS: usize = 12;
const FIRST: usize = 16;

/// The blocks of a ring, mapped into our memory.
#[derive(Debug)]
pub struct Blocks {
    memory: NonNull<u8>,
    block_bytes: usize,
    /// For each block: someone has taken it and not given it back.
    taken: Vec<AtomicBool>,
}

// SAFETY: the memory is not bound to a thread. A block is read and written only by who has taken it, which `taken` lets
// one do at a time, and by the kernel when no one has.
unsafe impl Send for Blocks {}
// SAFETY: the same; the status words are only ever used as atomics.
unsafe impl Sync for Blocks {}

/// A block that is ours until this is dropped; then the kernel's again. The ring stays mapped as long.
#[derive(Debug)]
pub struct SharedBlock {
    blocks: Arc<Blocks>,
    at: usize,
    first: usize,
    /// How many frames are in it.
    pub packets: u32,
}

impl Blocks {
    /// Maps the ring of a socket: `count` blocks of `block_bytes` each, as it was set up.
    pub fn map(socket: &PacketSocket, block_bytes: usize, count: usize) -> io::Result<Self> {
        let size = block_bytes
            .checked_mul(count)
            .filter(|size| *size > 0 && block_bytes > DESCRIPTOR)
            .ok_or(io::ErrorKind::InvalidInput)?;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: asks for new memory wherever there is room; touches none that is there.
        let memory = unsafe { libc::mmap(std::ptr::null_mut(), size, access, libc::MAP_SHARED, socket.fd(), 0) };
        match NonNull::new(memory) {
            Some(memory) if memory.as_ptr() != libc::MAP_FAILED => Ok(Self {
                memory: memory.cast(),
                block_bytes,
                taken: (0..count).map(|_| AtomicBool::new(false)).collect(),
            }),
            _ => Err(io::Error::last_os_error()),
        }
    }

    pub const fn count(&self) -> usize {
        self.taken.len()
    }

    pub const fn bytes(&self) -> usize {
        self.block_bytes * self.count()
    }

    /// Whether the kernel has handed a block over.
    pub fn is_ours(&self, at: usize) -> bool {
        self.status(at).load(Ordering::Acquire) & libc::TP_STATUS_USER != 0
    }

    /// Takes a block that the kernel has handed over and no one has taken.
    pub fn take(self: &Arc<Self>, at: usize) -> Option<SharedBlock> {
        let at = at % self.count();
        if !self.is_ours(at) || self.taken.get(at)?.swap(true, Ordering::AcqRel) {
            return None;
        }
        let (packets, first) = (self.number(at, PACKETS), self.number(at, FIRST) as usize);
        // Where the kernel's word of where the first frame lies makes no sense, there is none.
        let first = if (DESCRIPTOR..=self.block_bytes).contains(&first) { first } else { self.block_bytes };
        Some(SharedBlock { blocks: Arc::clone(self), at, first, packets })
    }

    fn status(&self, at: usize) -> &AtomicU32 {
        // SAFETY: within the block, aligned to four bytes as blocks are to pages, and only ever used as an atomic.
        unsafe { AtomicU32::from_ptr(self.block(at).add(STATUS).cast()) }
    }

    /// Reads a number of the descriptor of a block that is ours.
    fn number(&self, at: usize, offset: usize) -> u32 {
        // SAFETY: within the descriptor, aligned; the kernel leaves it alone while the block is ours.
        unsafe { self.block(at).add(offset).cast::<u32>().read() }
    }

    /// Where a block starts; counted round, so that there is none outside.
    fn block(&self, at: usize) -> *mut u8 {
        // SAFETY: below `count` blocks of `block_bytes` each, which are mapped until `self` is dropped.
        unsafe { self.memory.as_ptr().add(at % self.count() * self.block_bytes) }
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        // SAFETY: mapped by us with this size; every slice of it has been given back.
        unsafe { libc::munmap(self.memory.as_ptr().cast(), self.bytes()) };
    }
}

impl SharedBlock {
    /// The frames, from the first one's header on.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the range lies in the block and behind its descriptor. The kernel writes into no block it handed over,
        // and `taken` lets no one else have this one.
        unsafe { std::slice::from_raw_parts(self.blocks.block(self.at).add(self.first), self.size()) }
    }

    /// The same, to be written.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and `&mut self` lets no one else have a slice of it.
        unsafe { std::slice::from_raw_parts_mut(self.blocks.block(self.at).add(self.first), self.size()) }
    }

    fn size(&self) -> usize {
        self.blocks.block_bytes - self.first
    }
}

impl Drop for SharedBlock {
    fn drop(&mut self) {
        // First the status: until then no one can take the block, and after it not before the kernel hands it over again.
        self.blocks.status(self.at).store(libc::TP_STATUS_KERNEL, Ordering::Release);
        if let Some(taken) = self.blocks.taken.get(self.at) {
            taken.store(false, Ordering::Release);
        }
    }
}
