//! What the wire says: follows a flow's content and writes protocol, names and files into the flow's Names.
//!
//! The protocol is told by content, never by port. Each protocol has a module of pure functions, bytes to values, and a
//! talk that follows it (see `talk`); the tables of probes (`probes`, `datagramprobes`) say who is asked. What is
//! inspected how is the rule of `Names`; beyond it, readers here say: `metadata` for mail, directories and databases that
//! went over to TLS; `opaque` for RDP, encrypted SMB and tunnels through a proxy; and for a protocol that nobody knows
//! `cleartext` where it is clearly text or a file of a known format, otherwise nothing, which `Names` calls opaque: a
//! protocol that cannot be read counts as one that hides.

pub mod certificate;
pub mod content;
pub mod datagramprobes;
pub mod disposition;
pub mod dns;
pub mod dnstalk;
pub mod dtls;
pub mod encodedwords;
mod firstlines;
pub mod ftp;
pub mod handshakes;
pub mod hpack;
pub mod http;
pub mod http2;
pub mod httptalk;
pub mod ja4;
pub mod linetalk;
pub mod listen;
pub mod mail;
pub mod mailbox;
mod marks;
pub mod parts;
mod pipeline;
pub mod probe;
pub mod probes;
pub mod quic;
pub mod quictalk;
pub mod reader;
pub mod smb;
pub mod socks;
pub mod talk;
pub mod tftp;
pub mod tls;
pub mod tlstalk;
pub mod tor;
pub mod watch;

use listen::{DatagramListener, StreamListener};
use probe::Probe;
use talk::{Scene, Step, Talk};

use crate::model::Inspection;
use crate::names::{Names, transfers};

/// Protocols inside protocols: a proxy, STARTTLS, TLS.
const MAX_DEPTH: u8 = 4;

/// What is known of a conversation.
enum State {
    /// Nothing was said, in a stream.
    Silent,
    Stream(Box<StreamListener>),
    Datagrams(DatagramListener),
    Known(Box<dyn Talk>),
    Over,
}

/// The content of one flow. Bytes may come in any pieces; hostile ones never panic; memory is bounded.
pub struct Conversation {
    state: State,
    stream: bool,
    depth: u8,
    /// What can be read as long as the protocol is not known.
    unknown: Option<Inspection>,
}

impl Conversation {
    /// Follows a stream (TCP) or datagrams (UDP).
    #[must_use]
    pub fn new(stream: bool) -> Self {
        Self { state: listening(stream), stream, depth: 0, unknown: None }
    }

    /// Takes the next bytes of one direction, or one datagram; false when nothing more is wanted.
    pub fn feed(&mut self, scene: &mut Scene<'_>, outward: bool, data: &[u8]) -> bool {
        if data.is_empty() {
            return !self.is_over();
        }
        match &mut self.state {
            State::Known(talk) => match talk.feed(scene, outward, data) {
                Step::More => {}
                Step::Done => self.state = State::Over,
                Step::Upgrade(rest) => self.go_inside(scene, outward, &rest),
            },
            State::Silent => self.hear_first(scene, outward, data),
            State::Stream(_) => self.hear(scene, outward, data),
            State::Datagrams(_) => self.hear_datagram(scene, outward, data),
            State::Over => {}
        }
        !self.is_over()
    }

    /// Tells whether nothing more is wanted.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Tells whether it is a stream that speaks no known protocol, as a data connection of FTP: it may be a file.
    #[must_use]
    pub fn may_be_file(&self, names: &Names) -> bool {
        self.stream && names.app_protocol.is_none_or(|protocol| protocol == transfers::PROTOCOL)
    }

    /// Learns that bytes of one direction are missing between what was fed and what will be.
    pub fn gap(&mut self, scene: &mut Scene<'_>, outward: bool) {
        match &mut self.state {
            State::Known(talk) => talk.gap(scene, outward),
            State::Stream(listener) => listener.lose(outward),
            State::Silent | State::Datagrams(_) | State::Over => {}
        }
    }

    /// Hears the first bytes of a stream, which most often tell the protocol and need not be kept.
    fn hear_first(&mut self, scene: &mut Scene<'_>, outward: bool, data: &[u8]) {
        let probe = listen::ask_first(data).filter(|_| scene.names.app_protocol != Some(transfers::PROTOCOL));
        let Some(probe) = probe else {
            self.state = State::Stream(Box::default());
            return self.hear(scene, outward, data);
        };
        if self.know(scene, probe) {
            self.feed(scene, outward, data);
        }
    }

    /// Listens on; once the protocol is known, its talk takes all that was heard.
    fn hear(&mut self, scene: &mut Scene<'_>, outward: bool, data: &[u8]) {
        let State::Stream(listener) = &mut self.state else { return };
        let probe = listener.hear(outward, data);
        let file =
            scene.names.app_protocol == Some(transfers::PROTOCOL) && probe.is_none_or(|probe| probe.protocol != "tls");
        let Some(probe) = probe.filter(|_| !file) else {
            scene.names.inspection = listener.judge(scene.names).or(self.unknown);
            if file || listener.gave_up() {
                self.state = State::Over;
            }
            return;
        };
        let listener = std::mem::take(listener);
        if self.know(scene, probe) {
            for (way, piece) in listener.heard() {
                self.feed(scene, way, piece);
            }
        }
    }

    fn hear_datagram(&mut self, scene: &mut Scene<'_>, outward: bool, data: &[u8]) {
        let State::Datagrams(listener) = &mut self.state else { return };
        let (probe, gave_up) = (listener.hear(outward, data), listener.gave_up());
        let Some(probe) = probe else {
            scene.names.inspection = listener.judge().or(self.unknown);
            if gave_up {
                self.state = State::Over;
            }
            return;
        };
        if self.know(scene, probe) {
            self.feed(scene, outward, data);
        } else if gave_up {
            self.state = State::Over;
        }
    }

    /// Calls the flow by its protocol; tells whether there is more to be learnt than the name.
    fn know(&mut self, scene: &mut Scene<'_>, probe: &Probe) -> bool {
        if self.depth == 0 || is_proxy(scene) {
            scene.names.app_protocol = Some(probe.protocol);
            scene.names.inspection = probe.inspection;
        }
        match probe.make {
            Some(make) => self.state = State::Known(make()),
            None => {
                self.unknown = probe.inspection;
                if self.stream {
                    self.state = State::Over;
                }
            }
        }
        probe.make.is_some()
    }

    /// Listens for the protocol inside, whose first bytes are these.
    ///
    /// After STARTTLS and its like the flow keeps its name and is no longer read in the clear. What a proxy hands on is
    /// called by what is inside, and hides until that is known.
    fn go_inside(&mut self, scene: &mut Scene<'_>, outward: bool, rest: &[u8]) {
        self.depth += 1;
        self.unknown = Some(if is_proxy(scene) { Inspection::Opaque } else { Inspection::Metadata });
        scene.names.inspection = self.unknown;
        self.state = if self.depth > MAX_DEPTH { State::Over } else { listening(self.stream) };
        self.feed(scene, outward, rest);
    }
}

fn listening(stream: bool) -> State {
    if stream { State::Silent } else { State::Datagrams(DatagramListener::default()) }
}

/// Whether a flow is called by a protocol that hands a connection on: afterwards it is called by what is inside.
fn is_proxy(scene: &Scene<'_>) -> bool {
    matches!(scene.names.app_protocol, Some("http" | "socks"))
}
