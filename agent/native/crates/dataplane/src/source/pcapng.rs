//! Reads the blocks of a pcapng file (draft-ietf-opsawg-pcapng), whatever stands between the packets.

use super::Record;
use super::capture::{FRAME_LIMIT, MAX_CAPTURED, Next, Order};
use crate::model::SECOND_NS;

/// What a file begins with: the type of a section header, the same in both orders.
pub const MAGIC: [u8; 4] = SECTION.to_le_bytes();
/// Most bytes of one block's body; a block that claims 4 GiB is a fault, not a reservation.
const BODY_LIMIT: usize = 1 << 24;
/// Most interfaces of one section that are kept; a packet of a further one is a fault.
const INTERFACE_LIMIT: usize = 1 << 16;

const SECTION: u32 = 0x0A0D_0D0A;
const INTERFACE: u32 = 1;
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
const SECRETS: u32 = 10;
/// Apple's: a process.
const PROCESS: u32 = 0x8000_0001;

/// Type, length, and length again.
const FRAMING: usize = 12;
const SECTION_HEADER: usize = 28;
/// Where a block's body begins.
const BODY: usize = 8;
const MAJOR: u16 = 1;

mod option {
    pub const END: u16 = 0;
    pub const FLAGS: u16 = 2;
    pub const TSRESOL: u16 = 9;
    pub const TSOFFSET: u16 = 14;
    /// Apple's: the process of a packet, by its place among the process blocks.
    pub const PROCESS: u16 = 0x8001;
    pub const EFFECTIVE_PROCESS: u16 = 0x8003;
}

/// What the blocks so far said of those to come.
#[derive(Default)]
pub struct PcapNg {
    order: Order,
    /// Of this section: each counts its own from 0.
    interfaces: Vec<Interface>,
    /// Time of the last packet that had one: simple packets have none.
    newest: i64,
}

#[derive(Clone, Copy)]
struct Interface {
    linktype: u16,
    snaplen: u32,
    clock: Clock,
}

/// A block that says what cannot be.
struct Contradiction;

impl PcapNg {
    /// Reads the block that begins at a place of the window.
    pub fn next(&mut self, window: &[u8], at: usize) -> Next {
        self.read(window, at).unwrap_or_else(|stop| stop)
    }

    fn read(&mut self, window: &[u8], at: usize) -> Result<Next, Next> {
        let kind = self.order.u32(part(window, at)?);
        if kind == SECTION {
            return self.section(window, at);
        }
        let length = self.order.u32(part(window, at + 4)?) as usize;
        if length < FRAMING {
            return Err(Next::Contradiction { at: at + BODY });
        }
        let body = whole(window, at + BODY, length - FRAMING)?;
        let end = tail(self.order, window, at, length)?;
        match self.packet(kind, body) {
            Ok(None) => Ok(Next::Passed { end }),
            Ok(Some((mut record, inside))) => {
                record.offset = (at + BODY + inside) as u64;
                Ok(Next::Frame { record, end })
            }
            Err(Contradiction) => Err(Next::Contradiction { at: end }),
        }
    }

    /// A section header: says the byte order, which its own length is written in too.
    fn section(&mut self, window: &[u8], at: usize) -> Result<Next, Next> {
        let (length, magic) = (part(window, at + 4)?, part(window, at + 8)?);
        let stop = Next::Contradiction { at: at + 12 };
        let order = Order::told_by(magic).ok_or(stop)?;
        let length = order.u32(length) as usize;
        if length < SECTION_HEADER {
            return Err(stop);
        }
        if order.u16(part(window, at + 12)?) != MAJOR {
            return Err(Next::Contradiction { at: at + 14 });
        }
        part::<10>(window, at + 14)?; // minor version and section length
        whole(window, at + 24, length - SECTION_HEADER)?;
        let end = tail(order, window, at, length)?;
        self.order = order;
        self.interfaces.clear();
        Ok(Next::Passed { end })
    }

