//! Follows HTTP/1.x: who is asked for what, and how much of which kind goes out.

use memchr::memchr;

use super::disposition::file_of;
use super::http::{self, Field, Head};
use super::parts::PartScanner;
use super::pipeline::{Asked, Method};
use super::talk::{Scene, Step, Talk};
use super::tls;
use crate::names::clean::is_digit;
use crate::names::{Names, Source, Text};
use crate::search::Body;

pub const MAX_CHUNK_LINE: usize = 4096;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    /// Expects or collects a head.
    #[default]
    Head,
    /// `left` bytes of body to come.
    Body,
    ChunkLine,
    /// `left` bytes of chunk to come.
    Chunk,
    Trailer,
    /// The body ends with the connection.
    ToTheEnd,
    /// Bytes are missing: a piece that begins like a message is waited for.
    Lost,
    /// This is not HTTP any more.
    Dead,
}

/// One direction.
#[derive(Default)]
struct Side {
    mode: Mode,
    /// What is collected is known to be HTTP.
    told: bool,
    /// The length was not announced: what comes is counted.
    uncounted: bool,
    /// Of a head or line that is not whole.
    held: Vec<u8>,
    left: u64,
    scanner: Option<Box<PartScanner>>,
}

/// What stands where a head should.
enum Found {
    /// More is needed.
    Part,
    /// A head and where its body begins.
    Whole(usize),
    /// A head that is longer than any that is read whole.
    Endless,
    /// A TLS record.
    Tunnel,
    /// Something else.
    Nothing,
}

impl Side {
    /// Looks for a head in what is collected, of which `seen` bytes were looked at before.
    fn look(&mut self, collected: &[u8], seen: usize) -> Found {
        if seen < tls::RECORD_HEADER {
            match tls::looks_like_record(collected) {
                Some(true) => return Found::Tunnel,
                None => return Found::Part,
                Some(false) => {}
            }
        }
        if !self.told {
            match http::looks_like_http(collected) {
                Some(true) => self.told = true,
                Some(false) => return Found::Nothing,
                None => return Found::Part,
            }
        }
        match whole_head(collected, seen) {
            Some(end) if end <= http::MAX_HEAD => Found::Whole(end),
            None if collected.len() <= http::MAX_HEAD => Found::Part,
            _ => Found::Endless,
        }
    }
}

/// HTTP/1.x over a stream, pipelined requests and all. Becomes a tunnel with CONNECT, ends with another upgrade.
#[derive(Default)]
pub struct HttpTalk {
    sides: [Side; 2],
    asked: Asked,
}

impl Talk for HttpTalk {
    /// Heads are collected and read, bodies only counted and searched for names.
    fn feed(&mut self, scene: &mut Scene<'_>, outward: bool, mut data: &[u8]) -> Step {
        let mut step = Step::More;
        scene.take_over();
        while !data.is_empty() && step == Step::More && self.side(outward).mode != Mode::Dead {
            (data, step) = self.take(scene, outward, data);
        }
        if self.side(outward).mode == Mode::Dead {
            scene.reading(outward).into_iter().for_each(|reading| reading.text(data));
        }
        if self.sides.iter().all(|side| side.mode == Mode::Dead) {
            step = Step::Done;
        }
        match &step {
            Step::More => {}
            Step::Done => scene.give_back(0), // unless it was before
            Step::Upgrade(rest) => scene.give_back(rest.len()),
        }
        step
    }

    /// Goes on counting a body that ends with the connection; else waits for the next message.
    fn gap(&mut self, _scene: &mut Scene<'_>, outward: bool) {
        let side = self.side(outward);
        if !matches!(side.mode, Mode::ToTheEnd | Mode::Dead) {
            side.mode = Mode::Lost;
        }
        side.held = Vec::new();
        side.told = false;
        side.scanner = None;
    }
}

impl HttpTalk {
    fn side(&mut self, outward: bool) -> &mut Side {
        let [inward, outwards] = &mut self.sides;
        if outward { outwards } else { inward }
    }

