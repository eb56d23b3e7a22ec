//! DNS messages (RFC 1035, RFC 6895): bytes to questions, answers and response codes.

use std::borrow::Cow;
use std::collections::HashSet;

use foldhash::fast::RandomState;

use super::reader::Reader;
use crate::model::Address;

/// RFC 1035 4.1.1.
const HEADER: usize = 12;
/// RFC 1035 2.3.4; longer names are cut.
const MAX_NAME: usize = 255;
/// Of a name, each byte escaped.
const MAX_TEXT: usize = 4 * MAX_NAME;
/// Compression pointers followed in one name, against loops.
const MAX_JUMPS: usize = 32;
/// Read of one message; the wire has one.
const MAX_QUESTIONS: u16 = 8;
/// Read of one message.
const MAX_ANSWERS: u16 = 128;
const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;
/// Top bit of the class in multicast DNS (RFC 6762 5.4).
const UNICAST_REPLY: u16 = 0x8000;

/// Response codes 0 to 10 in lower case (RFC 6895 2.3).
const RCODES: [&str; 11] = [
    "noerror", "formerr", "servfail", "nxdomain", "notimp", "refused", "yxdomain", "yxrrset", "nxrrset", "notauth",
    "notzone",
];

/// The response code in lower case.
#[must_use]
pub fn rcode_name(rcode: u8) -> Cow<'static, str> {
    RCODES.get(usize::from(rcode)).map_or_else(|| format!("rcode{rcode}").into(), |name| (*name).into())
}

/// A name as text, without trailing dot and in the case of the wire; the root is empty.
#[derive(Clone, Debug)]
pub struct Name {
    text: [u8; MAX_TEXT],
    length: usize,
}

impl Default for Name {
    fn default() -> Self {
        Self { text: [0; MAX_TEXT], length: 0 }
    }
}

impl Name {
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.text.get(..self.length).unwrap_or_default()
    }

    /// The text in lower case; names are UTF-8, since other bytes are escaped.
    #[must_use]
    pub fn lower(&self) -> Cow<'_, str> {
        let text = str::from_utf8(self.as_bytes()).unwrap_or_default();
        if text.bytes().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii()) {
            return text.to_lowercase().into();
        }
        text.into()
    }

    /// Reads a name that may be compressed (RFC 1035 4.1.4) and leaves the reader behind it.
    ///
    /// Ways to be damaged, and what comes back: pointer loop, too many pointers or over 255 bytes: the labels so far;
    /// pointer outside the message, reserved label type or end of the message inside the name: None.
    pub fn read<'a>(&mut self, reader: &mut Reader<'a>, message: &'a [u8]) -> Option<()> {
        self.length = 0;
        let mut length = 0;
        let mut jumps = 0;
        let mut jumped = None;
        loop {
            let inside = jumped.is_some();
            let at = jumped.as_mut().unwrap_or(&mut *reader);
            match at.u8()? {
                0 => return Some(()),
                // Pointers may look forward too: bounded all the same, and resolvers follow them.
                high @ 0xC0.. => {
                    let target = usize::from(high & 0x3F) << 8 | usize::from(at.u8()?);
                    jumps += 1;
                    if jumps > MAX_JUMPS {
                        return Some(());
                    }
                    jumped = Some(Reader::new(message.get(target..)?));
                }
                64.. => return None, // 01 and 10 are reserved (RFC 6891 5)
                size => {
                    let label = at.take(size.into())?;
                    length += label.len() + 1;
                    if length <= MAX_NAME {
                        self.push_label(label);
                    } else if inside {
                        return Some(());
                    }
                }
            }
        }
    }

    /// Adds a label: a dot or backslash inside it is escaped (RFC 1035 5.1), UTF-8 is kept.
    fn push_label(&mut self, label: &[u8]) {
        if self.length > 0 {
            self.push(b".");
        }
        if label.iter().all(|byte| byte.is_ascii() && !matches!(byte, b'.' | b'\\')) {
            return self.push(label);
        }
        for chunk in label.utf8_chunks() {
            for byte in chunk.valid().bytes() {
                match byte {
                    b'.' => self.push(br"\."),
                    b'\\' => self.push(br"\\"),
                    other => self.push(&[other]),
                }
            }
            for byte in chunk.invalid() {
                let digit = |value: u8| char::from_digit(value.into(), 16).map_or(b'?', |digit| digit as u8);
                self.push(&[b'\\', b'x', digit(byte >> 4), digit(byte & 0xF)]);
            }
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if let Some(place) = self.text.get_mut(self.length..end) {
            place.copy_from_slice(bytes);
            self.length = end;
        }
    }
}

