//! Listens to the first bytes of a conversation until it is known which protocol is spoken.

use super::content::{SAMPLE, file_type, is_text};
use super::datagramprobes::{DATAGRAM_PROBES, PREVIOUS};
use super::probe::Probe;
use super::probes::ProbeSet;
use crate::model::Inspection;
use crate::names::{List, Names};

/// Bytes of one direction that probes may ask for.
pub const STREAM_LIMIT: usize = 4096;
/// Datagrams that are tried: the first may be junk.
pub const DATAGRAM_LIMIT: u8 = 8;

/// Asks about the first bytes of all of a stream, so that those that tell what they are need not be kept.
#[must_use]
pub fn ask_first(data: &[u8]) -> Option<&'static Probe> {
    let head = data.get(..STREAM_LIMIT).unwrap_or(data);
    let open = ProbeSet::beginning(*head.first()?);
    open.probes().find(|(_, probe)| (probe.test)(head, &[]) == Some(true)).map(|(_, probe)| probe)
}

/// One direction.
struct Way {
    bytes: Vec<u8>,
    /// The probes that have not said no yet.
    open: ProbeSet,
}

impl Default for Way {
    fn default() -> Self {
        Self { bytes: Vec::new(), open: ProbeSet::ALL }
    }
}

impl Way {
    fn head(&self) -> &[u8] {
        self.bytes.get(..STREAM_LIMIT).unwrap_or(&self.bytes)
    }

    /// Asks those who have not said no; remembers who does.
    fn ask(&mut self, other: &[u8]) -> Option<&'static Probe> {
        let head = self.bytes.get(..STREAM_LIMIT).unwrap_or(&self.bytes);
        let mut undecided = self.open.and(ProbeSet::beginning(*head.first()?));
        for (alone, probe) in undecided.probes() {
            match (probe.test)(head, other) {
                Some(true) => return Some(probe),
                Some(false) => undecided = undecided.without(alone),
                None => {}
            }
        }
        self.open = if head.len() < STREAM_LIMIT { undecided } else { ProbeSet::NONE };
        None
    }

    const fn lost(&self) -> bool {
        self.bytes.len() >= STREAM_LIMIT && self.open.is_empty()
    }
}

/// Keeps the first bytes of both directions and asks the probes that have not said no yet.
#[derive(Default)]
pub struct StreamListener {
    inward: Way,
    outward: Way,
    /// What was fed, in order: the direction and how many bytes.
    runs: Vec<(bool, usize)>,
}

impl StreamListener {
    /// Takes bytes; returns the probe that knows the protocol, once one does.
    pub fn hear(&mut self, outward: bool, data: &[u8]) -> Option<&'static Probe> {
        match self.runs.last_mut() {
            Some((way, size)) if *way == outward => *size += data.len(),
            _ => self.runs.push((outward, data.len())),
        }
        let (mine, other) =
            if outward { (&mut self.outward, &mut self.inward) } else { (&mut self.inward, &mut self.outward) };
        mine.bytes.extend_from_slice(data);
        mine.ask(other.head()).or_else(|| other.ask(mine.head()))
    }

    /// What was fed, in order, for the talk to come.
    pub fn heard(&self) -> impl Iterator<Item = (bool, &[u8])> {
        let (mut inward, mut outward) = (self.inward.bytes.as_slice(), self.outward.bytes.as_slice());
        self.runs.iter().map(move |(way, size)| {
            let left = if *way { &mut outward } else { &mut inward };
            let (piece, rest) = left.split_at_checked(*size).unwrap_or((*left, &[]));
            *left = rest;
            (*way, piece)
        })
    }

    /// Tells whether no probe can say yes any more, or enough was heard.
    #[must_use]
    pub const fn gave_up(&self) -> bool {
        self.inward.lost() || self.outward.lost() || self.inward.open.is_empty() && self.outward.open.is_empty()
    }

    /// Says `cleartext` where a stream of no known protocol can be read; notes the type of a file that goes out.
    pub fn judge(&self, names: &mut Names) -> Option<Inspection> {
        let outgoing = file_type(self.outward.head());
        if let Some(kind) = outgoing {
            names.add(List::FileTypes, kind.as_bytes());
        }
        let readable = |way: &Way| way.bytes.is_empty() || is_text(way.bytes.get(..SAMPLE).unwrap_or(&way.bytes));
        let file = outgoing.is_some() || file_type(self.inward.head()).is_some();
        (file || readable(&self.inward) && readable(&self.outward)).then_some(Inspection::Cleartext)
    }

    /// Begins again in one direction: bytes are missing there.
    pub fn lose(&mut self, outward: bool) {
        let way = if outward { &mut self.outward } else { &mut self.inward };
        if !way.bytes.is_empty() {
            *way = Way::default();
            self.runs.retain(|(way, _)| *way != outward);
        }
    }
}

/// Asks the probes about each of the first datagrams.
///
/// Once a protocol is known of which nothing but the name is to be learnt, those that tell more are asked on: a first
/// datagram of another protocol must not hide the questions behind it.
pub struct DatagramListener {
    /// Of each direction the beginning of the datagram before.
    previous: [([u8; PREVIOUS], u8); 2],
    tried: u8,
    /// All that came is text.
    text: bool,
    /// A protocol was known.
    named: bool,
}

impl Default for DatagramListener {
    fn default() -> Self {
        Self { previous: Default::default(), tried: 0, text: true, named: false }
    }
}

impl DatagramListener {
    /// Takes a datagram; returns the probe that knows the protocol, once one does.
    pub fn hear(&mut self, outward: bool, data: &[u8]) -> Option<&'static Probe> {
        self.tried = self.tried.saturating_add(1);
        let (mut before, mut size) = ([0; PREVIOUS], 0);
        for (place, byte) in before.iter_mut().zip(data) {
            *place = *byte;
            size += 1;
        }
        let previous = self.previous.get_mut(usize::from(outward))?;
        let (previous, known) = std::mem::replace(previous, (before, size));
        let previous = previous.get(..known.into()).unwrap_or_default();
        let asked = DATAGRAM_PROBES.iter().filter(|probe| !self.named || probe.make.is_some());
        let found = asked.into_iter().find(|probe| (probe.test)(data, previous) == Some(true));
        self.named |= found.is_some();
        self.text = self.text && found.is_none() && is_text(data);
        found
    }

    /// Tells whether enough was tried.
    #[must_use]
    pub const fn gave_up(&self) -> bool {
        self.tried >= DATAGRAM_LIMIT
    }

    /// Says `cleartext` where datagrams of no known protocol can be read.
    #[must_use]
    pub fn judge(&self) -> Option<Inspection> {
        (self.text && !self.named).then_some(Inspection::Cleartext)
    }
}
