//! Puts TLS handshake messages together: from records cut out of a stream, and from pieces that datagrams bring.

use std::borrow::Cow;

use super::tls::{self, RECORD_HEADER, record};

/// Bytes of one unfinished handshake message kept.
pub const MAX_HANDSHAKE: usize = 65_536;

/// What a direction of a stream says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    Handshake {
        kind: u8,
        body: &'a [u8],
    },
    /// The whole message behind its length.
    Ssl2ClientHello(&'a [u8]),
}

/// What the reader of messages wants afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    More,
    /// The same, and a `ChangeCipherSpec` before it means nothing (RFC 8446 D.4).
    Again,
    Enough,
}

/// One direction of a TLS stream. Reads messages where they are, and keeps bytes only of what has not come whole.
#[derive(Default)]
pub struct Handshakes {
    begun: bool,
    finished: bool,
    patient: bool,
    held: Option<Box<Held>>,
}

#[derive(Default)]
struct Held {
    /// What of the stream has not been cut into records yet.
    records: Vec<u8>,
    /// What of the records has not been cut into messages yet.
    messages: Vec<u8>,
}

impl Handshakes {
    /// Nothing readable can follow, or the reader has what it needs.
    #[must_use]
    pub const fn finished(&self) -> bool {
        self.finished
    }

    /// Hands on the handshake messages that these bytes complete.
    pub fn feed(&mut self, data: &[u8], hear: &mut dyn FnMut(Message<'_>) -> Heard) {
        if self.finished {
            return;
        }
        let held = match self.held.take() {
            None => {
                let mut messages = Vec::new();
                let left = self.read(data, &mut messages, hear);
                (!left.is_empty() || !messages.is_empty()).then(|| Box::new(Held { records: left.to_vec(), messages }))
            }
            Some(mut held) => {
                held.records.extend_from_slice(data);
                let left = self.read(&held.records, &mut held.messages, hear).len();
                held.records.drain(..held.records.len() - left);
                (left > 0 || !held.messages.is_empty()).then_some(held)
            }
        };
        self.held = held.filter(|_| !self.finished);
    }

    /// Cuts whole records off the stream; what is left has not come whole.
    fn read<'a>(
        &mut self,
        stream: &'a [u8],
        messages: &mut Vec<u8>,
        hear: &mut dyn FnMut(Message<'_>) -> Heard,
    ) -> &'a [u8] {
        let Some(mut stream) = self.begin(stream, hear) else { return stream };
        while !self.finished {
            match tls::looks_like_record(stream) {
                None => break,
                Some(true) => {}
                Some(false) => {
                    self.finished = true;
                    break;
                }
            }
            let [kind, _, _, high, low] = *stream.first_chunk::<RECORD_HEADER>().unwrap_or(&[0; _]);
            if kind == record::APPLICATION_DATA || (kind == record::CHANGE_CIPHER_SPEC && !self.patient) {
                self.finished = true; // from here on all is encrypted
                break;
            }
            let end = RECORD_HEADER + usize::from(u16::from_be_bytes([high, low]));
            let Some((whole, rest)) = stream.split_at_checked(end) else { break };
            if kind == record::HANDSHAKE {
                self.cut(whole.get(RECORD_HEADER..).unwrap_or_default(), messages, hear);
            }
            stream = rest;
        }
        stream
    }

    /// Takes the SSL 2 hello that may open a stream; what follows it are records (RFC 5246 E.2). None: not yet whole.
    fn begin<'a>(&mut self, stream: &'a [u8], hear: &mut dyn FnMut(Message<'_>) -> Heard) -> Option<&'a [u8]> {
        if self.begun {
            return Some(stream);
        }
        let mut records = stream;
        if tls::looks_like_ssl2_hello(stream)? {
            let ([high, low], rest) = stream.split_first_chunk()?;
            let (hello, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([high & 0x7F, *low])))?;
            self.finished = hear(Message::Ssl2ClientHello(hello)) == Heard::Enough;
            records = rest;
        }
        self.begun = true;
        Some(records)
    }

