//! Brings the payload of flows to those who read names from it: TCP in order, datagrams as they come.

use std::sync::Arc;

use crate::apps::Conversation;
use crate::apps::talk::Scene;
use crate::model::Inspection;
use crate::reassembly::Direction;
use crate::search::{Clear, Detectors, Found, Limits, Reading};

/// Datagrams of a flow that are looked at.
pub const DATAGRAM_LIMIT: u16 = 256;

/// Payload of one packet of a flow.
pub struct Heard<'a> {
    /// From home abroad.
    pub outward: bool,
    /// Sequence number of the segment.
    pub seq: u32,
    pub syn: bool,
    /// The initial sequence number of this direction, where its SYN was seen.
    pub isn: Option<u32>,
    /// Captured payload.
    pub payload: &'a [u8],
    /// Payload on the wire.
    pub payload_bytes: u32,
}

/// The content of one flow that is listened to.
pub struct Content {
    hearing: Hearing,
    order: Order,
}

const _: () = assert!(size_of::<Content>() <= 128);

/// Who hears what is said: the reader of names, and who reads for detectors.
struct Hearing {
    conversation: Conversation,
    reading: Option<Box<Reading>>,
}

/// How the packets of a transport make a conversation.
enum Order {
    /// Each for itself; so many more are looked at.
    Datagrams { left: u16 },
    /// In the order of bytes; a direction begins with its first segment.
    Streams { inward: Option<Direction>, outward: Option<Direction> },
}

impl Content {
    /// Begins to listen to a TCP or UDP flow.
    #[must_use]
    pub fn new(tcp: bool) -> Self {
        let order = if tcp {
            Order::Streams { inward: None, outward: None }
        } else {
            Order::Datagrams { left: DATAGRAM_LIMIT }
        };
        Self { hearing: Hearing { conversation: Conversation::new(tcp), reading: None }, order }
    }

    /// Shows what goes out in the clear to detectors too.
    #[must_use]
    pub fn shown_to(mut self, detectors: &Arc<Detectors>) -> Self {
        self.hearing.reading = Some(Box::new(Reading::new(detectors)));
        self
    }

    /// Shows what begins in it from now on to other detectors, if any see it.
    pub fn search_for(&mut self, detectors: &Arc<Detectors>) {
        if let Some(reading) = &mut self.hearing.reading {
            reading.search_for(detectors);
        }
    }

    /// Shows detectors no more of it: they close what they have seen. Tells whether they would have seen more.
    pub fn hide(&mut self) -> bool {
        self.hearing.hide()
    }

    /// Takes out what detectors found since this was asked last; None: none looks. `last`: nothing follows.
    pub fn take_found(&mut self, last: bool) -> Option<Found> {
        Some(self.hearing.reading.as_mut()?.take_found(last))
    }

    /// Takes out at which limits reading for detectors ended since this was asked last.
    pub fn take_limited(&mut self) -> Limits {
        self.hearing.reading.as_mut().map_or_else(Limits::default, |reading| reading.take_limited())
    }

    /// Hands on a packet's payload; false when nothing more is wanted and the content can be let go.
    pub fn hear(&mut self, scene: &mut Scene<'_>, heard: &Heard<'_>) -> bool {
        let Self { hearing, order } = self;
        match order {
            Order::Datagrams { left: 0 } => false,
            Order::Datagrams { left } => {
                *left -= 1;
                hearing.take(scene, heard.outward, heard.payload) && *left > 0
            }
            Order::Streams { inward, outward } => {
                let (this, other) = if heard.outward { (outward, inward) } else { (inward, outward) };
                let start = heard.isn.map_or(heard.seq, |isn| isn.wrapping_add(1));
                let direction = this.get_or_insert_with(|| Direction::new(start));
                hear_segment(hearing, scene, direction, heard)
                    && !(direction.given_up() && other.as_ref().is_some_and(Direction::given_up))
            }
        }
    }

    /// Tells whether nobody listens any more.
    #[must_use]
    pub const fn is_silent(&self) -> bool {
        self.hearing.conversation.is_over()
    }

    /// Bytes held until those before them come.
    #[must_use]
    pub fn held(&self) -> usize {
        match &self.order {
            Order::Datagrams { .. } => 0,
            Order::Streams { inward, outward } => [inward, outward].into_iter().flatten().map(Direction::held).sum(),
        }
    }
}

/// Puts a segment in order and hands on what is next; false when nothing more is wanted of the conversation.
fn hear_segment(hearing: &mut Hearing, scene: &mut Scene<'_>, direction: &mut Direction, heard: &Heard<'_>) -> bool {
    if direction.given_up() {
        return true;
    }
    let start = heard.seq.wrapping_add(u32::from(heard.syn)); // data in a SYN: RFC 7413
    let data = direction.push(start, heard.payload);
    let wanted = data.is_empty() || hearing.take(scene, heard.outward, &data);
    if heard.payload.len() < heard.payload_bytes as usize {
        direction.give_up(); // cut by the capture: the rest will never come
    }
    if direction.given_up() && wanted {
        hearing.gap(scene, heard.outward);
    }
    wanted
}

impl Hearing {
    /// The one place that all bytes pass that are read: of streams in order, both directions. False when no one wants
    /// more.
    fn take(&mut self, scene: &mut Scene<'_>, outward: bool, data: &[u8]) -> bool {
        let Some(reading) = self.reading.as_mut().filter(|reading| !reading.is_over()) else {
            return self.conversation.feed(scene, outward, data);
        };
        reading.begin_piece();
        let listening = self.conversation.feed(&mut scene.read_by(reading), outward, data);
        if outward {
            let clear = match scene.names.inspected(true) {
                Some(Inspection::Cleartext) => Clear::Yes,
                Some(Inspection::Opaque) if listening => Clear::NotYetKnown,
                _ => Clear::No,
            };
            reading.show(data, clear, self.conversation.may_be_file(scene.names));
        }
        listening || !reading.is_over()
    }

    fn gap(&mut self, scene: &mut Scene<'_>, outward: bool) {
        self.conversation.gap(scene, outward);
        if outward {
            self.hide();
        }
    }

    fn hide(&mut self) -> bool {
        self.reading.as_mut().is_some_and(|reading| reading.hide())
    }
}
