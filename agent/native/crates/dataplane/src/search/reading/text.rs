//! The innermost reader: makes text of bytes and puts it on the page.

use super::body::Reader;
use super::charset::Charset;
use super::compose::Compose;
use super::escapes::{Escapes, Stage};
use super::office::Tags;
use super::page::Page;

/// What a text is by its media type, or by how it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    Plain,
    Form,
    Json,
    Markup,
    /// XML whose tags mean little.
    Office,
}

impl Syntax {
    /// What a media type says; nothing of one that is not known.
    pub fn declared(kind: &[u8]) -> Self {
        let says = |word: &[u8]| memchr::memmem::find(kind, word).is_some();
        if kind == b"application/x-www-form-urlencoded" {
            Self::Form
        } else if says(b"json") {
            Self::Json
        } else if says(b"xml") || says(b"html") {
            Self::Markup
        } else {
            Self::Plain
        }
    }

    /// How a text of this type is read that begins so: what is declared may be wrong.
    const fn beginning(self, first: u8) -> Self {
        match first {
            _ if matches!(self, Self::Office) => Self::Markup,
            b'{' | b'[' => Self::Json,
            b'<' => Self::Markup,
            _ => self,
        }
    }
}

/// Makes text of bytes: of UTF-8, with what stands for characters read as these, letters composed.
pub struct Text {
    stages: Vec<Box<dyn Stage>>,
    spare: [Vec<u8>; 2],
    ended: bool,
}

impl Text {
    /// Begins a text of a declared type and charset.
    pub fn new(syntax: Syntax, charset: Option<&str>) -> Self {
        let charset: Box<dyn Stage> = Box::new(Charset::new(charset));
        let mut stages: Vec<Box<dyn Stage>> = Vec::with_capacity(5);
        if syntax == Syntax::Form {
            stages.push(Box::new(Sniffed::new(syntax)));
            stages.push(charset);
            stages.push(Box::new(Sniffed::new(Syntax::Json))); // programs put JSON into fields
        } else {
            stages.push(charset);
            if syntax == Syntax::Office {
                stages.push(Box::new(Tags::default()));
            }
            stages.push(Box::new(Sniffed::new(syntax)));
        }
        stages.push(Box::new(Compose::default()));
        Self { stages, spare: [Vec::new(), Vec::new()], ended: false }
    }

    fn turn(&mut self, page: &mut Page, data: &[u8], last: bool) {
        if std::mem::replace(&mut self.ended, last) {
            return;
        }
        let [from, to] = &mut self.spare;
        let mut first = Some(data);
        for stage in &mut self.stages {
            to.clear();
            stage.turn(first.take().unwrap_or(from.as_slice()), last, to);
            std::mem::swap(from, to);
        }
        page.put(from);
    }
}

impl Reader for Text {
    fn read(&mut self, page: &mut Page, data: &[u8]) {
        self.turn(page, data, false);
    }

    fn end(&mut self, page: &mut Page) {
        self.turn(page, &[], true);
    }
}

/// What stands for characters in a text whose type its first letter may correct.
struct Sniffed {
    declared: Syntax,
    escapes: Option<Escapes>,
    begun: bool,
}

impl Sniffed {
    const fn new(declared: Syntax) -> Self {
        Self { declared, escapes: None, begun: false }
    }

    fn begin(&mut self, first: u8) {
        let syntax = self.declared.beginning(first);
        let changed = self.declared == Syntax::Form && syntax != Syntax::Form;
        self.begun = true;
        self.escapes = match syntax {
            _ if changed => None, // a later stage reads it
            Syntax::Plain => None,
            Syntax::Form => Some(Escapes::form()),
            Syntax::Json => Some(Escapes::json()),
            Syntax::Markup | Syntax::Office => Some(Escapes::markup()),
        };
    }
}

impl Stage for Sniffed {
    fn turn(&mut self, data: &[u8], last: bool, out: &mut Vec<u8>) {
        if !self.begun
            && let Some(first) = data.iter().find(|byte| !b" \t\r\n\xEF\xBB\xBF".contains(byte))
        {
            self.begin(*first);
        }
        match &mut self.escapes {
            Some(escapes) => escapes.turn(data, last, out),
            None => out.extend_from_slice(data),
        }
    }
}