    /// Cuts a record's content into messages, behind what earlier records left.
    fn cut(&mut self, content: &[u8], messages: &mut Vec<u8>, hear: &mut dyn FnMut(Message<'_>) -> Heard) {
        if messages.is_empty() {
            let left = self.hand_on(content, hear);
            messages.extend_from_slice(left);
        } else {
            messages.extend_from_slice(content);
            let left = self.hand_on(messages, hear).len();
            messages.drain(..messages.len() - left);
        }
    }

    fn hand_on<'a>(&mut self, mut stream: &'a [u8], hear: &mut dyn FnMut(Message<'_>) -> Heard) -> &'a [u8] {
        while let Some(([kind, a, b, c], rest)) = stream.split_first_chunk().filter(|_| !self.finished) {
            let size = u32::from_be_bytes([0, *a, *b, *c]) as usize;
            if 4 + size > MAX_HANDSHAKE {
                self.finished = true;
            }
            let Some((body, rest)) = rest.split_at_checked(size) else { break };
            match hear(Message::Handshake { kind: *kind, body }) {
                Heard::More => {}
                Heard::Again => self.patient = true,
                Heard::Enough => self.finished = true,
            }
            stream = rest;
        }
        stream
    }

    /// Type and body, as far as they have come, of the message that is being read.
    #[must_use]
    pub fn unfinished(&self) -> Option<(u8, Vec<u8>)> {
        let held = self.held.as_ref()?;
        let mut data = held.messages.clone();
        if held.records.first() == Some(&record::HANDSHAKE) {
            data.extend_from_slice(held.records.get(RECORD_HEADER..).unwrap_or_default());
        }
        let kind = *data.first()?;
        (data.len() > 4).then(|| (kind, data.split_off(4)))
    }

    /// Gives this direction up and frees its memory.
    pub fn finish(&mut self) {
        self.finished = true;
        self.held = None;
    }
}

/// Pieces of one stream of handshake messages that come in any order, some twice (QUIC CRYPTO, DTLS fragments).
#[derive(Default)]
pub struct Pieces {
    /// Where in the stream each one belongs, ascending, and where in `bytes` it lies.
    places: Vec<(u64, std::ops::Range<usize>)>,
    bytes: Vec<u8>,
}

impl Pieces {
    /// Keeps a piece, `limit` pieces at most; the longer of two at the same place, the first of two as long. False when
    /// it tells nothing new.
    pub fn add(&mut self, offset: u64, data: &[u8], limit: usize) -> bool {
        let found = self.places.binary_search_by_key(&offset, |(place, _)| *place);
        let known = found.ok().and_then(|at| self.places.get(at)).map_or(0, |(_, range)| range.len());
        if data.len() <= known || self.places.len() >= limit {
            return false;
        }
        let range = self.bytes.len()..self.bytes.len() + data.len();
        self.bytes.extend_from_slice(data);
        match found {
            Ok(at) => self.places.get_mut(at).into_iter().for_each(|place| place.1 = range.clone()),
            Err(at) => self.places.insert(at, (offset, range)),
        }
        true
    }

    /// Bytes kept, those that a longer piece replaced among them.
    #[must_use]
    pub const fn kept(&self) -> usize {
        self.bytes.len()
    }

    /// The stream from its beginning up to the first hole. Where pieces overlap the one that begins first counts.
    #[must_use]
    pub fn joined(&self) -> Cow<'_, [u8]> {
        if let [(0, range)] = self.places.as_slice() {
            return Cow::Borrowed(self.bytes.get(range.clone()).unwrap_or_default());
        }
        let mut joined = Vec::with_capacity(self.bytes.len());
        for (offset, range) in &self.places {
            let Some(known) = (joined.len() as u64).checked_sub(*offset) else { break };
            let piece = self.bytes.get(range.clone()).unwrap_or_default();
            joined.extend_from_slice(piece.get(known as usize..).unwrap_or_default());
        }
        Cow::Owned(joined)
    }

    /// Forgets them all.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}
