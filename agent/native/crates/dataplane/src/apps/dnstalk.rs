//! Follows DNS over UDP and over TCP: what is asked, how it is answered, and which addresses the names have.

use std::sync::Arc;

use super::dns::{Message, Name, looks_like_dns, rcode_name};
use super::talk::{Scene, Step, Talk};
use crate::names::{List, Text};

/// Writes what one message says into the scene; tells whether it said anything.
pub fn note(scene: &mut Scene<'_>, message: &[u8]) -> bool {
    let Some(mut said) = Message::read(message) else { return false };
    let mut asked = Name::default();
    let mut more = Name::default();
    if said.question(&mut asked).is_some() {
        scene.names.add(List::DnsQuery, asked.as_bytes());
        while said.question(&mut more).is_some() {
            scene.names.add(List::DnsQuery, more.as_bytes());
        }
    }
    if said.response {
        scene.names.latest(Text::DnsRcode, rcode_name(said.rcode).as_bytes());
        learn(scene, &mut said, &asked.lower());
    }
    true
}

/// Remembers the addresses of the name asked; the root has none.
fn learn(scene: &mut Scene<'_>, said: &mut Message<'_>, asked: &str) {
    if asked.is_empty() {
        return;
    }
    let mut name: Option<Arc<str>> = None;
    said.addresses(asked, |address| {
        let name = name.get_or_insert_with(|| asked.into());
        scene.dns.learn(address, Arc::clone(name));
    });
}

/// DNS over UDP: a datagram is a message.
#[derive(Default)]
pub struct DnsDatagrams {}

impl Talk for DnsDatagrams {
    fn feed(&mut self, scene: &mut Scene<'_>, _outward: bool, data: &[u8]) -> Step {
        note(scene, data);
        Step::More // there is always another question to come
    }

    fn gap(&mut self, _scene: &mut Scene<'_>, _outward: bool) {}
}

/// DNS over TCP: each message is preceded by its length in two bytes (RFC 1035 4.2.2, RFC 7766 8).
#[derive(Default)]
pub struct DnsStream {
    inward: Pending,
    outward: Pending,
}

/// One direction: the message that is not whole yet, at most 65,535 bytes and their length.
#[derive(Default)]
struct Pending {
    begun: Vec<u8>,
    lost: bool,
}

impl Talk for DnsStream {
    fn feed(&mut self, scene: &mut Scene<'_>, outward: bool, data: &[u8]) -> Step {
        let pending = if outward { &mut self.outward } else { &mut self.inward };
        if pending.lost && stream_looks_like_dns(data) != Some(true) {
            return Step::More;
        }
        pending.lost = false;
        pending.take(scene, data);
        Step::More
    }

    /// Waits for a piece that begins like a message.
    fn gap(&mut self, _scene: &mut Scene<'_>, outward: bool) {
        let pending = if outward { &mut self.outward } else { &mut self.inward };
        *pending = Pending { begun: Vec::new(), lost: true };
    }
}

impl Pending {
    fn take(&mut self, scene: &mut Scene<'_>, data: &[u8]) {
        let mut data = data;
        while !self.begun.is_empty() && !data.is_empty() {
            let (piece, rest) = data.split_at(data.len().min(self.missing()));
            self.begun.extend_from_slice(piece);
            data = rest;
            if let Some((message, _)) = first_message(&self.begun) {
                note(scene, message);
                self.begun = Vec::new();
            }
        }
        while let Some((message, rest)) = first_message(data) {
            note(scene, message);
            data = rest;
        }
        self.begun.extend_from_slice(data);
    }

    /// How many bytes the message begun wants next: the second byte of its length, or all the rest.
    fn missing(&self) -> usize {
        let size = self.begun.first_chunk().map_or(0, |size| usize::from(u16::from_be_bytes(*size)));
        (2 + size).saturating_sub(self.begun.len())
    }
}

/// Splits the first message from what follows; None when it is not whole.
fn first_message(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (size, rest) = data.split_first_chunk()?;
    rest.split_at_checked(u16::from_be_bytes(*size).into())
}

/// Tells whether a stream's bytes begin DNS over TCP; None when more are needed.
#[must_use]
pub fn stream_looks_like_dns(head: &[u8]) -> Option<bool> {
    let (size, message) = head.split_first_chunk()?;
    looks_like_dns(message, u16::from_be_bytes(*size).into())
}