    /// What a block's body says: a packet and where in the body its bytes begin, or nothing that is one.
    fn packet(&mut self, kind: u32, body: &[u8]) -> Result<Option<(Record, usize)>, Contradiction> {
        match kind {
            ENHANCED_PACKET => self.enhanced(body).map(Some),
            SIMPLE_PACKET => self.simple(body).map(Some),
            OLD_PACKET => self.old(body).map(Some),
            INTERFACE => self.interface(body).map(|()| None),
            SECRETS => self.secrets(body).map(|()| None),
            PROCESS => body.first_chunk::<4>().map(|_| None).ok_or(Contradiction),
            _ => Ok(None),
        }
    }

    fn interface(&mut self, body: &[u8]) -> Result<(), Contradiction> {
        let (fixed, options) = body.split_first_chunk::<8>().ok_or(Contradiction)?;
        let [l0, l1, _, _, s0, s1, s2, s3] = *fixed;
        let snaplen = match self.order.u32([s0, s1, s2, s3]) {
            0 => MAX_CAPTURED, // no limit
            snaplen => snaplen,
        };
        let clock = Clock::new(self.order, options);
        if self.interfaces.len() < INTERFACE_LIMIT {
            self.interfaces.push(Interface { linktype: self.order.u16([l0, l1]), snaplen, clock });
        }
        Ok(())
    }

    fn enhanced(&mut self, body: &[u8]) -> Result<(Record, usize), Contradiction> {
        let (id, rest) = body.split_first_chunk().ok_or(Contradiction)?;
        let (fixed, rest) = rest.split_first_chunk().ok_or(Contradiction)?;
        let [high, low, captured, wire_len] = self.order.four(fixed);
        let options = rest.get(padded(captured as usize)..).unwrap_or_default();
        self.check_options(options)?;
        let id = self.order.u32(*id) as usize;
        Ok((self.timed(id, high, low, captured.min(rest.len() as u32), wire_len)?, 20))
    }

    /// Options of a packet that have a size must have it.
    fn check_options(&self, options: &[u8]) -> Result<(), Contradiction> {
        if options.is_empty() {
            return Ok(());
        }
        let fits = |code, may_be_empty| {
            let value = last_option(self.order, options, code);
            value.is_none_or(|value| value.len() == 4 || may_be_empty && value.is_empty())
        };
        let fit = fits(option::FLAGS, true) && fits(option::PROCESS, false) && fits(option::EFFECTIVE_PROCESS, false);
        if fit { Ok(()) } else { Err(Contradiction) }
    }

    /// The obsolete packet block, which counts drops beside a shorter interface id.
    fn old(&mut self, body: &[u8]) -> Result<(Record, usize), Contradiction> {
        let (&[i0, i1, _, _], rest) = body.split_first_chunk::<4>().ok_or(Contradiction)?;
        let (fixed, rest) = rest.split_first_chunk().ok_or(Contradiction)?;
        let [high, low, captured, wire_len] = self.order.four(fixed);
        let id = usize::from(self.order.u16([i0, i1]));
        Ok((self.timed(id, high, low, captured.min(rest.len() as u32), wire_len)?, 20))
    }

    /// A packet of the first interface, without a time: that of the packet before serves.
    fn simple(&mut self, body: &[u8]) -> Result<(Record, usize), Contradiction> {
        let interface = *self.interfaces.first().ok_or(Contradiction)?;
        let (wire_len, rest) = body.split_first_chunk().ok_or(Contradiction)?;
        let wire_len = self.order.u32(*wire_len);
        let captured = wire_len.min(interface.snaplen).min(rest.len() as u32);
        Ok((self.record(interface.linktype, captured, wire_len), 4))
    }

    fn timed(&mut self, id: usize, high: u32, low: u32, captured: u32, wire: u32) -> Result<Record, Contradiction> {
        let interface = self.interfaces.get(id).ok_or(Contradiction)?;
        let linktype = interface.linktype;
        self.newest = interface.clock.ns(u64::from(high) << 32 | u64::from(low));
        Ok(self.record(linktype, captured, wire))
    }

