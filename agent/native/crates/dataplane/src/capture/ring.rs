//! A ring of blocks that the kernel fills with frames of one interface (TPACKET_V3), read in place.

use std::ffi::c_int;
use std::io;
use std::mem::take;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::Duration;

use super::classic;
use super::frames::Frames;
use super::interface::{self, LOOPBACK};
use super::memory;
use super::shared::{Blocks, SharedBlock};
use super::socket::{self, PacketSocket};
use crate::filter::Instruction;
use crate::source::Lent;

/// Rings that may share an interface: as many as a fanout group takes in every kernel (PACKET_FANOUT_MAX).
pub const MEMBERS_LIMIT: usize = 256;

/// Blocks of a ring at least, so that how full it is can be told well enough for the marks at which work is left out.
const BLOCKS_FLOOR: usize = 32;
/// Bytes of a block at least: a whole packet of 64 KiB and what is written before it.
const BLOCK_FLOOR: usize = 128 << 10;
const TAG_ROOM: u32 = 4; // kept free before each frame, for the VLAN tag
const FRAME_ROOM: u32 = 2048; // divides a block in the kernel's checks; frames lie close, one behind the other

/// What to listen to, and how.
#[derive(Clone, Debug)]
pub struct RingConfig {
    pub interface: String,
    /// What frames are marked with: the interface's place in the configuration.
    pub place: u16,
    /// Bytes to keep of each frame.
    pub snaplen: u32,
    pub promiscuous: bool,
    /// Bytes of frames that the kernel may keep for each member.
    pub ring_bytes: usize,
    /// Bytes of a block at most: a power of two of 64 KiB at least. No frame is kept beyond it.
    pub block_bytes: usize,
    /// How long the kernel waits before it hands over a block that is not full.
    pub block_timeout: Duration,
    /// Only what passes this is received; empty: everything.
    pub filter: Vec<Instruction>,
}

impl Default for RingConfig {
    fn default() -> Self {
        Self {
            interface: String::new(),
            place: 0,
            snaplen: 65_535,
            promiscuous: true,
            ring_bytes: 64 << 20,
            block_bytes: 1 << 20,
            block_timeout: Duration::from_millis(20),
            filter: Vec::new(),
        }
    }
}

/// Whether frames can come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Running,
    /// The interface is down; frames come again by themselves when it is up again.
    Down,
    /// The interface was removed; what was captured can still be read. When one of that name is there again, another
    /// ring must be opened.
    Gone,
}

/// One interface, open, or one member of those who share it.
#[derive(Debug)]
pub struct Ring {
    socket: Arc<PacketSocket>,
    blocks: Arc<Blocks>,
    /// The block that the kernel hands over next.
    next: usize,
    snaplen: u32,
    place: u16,
    /// The socket told of an error since all was well.
    troubled: bool,
    /// Frames that could not be found in a block.
    lost: u64,
}

/// A block of frames that is ours; dropped, it is the kernel's again.
#[derive(Debug)]
pub struct RingBlock {
    shared: SharedBlock,
    snaplen: u32,
    place: u16,
    /// Frames that could not be found.
    lost: u64,
}

impl Ring {
    /// Opens an interface. Errors: a sentence for people, with what to do.
    pub fn open(config: &RingConfig) -> Result<Self, String> {
        let index = interface::index_of(&config.interface)?;
        let ring = Self::shut(config, index)?;
        ring.let_in(&config.filter).map_err(|error| interface::refusal(&config.interface, &error))?;
        Ok(ring)
    }

    /// Opens an interface for several workers: two hosts' packets, in both directions, always meet the same ring.
    ///
    /// Errors: a sentence for people, with what to do.
    pub fn open_members(config: &RingConfig, members: usize) -> Result<Vec<Self>, String> {
        let index = interface::index_of(&config.interface)?;
        let members = members.clamp(1, MEMBERS_LIMIT);
        let rings = (0..members).map(|_| Self::shut(config, index)).collect::<Result<Vec<_>, _>>()?;
        let opened = group(&rings).and_then(|()| rings.iter().try_for_each(|ring| ring.let_in(&config.filter)));
        opened.map_err(|error| interface::refusal(&config.interface, &error))?;
        Ok(rings)
    }

