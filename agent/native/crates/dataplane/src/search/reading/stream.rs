//! A stream that no talk hands over: once it is known to be clear it is shown as it is, or read as the file it may be.

use super::body::Reader;
use super::file::File;
use super::page::Page;
use super::text::Syntax;

/// Bytes kept while it is not known whether a flow is cleartext.
const UNDECIDED_LIMIT: usize = 4096;

/// How much of a flow may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clear {
    Yes,
    NotYetKnown,
    No,
}

/// How a stream is read.
#[derive(Default)]
enum Way {
    #[default]
    Undecided,
    AsIs,
    File(Box<File>),
}

/// What goes out of one flow as long as no talk says what it is.
#[derive(Default)]
pub struct Stream {
    undecided: Vec<u8>,
    way: Way,
}

impl Stream {
    /// Takes the next bytes; `file`: they speak no known protocol, and may be a file. The first that are clear decide.
    pub fn read(&mut self, page: &mut Page, data: &[u8], clear: Clear, file: bool) {
        match clear {
            Clear::Yes => {
                if matches!(self.way, Way::Undecided) {
                    let plain = || Box::new(File::new(Syntax::Plain, None, 0));
                    self.way = if file { Way::File(plain()) } else { Way::AsIs };
                }
                let held = std::mem::take(&mut self.undecided);
                self.pass(page, &held);
                self.pass(page, data);
            }
            Clear::NotYetKnown if self.undecided.len() + data.len() <= UNDECIDED_LIMIT => {
                self.undecided.extend_from_slice(data);
            }
            _ => {
                self.end(page);
                page.end_text();
                page.over = true;
            }
        }
    }

    fn pass(&mut self, page: &mut Page, data: &[u8]) {
        match &mut self.way {
            Way::Undecided => {}
            Way::AsIs => page.put(data),
            Way::File(file) => file.read(page, data),
        }
    }

    /// Learns that nothing follows; what was not known to be clear is not shown.
    pub fn end(&mut self, page: &mut Page) {
        if let Way::File(file) = &mut self.way {
            file.end(page);
        }
        *self = Self::default();
    }
}