    fn record(&self, linktype: u16, captured: u32, wire_len: u32) -> Record {
        let captured = captured.min(FRAME_LIMIT);
        let wire_len = wire_len.max(captured);
        Record { ts_ns: self.newest, offset: 0, captured, wire_len, linktype: u32::from(linktype), interface: 0 }
    }

    fn secrets(&self, body: &[u8]) -> Result<(), Contradiction> {
        let (&[_, _, _, _, l0, l1, l2, l3], rest) = body.split_first_chunk::<8>().ok_or(Contradiction)?;
        let length = self.order.u32([l0, l1, l2, l3]) as usize;
        if padded(length) <= rest.len() { Ok(()) } else { Err(Contradiction) }
    }
}

/// How an interface counts time: options if_tsresol and if_tsoffset.
#[derive(Clone, Copy)]
struct Clock {
    per_second: u128,
    /// Nanoseconds in a tick, where that is a whole number.
    tick_ns: Option<u64>,
    offset_ns: i128,
}

impl Clock {
    fn new(order: Order, options: &[u8]) -> Self {
        let per_second = match last_option(order, options, option::TSRESOL) {
            Some(&[exponent]) => resolution(exponent),
            _ => 1_000_000,
        };
        let offset = last_option(order, options, option::TSOFFSET).and_then(|value| <[u8; 8]>::try_from(value).ok());
        let second = SECOND_NS as u128;
        Self {
            per_second,
            tick_ns: second.is_multiple_of(per_second).then(|| (second / per_second) as u64),
            offset_ns: offset.map_or(0, |seconds| i128::from(order.i64(seconds)) * i128::from(SECOND_NS)),
        }
    }

    /// Nanoseconds since 1970; what no clock can show is bounded.
    fn ns(&self, ticks: u64) -> i64 {
        let since = match self.tick_ns {
            Some(tick_ns) => u128::from(ticks) * u128::from(tick_ns),
            None => u128::from(ticks) * SECOND_NS as u128 / self.per_second,
        };
        (since as i128 + self.offset_ns).clamp(0, i128::from(i64::MAX)) as i64
    }
}

/// Ticks in a second: a power of ten, or of two with the highest bit set. More than fit are as good as endless.
fn resolution(exponent: u8) -> u128 {
    let base: u128 = if exponent & 0x80 == 0 { 10 } else { 2 };
    base.saturating_pow(u32::from(exponent & 0x7F))
}

/// The value of an option; of the last, where it is given more than once. One that is cut off is none.
fn last_option(order: Order, options: &[u8], wanted: u16) -> Option<&[u8]> {
    let mut last = None;
    let mut rest = options;
    while let Some((&[c0, c1, l0, l1], values)) = rest.split_first_chunk::<4>() {
        let (code, length) = (order.u16([c0, c1]), usize::from(order.u16([l0, l1])));
        if code == option::END {
            break;
        }
        if code == wanted {
            last = values.get(..length).or(last);
        }
        rest = values.get(padded(length)..).unwrap_or_default();
    }
    last
}

const fn padded(length: usize) -> usize {
    length.next_multiple_of(4)
}

/// The end of a block: padding where its length is no multiple of four, and its length again.
fn tail(order: Order, window: &[u8], at: usize, length: usize) -> Result<usize, Next> {
    let padding = at + length - 4;
    let again = padding + padded(length) - length;
    whole(window, padding, again - padding)?;
    let same = order.u32(part(window, again)?) as usize == length;
    if same { Ok(again + 4) } else { Err(Next::Contradiction { at: again + 4 }) }
}

/// So many bytes of a record, which must be there before anything behind them is looked at.
fn part<const SIZE: usize>(window: &[u8], from: usize) -> Result<[u8; SIZE], Next> {
    let bytes = window.get(from..).and_then(<[u8]>::first_chunk);
    bytes.copied().ok_or(Next::Short { from, wanted: SIZE })
}

fn whole(window: &[u8], from: usize, size: usize) -> Result<&[u8], Next> {
    if size > BODY_LIMIT {
        return Err(Next::Claims(size as u64));
    }
    window.get(from..from + size).ok_or(Next::Short { from, wanted: size })
}
