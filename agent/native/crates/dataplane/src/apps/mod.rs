//! What the wire says: follows a flow's content and writes protocol, names and files into the flow's Names.

pub mod certificate;
pub mod content;
pub mod datagramprobes;
pub mod dns;
pub mod dnstalk;
pub mod dtls;
pub mod ftp;
pub mod handshakes;
pub mod http;
pub mod http2;
pub mod httptalk;
pub mod ja4;
pub mod linetalk;
pub mod listen;
pub mod mail;
pub mod parts;
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
pub mod watch;

use talk::Scene;

/// The content of one flow. Bytes may come in any pieces; hostile ones never panic; memory is bounded.
pub struct Conversation {}

impl Conversation {
    /// Follows a stream (TCP) or datagrams (UDP).
    #[must_use]
    pub fn new(_stream: bool) -> Self {
        Self {}
    }

    /// Takes the next bytes of one direction, or one datagram; false when nothing more is wanted.
    pub fn feed(&mut self, _scene: &mut Scene<'_>, _outward: bool, _data: &[u8]) -> bool {
        false
    }

    /// Learns that bytes of one direction are missing between what was fed and what will be.
    pub fn gap(&mut self, _scene: &mut Scene<'_>, _outward: bool) {}
}