    /// Takes what belongs to the present mode and returns the bytes behind it.
    fn take<'a>(&mut self, scene: &mut Scene<'_>, outward: bool, data: &'a [u8]) -> (&'a [u8], Step) {
        let side = self.side(outward);
        if side.mode == Mode::Lost {
            if http::looks_like_http(data) != Some(true) {
                return (&[], Step::More);
            }
            side.mode = Mode::Head;
        }
        match side.mode {
            Mode::Head => self.head(scene, outward, data),
            Mode::ChunkLine | Mode::Trailer => (line(side, scene, outward, data), Step::More),
            _ => (body(side, scene, outward, data), Step::More),
        }
    }

    /// Takes a head. One that comes in one piece is read where it lies.
    fn head<'a>(&mut self, scene: &mut Scene<'_>, outward: bool, data: &'a [u8]) -> (&'a [u8], Step) {
        let side = self.side(outward);
        let mut held = std::mem::take(&mut side.held);
        let seen = held.len();
        let collected = if seen == 0 {
            data
        } else {
            held.extend_from_slice(data);
            &held
        };
        let end = match side.look(collected, seen) {
            Found::Part => {
                side.held = if seen == 0 { data.to_vec() } else { held };
                return (&[], Step::More);
            }
            Found::Tunnel => return (&[], Step::Upgrade(collected.to_vec())),
            Found::Nothing => {
                side.mode = Mode::Dead;
                scene.reading(outward).into_iter().for_each(|reading| reading.text(collected));
                return (&[], Step::More);
            }
            Found::Whole(end) => end,
            Found::Endless => {
                side.mode = Mode::Dead;
                http::MAX_HEAD
            }
        };
        side.told = false;
        if let Some(reading) = scene.reading(outward) {
            let dead = side.mode == Mode::Dead;
            reading.head(if dead { collected } else { collected.get(..end).unwrap_or_default() });
        }
        let rest = data.get(data.len().saturating_sub(collected.len() - end)..).unwrap_or_default();
        let rest = if side.mode == Mode::Dead { &[] } else { rest };
        let step = match collected.get(..end).and_then(http::parse_head) {
            Some(head) if head.status == 0 => self.request(scene, outward, &head),
            Some(head) => self.response(scene, outward, &head, rest),
            None => Step::More,
        };
        (rest, step)
    }

    fn request(&mut self, scene: &mut Scene<'_>, outward: bool, head: &Head<'_>) -> Step {
        let asked = Method::of(head.method);
        self.asked.push(asked);
        note_request(scene.names, head.method, head.target, head.host());
        if asked != Method::Connect && (head.chunked() || head.length().is_some_and(|length| length > 0)) {
            self.begin_body(scene, outward, head);
        }
        Step::More
    }

    fn response(&mut self, scene: &mut Scene<'_>, outward: bool, head: &Head<'_>, rest: &[u8]) -> Step {
        match head.status {
            101 => {
                scene.give_back(rest.len());
                return Step::Done; // another protocol from here on (RFC 9110 7.8)
            }
            ..200 => return Step::More,
            _ => {}
        }
        let method = self.asked.pop();
        if method == Method::Connect && head.status < 300 {
            return Step::Upgrade(rest.to_vec());
        }
        let none = method == Method::Head || matches!(head.status, 204 | 304);
        if !none && (head.chunked() || head.length() != Some(0)) {
            self.begin_body(scene, outward, head);
        }
        Step::More
    }

    /// Frames the body (RFC 9112 6.3) and, where it goes out, says what it is.
    fn begin_body(&mut self, scene: &mut Scene<'_>, outward: bool, head: &Head<'_>) {
        let side = self.side(outward);
        (side.mode, side.left) = match (head.chunked(), head.length()) {
            (true, _) => (Mode::ChunkLine, side.left),
            (false, Some(length)) => (Mode::Body, length),
            (false, None) => (Mode::ToTheEnd, side.left),
        };
        side.uncounted = outward && side.mode != Mode::Body;
        side.scanner = None;
        if !outward {
            return;
        }
        if side.mode == Mode::Body {
            scene.names.add_upload(side.left);
        }
        note_body(scene.names, head);
        if let Some(reading) = scene.reading(outward) {
            reading.begin_body(&Body {
                content_type: head.fields.get(Field::ContentType),
                encoding: head.fields.get(Field::ContentEncoding),
                transfer: head.fields.get(Field::TransferEncoding),
                ..Body::default()
            });
        }
        if head.fields.get(Field::ContentType).get(..10).is_some_and(|start| start.eq_ignore_ascii_case(b"multipart/"))
        {
            side.scanner = Some(Box::default());
        }
    }
}