/// A message that is read in order: its questions, then the addresses it answers with.
///
/// What ends or breaks before its counts are served is read as far as it goes.
pub struct Message<'a> {
    whole: &'a [u8],
    reader: Reader<'a>,
    pub response: bool,
    pub rcode: u8,
    /// Questions to come.
    asked: u16,
    answered: u16,
}

impl<'a> Message<'a> {
    /// Reads the header; None when the message is shorter.
    #[must_use]
    pub fn read(whole: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(whole);
        let [_, flags, asked, answered, _, _] = counts(&mut reader)?;
        Some(Self {
            whole,
            reader,
            response: flags & 0x8000 != 0,
            rcode: (flags & 15) as u8,
            asked: asked.min(MAX_QUESTIONS),
            answered: answered.min(MAX_ANSWERS),
        })
    }

    /// Reads the next question's name; None when there are no more, or the message is broken.
    pub fn question(&mut self, name: &mut Name) -> Option<()> {
        self.asked = self.asked.checked_sub(1)?;
        let read = name.read(&mut self.reader, self.whole).and_then(|()| self.reader.u32());
        if read.is_none() {
            self.answered = 0; // nobody knows where they begin
        }
        read.map(|_| ())
    }

    /// Hands on the addresses of the name asked (in lower case) and of its aliases; records of other names prove nothing.
    /// To be called after the questions are read.
    pub fn addresses(&mut self, asked: &str, mut found: impl FnMut(Address)) -> Option<()> {
        let mut aliases: HashSet<String, RandomState> = HashSet::default();
        let mut owner = Name::default();
        for _ in 0..std::mem::take(&mut self.answered) {
            owner.read(&mut self.reader, self.whole)?;
            let kind = self.reader.u16()?;
            self.reader.take(6)?; // class, time to live
            let data = self.reader.block16()?;
            let known = owner.as_bytes().eq_ignore_ascii_case(asked.as_bytes()) || {
                let owner = owner.lower();
                owner == asked || aliases.contains(owner.as_ref())
            };
            match (kind, data.len()) {
                (A, 4) | (AAAA, 16) if known => Address::from_wire(data).into_iter().for_each(&mut found),
                (CNAME, _) if known => {
                    owner.read(&mut Reader::new(data), self.whole)?;
                    aliases.insert(owner.lower().into_owned());
                }
                _ => {}
            }
        }
        Some(())
    }
}

/// The six values of a header: ident, flags, and how many questions, answers, authorities and additions there are.
fn counts(reader: &mut Reader<'_>) -> Option<[u16; 6]> {
    let mut header = Reader::new(reader.take(HEADER)?);
    let mut values = [0; 6];
    for value in &mut values {
        *value = header.u16()?;
    }
    Some(values)
}

/// Tells by content alone whether these bytes begin a DNS message of `size` bytes; None when more are needed.
///
/// Known by: a header whose counts fit into the message, one whole first question with a class that exists (an answer
/// without question only over multicast). Codes and reserved bits are not looked at: real resolvers set odd ones.
#[must_use]
pub fn looks_like_dns(message: &[u8], size: usize) -> Option<bool> {
    let mut reader = Reader::new(message);
    let Some([_, flags, asked, answered, authorities, _]) = counts(&mut reader) else {
        return if size >= HEADER + 5 { None } else { Some(false) };
    };
    let least = HEADER + 5 * usize::from(asked) + 11 * (usize::from(answered) + usize::from(authorities));
    if !(1..=MAX_QUESTIONS).contains(&asked) || size < least {
        return Some(false);
    }
    if flags & 0x8000 == 0 && answered > MAX_QUESTIONS {
        return Some(false); // a question that brings answers: only multicast does
    }
    match first_question_fits(reader) {
        None if message.len() < size => None,
        fits => Some(fits == Some(true)),
    }
}

/// None when the bytes end inside the question.
fn first_question_fits(mut reader: Reader<'_>) -> Option<bool> {
    let mut read = 0;
    loop {
        let label = usize::from(reader.u8()?);
        read += 1;
        if label == 0 {
            break;
        }
        if label > 63 || read > MAX_NAME {
            return Some(false);
        }
        reader.take(label)?;
        read += label;
    }
    let (kind, class) = (reader.u16()?, reader.u16()?);
    Some(kind != 0 && class_exists(class & !UNICAST_REPLY))
}

/// IN, CH, HS, NONE, ANY (RFC 6895 3.2).
const fn class_exists(class: u16) -> bool {
    matches!(class, 1 | 3 | 4 | 254 | 255)
}