    /// Opens all there is to a ring but the door: a filter that nothing passes stays until `let_in`, so that no packet
    /// gets in before the ring is bound to its interface and belongs to its group.
    fn shut(config: &RingConfig, index: c_int) -> Result<Self, String> {
        let refused = |error: io::Error| interface::refusal(&config.interface, &error);
        let socket = PacketSocket::new().map_err(refused)?;
        socket.filter_by(&classic::NOTHING).map_err(refused)?;
        let blocks = Self::room(&socket, config)?;
        if config.promiscuous {
            socket.see_all(index).map_err(refused)?;
        }
        socket.bind(index).map_err(refused)?;
        if let Some(error) = socket.take_error() {
            return Err(refused(error)); // an interface that is down is told so
        }
        if socket.bound_to().is_some_and(|(_, hardware)| hardware == LOOPBACK) {
            // Every packet is seen twice there. A kernel that cannot leave one out (before 4.20) has `Frames` do it.
            socket.set(libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING, [1]).ok();
        }
        Ok(Self {
            socket: Arc::new(socket),
            blocks: Arc::new(blocks),
            next: 0,
            snaplen: config.snaplen,
            place: config.place,
            troubled: false,
            lost: 0,
        })
    }

    /// Asks the kernel for the memory of a ring; for half of it as long as there is not enough.
    fn room(socket: &PacketSocket, config: &RingConfig) -> Result<Blocks, String> {
        let refused = |error: io::Error| interface::refusal(&config.interface, &error);
        let option = |option: c_int, value: u32| socket.set(libc::SOL_PACKET, option, [value]);
        option(libc::PACKET_VERSION, libc::tpacket_versions::TPACKET_V3 as u32).map_err(refused)?;
        option(libc::PACKET_RESERVE, TAG_ROOM).map_err(refused)?;
        let asked = memory::affordable(config.ring_bytes);
        memory::halved(asked, |bytes| set_up(socket, config, bytes)).map_err(|error| {
            if error.raw_os_error() == Some(libc::ENOMEM) {
                memory::refusal(&config.interface, config.ring_bytes)
            } else {
                refused(error)
            }
        })
    }

    /// Opens the door: from now on packets come that pass the filter.
    fn let_in(&self, filter: &[Instruction]) -> io::Result<()> {
        self.socket.filter_by(&classic::cut_to(filter, self.snaplen))
    }

    /// Waits until there is a block to read, the interface fails, or the time is over.
    pub fn wait(&mut self, timeout: Duration) {
        Self::wait_any(std::slice::from_mut(self), timeout);
    }

    /// Waits until one of the rings has a block to read, an interface fails, or the time is over.
    pub fn wait_any(rings: &mut [Self], timeout: Duration) {
        let ready = |ring: &Self| libc::pollfd { fd: ring.socket.fd(), events: libc::POLLIN, revents: 0 };
        let mut sockets: Vec<_> = rings.iter().map(ready).collect();
        socket::poll(&mut sockets, timeout);
        for (ring, socket) in rings.iter_mut().zip(sockets) {
            if socket.revents & (libc::POLLERR | libc::POLLHUP | libc::POLLNVAL) != 0 {
                ring.socket.take_error(); // else every wait ends at once
                ring.troubled = true;
            }
        }
    }

    /// Takes the next block, if the kernel has handed one over.
    pub fn next_block(&mut self) -> Option<RingBlock> {
        let shared = self.blocks.take(self.next)?;
        self.next = self.next.wrapping_add(1);
        Some(RingBlock { shared, snaplen: self.snaplen, place: self.place, lost: 0 })
    }

    /// How full the ring is, from 0 to 1: the part of its blocks that waits to be read.
    #[must_use]
    pub fn fill_ratio(&self) -> f64 {
        let count = self.blocks.count();
        // The kernel fills in order and we give back in order: those that wait lie together, from the next one on.
        let (mut waiting, mut beyond) = (0, count);
        while waiting < beyond {
            let middle = (waiting + beyond) / 2;
            if self.blocks.is_ours(self.next.wrapping_add(middle)) { waiting = middle + 1 } else { beyond = middle }
        }
        waiting as f64 / count as f64
    }