/// Writes down what is asked for, and of whom.
pub(super) fn note_request(names: &mut Names, method: &[u8], target: &[u8], host: &[u8]) {
    names.first(Text::HttpMethod, method);
    if method != b"CONNECT" {
        names.first(Text::HttpPath, target);
    }
    if !host.is_empty() {
        names.first(Text::HttpHost, host);
        if !is_address(names.text(Text::HttpHost).unwrap_or_default()) {
            names.name_server(host, Source::Http);
        }
    }
}

/// Writes down what a body that goes out is.
pub(super) fn note_body(names: &mut Names, head: &Head<'_>) {
    let media_type = head.fields.get(Field::ContentType);
    names.first(Text::HttpContentType, media_type);
    if let Some(name) = file_of(head) {
        names.add_file(&name, media_type);
    }
}

fn body<'a>(side: &mut Side, scene: &mut Scene<'_>, outward: bool, data: &'a [u8]) -> &'a [u8] {
    let (body, rest) = if side.mode == Mode::ToTheEnd {
        (data, &[][..])
    } else {
        let size = side.left.min(data.len() as u64);
        side.left -= size;
        data.split_at_checked(size as usize).unwrap_or((data, &[]))
    };
    if outward && side.uncounted {
        scene.names.add_upload(body.len() as u64);
    }
    for part in side.scanner.iter_mut().flat_map(|scanner| scanner.feed(body)) {
        scene.names.add_file(&part.name, &part.media_type);
    }
    if let Some(reading) = scene.reading(outward) {
        reading.body(body);
        if side.left == 0 && side.mode == Mode::Body {
            reading.end_body();
        }
    }
    if side.left == 0 && side.mode != Mode::ToTheEnd {
        side.mode = if side.mode == Mode::Body { Mode::Head } else { Mode::ChunkLine };
    }
    rest
}

/// Reads a chunk's line, the empty line behind a chunk, or a line of the trailer (RFC 9112 7.1).
fn line<'a>(side: &mut Side, scene: &mut Scene<'_>, outward: bool, data: &'a [u8]) -> &'a [u8] {
    let end = memchr(b'\n', data);
    let (piece, rest) = data.split_at_checked(end.unwrap_or(data.len())).unwrap_or((data, &[]));
    let mut held = std::mem::take(&mut side.held);
    if held.len() + piece.len() > MAX_CHUNK_LINE {
        side.mode = Mode::Dead;
        scene.reading(outward).into_iter().for_each(|reading| reading.text(data));
        return &[];
    }
    let line = if held.is_empty() && end.is_some() {
        piece
    } else {
        held.extend_from_slice(piece);
        &held
    };
    if end.is_none() {
        side.held = held;
        return &[];
    }
    (side.mode, side.left) = after_line(side.mode, side.left, http::strip(line));
    if side.mode == Mode::Trailer {
        scene.reading(outward).into_iter().for_each(|reading| reading.end_body());
    }
    rest.get(1..).unwrap_or_default()
}

fn after_line(mode: Mode, left: u64, line: &[u8]) -> (Mode, u64) {
    match (mode, line.is_empty()) {
        (Mode::Trailer, true) => (Mode::Head, left),
        (_, true) | (Mode::Trailer, false) => (mode, left),
        _ => match http::chunk_size(line) {
            None => (Mode::Dead, 0),
            Some(0) => (Mode::Trailer, 0),
            Some(size) => (Mode::Chunk, size),
        },
    }
}

/// Where the head ends; a request of HTTP/0.9 ends with its line (RFC 1945 4.1).
fn whole_head(collected: &[u8], seen: usize) -> Option<usize> {
    let led = collected.len() - http::unled(collected).len();
    let first = collected.get(led..)?;
    let end = memchr(b'\n', first)?;
    if !first.get(..end)?.windows(5).rev().any(|word| word == b"HTTP/") {
        return Some(led + end + 1);
    }
    http::head_end(collected, led.max(seen.saturating_sub(3)))
}

/// Tells whether a host is an address and so names nobody.
fn is_address(host: &str) -> bool {
    host.contains(':') || host.contains(is_digit) && host.chars().all(|c| c == '.' || is_digit(c))
}
