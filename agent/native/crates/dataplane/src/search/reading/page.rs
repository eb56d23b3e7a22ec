//! What readers write on: the text that detectors are shown, and how much more may be read.

use std::sync::Arc;

use super::super::definition::Detectors;
use super::super::found::Found;
use super::super::shown::Shown;

/// Bytes of text that are shown at once: a look at a few bytes costs as much.
const BATCH: usize = 8192;

/// Why something was not read wholly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Limit {
    /// As many bytes of the flow were looked at as ever are, unpacked ones counted.
    Bytes,
    /// Too many things inside each other.
    Depth,
    /// A head, a name or what waits for the end of a file is longer than any that is kept.
    Memory,
}

impl Limit {
    pub const ALL: [Self; 3] = [Self::Bytes, Self::Depth, Self::Memory];

    /// As metrics call it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Depth => "depth",
            Self::Memory => "memory",
        }
    }
}

/// Several limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits(u8);

impl Limits {
    #[must_use]
    pub const fn has(self, limit: Limit) -> bool {
        self.0 & (1 << limit as u8) != 0
    }

    const fn add(&mut self, limit: Limit) {
        self.0 |= 1 << limit as u8;
    }
}

/// The text of one flow.
pub struct Page {
    detectors: Arc<Detectors>,
    /// Who sees the next text, if those do not.
    later: Option<Arc<Detectors>>,
    shown: Shown,
    /// Text that is not shown yet.
    text: Vec<u8>,
    /// Something of the present text was shown.
    begun: bool,
    /// Bytes that were unpacked.
    unpacked: usize,
    met: Limits,
    told: Limits,
    /// Nothing more is looked at.
    pub over: bool,
}

impl Page {
    pub fn new(detectors: &Arc<Detectors>) -> Self {
        Self {
            detectors: Arc::clone(detectors),
            later: None,
            shown: Shown::default(),
            text: Vec::new(),
            begun: false,
            unpacked: 0,
            met: Limits::default(),
            told: Limits::default(),
            over: false,
        }
    }

    /// Has the next text searched by other detectors. The present one stays theirs who began it: where each of them looks
    /// next and what they hold is theirs alone, and a text cut here would end values in their middle.
    pub fn search_for(&mut self, detectors: &Arc<Detectors>) {
        self.later = Some(Arc::clone(detectors));
        self.begin_text();
    }

    fn begin_text(&mut self) {
        if !self.begun
            && self.text.is_empty()
            && let Some(later) = self.later.take()
        {
            self.detectors = later;
            self.shown.forget_crowds();
        }
    }

    /// Forgets what was put and is not decided.
    pub fn drop_undecided(&mut self) {
        self.text.clear();
        self.shown.drop_undecided();
        self.begun = false;
        self.begin_text();
    }

    /// Puts text behind what is there.
    pub fn put(&mut self, text: &[u8]) {
        if !self.over {
            self.text.extend_from_slice(text);
            if self.text.len() >= BATCH {
                self.flush();
            }
        }
    }

    fn flush(&mut self) {
        if self.text.is_empty() || self.over {
            return;
        }
        self.begun = true;
        self.over = !self.shown.show(&self.detectors, &self.text);
        self.text.clear();
        if self.over {
            self.meet(Limit::Bytes);
        }
    }

    /// Ends a text: nothing runs over into the next.
    pub fn end_text(&mut self) {
        self.flush();
        if std::mem::take(&mut self.begun) && !self.over {
            self.shown.finish(&self.detectors);
        }
        self.begin_text();
    }

    /// Things inside each other that are opened.
    pub fn depth(&self) -> u8 {
        self.detectors.depth
    }

    /// Packings one over the other that are undone.
    pub fn codings(&self) -> usize {
        self.detectors.codings.into()
    }

    /// Bytes that may be unpacked yet.
    pub fn room(&self) -> usize {
        self.detectors.limit.saturating_sub(self.unpacked)
    }

    /// Counts bytes that were unpacked; when there is no more room, nothing more is looked at.
    pub fn count_unpacked(&mut self, bytes: usize) {
        self.unpacked += bytes;
    }

    /// Notes that a limit was met.
    pub fn meet(&mut self, limit: Limit) {
        self.met.add(limit);
    }

    pub fn take_limited(&mut self) -> Limits {
        let new = Limits(self.met.0 & !self.told.0);
        self.told = self.met;
        new
    }

    /// Takes out what was found since this was asked last.
    pub fn take_found(&mut self, last: bool) -> Found {
        self.flush();
        self.shown.take(last)
    }
}