    /// What to tell when memory was short and the ring became smaller than configured.
    #[must_use]
    pub fn shortfall(&self, config: &RingConfig) -> Option<String> {
        memory::shortfall(&config.interface, config.ring_bytes, self.blocks.bytes())
    }

    /// Notes frames of a block that could not be found.
    pub const fn note_lost(&mut self, packets: u64) {
        self.lost += packets;
    }

    /// How many frames were lost since this was asked last: the kernel had no room, or a block could not be read.
    pub fn kernel_drops(&mut self) -> u64 {
        let [_, dropped, _] = self.socket.get::<3>(libc::SOL_PACKET, libc::PACKET_STATISTICS).unwrap_or_default();
        u64::from(dropped) + take(&mut self.lost)
    }

    /// Whether frames can come. Costs nothing while no wait has told of an error.
    pub fn state(&mut self) -> State {
        if !self.troubled {
            return State::Running;
        }
        let name = self.socket.bound_to().and_then(|(index, _)| interface::name_of(index));
        match name.map(|name| self.socket.is_up(&name)) {
            Some(Ok(true)) => {
                self.troubled = false;
                State::Running
            }
            Some(Ok(false)) => State::Down,
            _ => State::Gone,
        }
    }

    /// The socket behind the ring, for what filters it.
    pub(super) const fn socket(&self) -> &Arc<PacketSocket> {
        &self.socket
    }

    /// What to wait on, beside other things.
    #[must_use]
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.borrow()
    }
}

impl RingBlock {
    /// The frames of the block, in the order they came; a second time there are none.
    pub fn frames(&mut self) -> Frames<'_> {
        let packets = take(&mut self.shared.packets);
        Frames::new(self.shared.bytes_mut(), packets, self.place, self.snaplen, &mut self.lost)
    }

    /// Frames that could not be found when they were walked.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }
}

impl Lent for RingBlock {
    fn data(&self) -> &[u8] {
        self.shared.bytes()
    }
}

fn set_up(socket: &PacketSocket, config: &RingConfig, bytes: usize) -> io::Result<Blocks> {
    let block_bytes = config.block_bytes.min((bytes / BLOCKS_FLOOR).next_power_of_two().max(BLOCK_FLOOR));
    let blocks = (bytes / block_bytes.max(1)).max(1);
    let count = u32::try_from(blocks).map_err(|_| io::ErrorKind::InvalidInput)?;
    let size = u32::try_from(block_bytes).map_err(|_| io::ErrorKind::InvalidInput)?;
    let frames = (size / FRAME_ROOM).checked_mul(count).ok_or(io::ErrorKind::InvalidInput)?;
    let timeout = u32::try_from(config.block_timeout.as_millis()).unwrap_or(u32::MAX);
    let request = [size, count, FRAME_ROOM, frames, timeout, 0, 0]; // tpacket_req3
    socket.set(libc::SOL_PACKET, libc::PACKET_RX_RING, request)?;
    Blocks::map(socket, block_bytes, blocks)
}

/// Makes a group of rings that share their interface, under an id that the kernel chooses.
fn group(rings: &[Ring]) -> io::Result<()> {
    let [first, others @ ..] = rings else { return Ok(()) };
    if others.is_empty() {
        return Ok(());
    }
    let join =
        |ring: &Ring, kind: u32, id: u32| ring.socket.set(libc::SOL_PACKET, libc::PACKET_FANOUT, [kind << 16 | id]);
    join(first, libc::PACKET_FANOUT_CBPF | libc::PACKET_FANOUT_FLAG_UNIQUEID, 0)?;
    let [joined] = first.socket.get(libc::SOL_PACKET, libc::PACKET_FANOUT)?;
    first.socket.set_program(libc::SOL_PACKET, libc::PACKET_FANOUT_DATA, &classic::by_hosts())?;
    others.iter().try_for_each(|ring| join(ring, libc::PACKET_FANOUT_CBPF, joined & 0xFFFF))
}
