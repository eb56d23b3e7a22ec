//! Speaks to a Conversation in tests: plays of two sides, cut into pieces, and what is known afterwards.

#![allow(dead_code)] // each test takes what it needs

use dataplane::apps::Conversation;
use dataplane::apps::talk::Scene;
use dataplane::model::Inspection;
use dataplane::names::dns::DnsLog;
use dataplane::names::transfers::Transfers;
use dataplane::names::{List, Names, Source, Text};

/// Longer than any line: it is said in one piece.
pub const WHOLE: usize = usize::MAX;

/// What one side says: true is the client, who opened the connection.
pub type Line = (bool, Vec<u8>);

pub fn client(data: &(impl AsRef<[u8]> + ?Sized)) -> Line {
    (true, data.as_ref().to_vec())
}

pub fn server(data: &(impl AsRef<[u8]> + ?Sized)) -> Line {
    (false, data.as_ref().to_vec())
}

/// A conversation and what it writes into.
pub struct Ear {
    pub names: Names,
    dns: DnsLog,
    transfers: Transfers,
    conversation: Conversation,
}

impl Ear {
    pub fn new(stream: bool) -> Self {
        Self {
            names: Names::default(),
            dns: DnsLog::default(),
            transfers: Transfers::default(),
            conversation: Conversation::new(stream),
        }
    }

    pub fn feed(&mut self, outward: bool, data: &[u8]) -> bool {
        let Self { names, dns, transfers, conversation } = self;
        conversation.feed(&mut Scene { names, dns, transfers, flow: None, ends: None, reading: None }, outward, data)
    }

    pub fn gap(&mut self, outward: bool) {
        let Self { names, dns, transfers, conversation } = self;
        conversation.gap(&mut Scene { names, dns, transfers, flow: None, ends: None, reading: None }, outward);
    }
}

/// What a stream's conversation learns from the lines, each cut into pieces of so many bytes; the client is at home.
pub fn hear(lines: &[Line], piece: usize) -> Names {
    let mut ear = Ear::new(true);
    for (outward, data) in lines {
        for part in data.chunks(piece) {
            ear.feed(*outward, part);
        }
    }
    ear.names
}

/// The same with the server at home.
pub fn hear_from_abroad(lines: &[Line], piece: usize) -> Names {
    let turned: Vec<Line> = lines.iter().map(|(client, data)| (!client, data.clone())).collect();
    hear(&turned, piece)
}

pub fn hear_datagrams(lines: &[Line]) -> Names {
    let mut ear = Ear::new(false);
    for (outward, data) in lines {
        ear.feed(*outward, data);
    }
    ear.names
}

/// All that is known, to be compared.
pub fn told(names: &Names) -> impl PartialEq + std::fmt::Debug + use<> {
    (format!("{names:?}"), names.inspected(true))
}

pub fn host(names: &Names) -> Option<&str> {
    names.text(Text::HttpHost)
}

pub fn server_of(names: &Names) -> Option<(&str, Source)> {
    names.server()
}

pub fn list(names: &Names, column: List) -> Vec<&str> {
    names.list(column)
}

pub fn inspected(names: &Names) -> Option<Inspection> {
    names.inspected(true)
}
