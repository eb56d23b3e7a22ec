//! Reads capture files one after the other, filtered.

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::raw::STDIN;
use super::reading::{Reading, Rest};
use super::{Block, Filled, Source};
use crate::filter::Filter;

/// Bytes read or unpacked at a time: a few hundred frames, and still in the processor's second cache.
const NEAR: usize = 1 << 17;
/// The same, for several workers: a few thousand frames.
const SHARED: usize = 1 << 21;

/// Capture files, in order: pcap or pcapng, plain, gzip or zstd, files, pipes or standard input (`-`).
///
/// A file that breaks off does not keep the next from being read. The interface of a frame is its file's place.
pub struct Files {
    paths: Vec<PathBuf>,
    filter: Option<Filter>,
    stop: Arc<AtomicBool>,
    /// Bytes read or unpacked at a time.
    window: usize,
    /// The place of the file whose turn comes next.
    next: usize,
    reading: Option<Reading>,
    faults: Vec<String>,
    /// Bytes of the files that are done with.
    read_before: u64,
    total_bytes: u64,
}

impl Files {
    /// Looks into every regular file. Pipes are opened when their turn comes: there may be no writer yet.
    ///
    /// # Errors
    ///
    /// A sentence for each file that is no capture or cannot be read.
    pub fn open(paths: &[PathBuf], filter: Option<Filter>, stop: Arc<AtomicBool>) -> Result<Self, Vec<String>> {
        let refused = |path: &PathBuf| if waits(path) { None } else { look_into(path, &stop).err() };
        let refusals: Vec<String> = paths.iter().filter_map(refused).collect();
        if !refusals.is_empty() {
            return Err(refusals);
        }
        let sizes: Option<Vec<u64>> = paths.iter().map(|path| size_of(path)).collect();
        Ok(Self {
            paths: paths.to_vec(),
            filter,
            stop,
            window: NEAR,
            next: 0,
            reading: None,
            faults: Vec::new(),
            read_before: 0,
            total_bytes: sizes.map_or(0, |sizes| sizes.iter().sum()),
        })
    }

    /// Reads larger pieces, which are worth sharing out among workers.
    #[must_use]
    pub fn for_sharing(self) -> Self {
        Self { window: SHARED, ..self }
    }

    /// The file that is read, or the next one; None: there is none left.
    fn reading(&mut self) -> Option<Reading> {
        while self.reading.is_none() {
            let path = self.paths.get(self.next)?;
            let interface = u16::try_from(self.next).unwrap_or(u16::MAX);
            self.next += 1;
            match Reading::open(path, interface, self.window) {
                Ok(reading) => self.reading = Some(reading),
                Err(sentence) => self.faults.push(sentence),
            }
        }
        self.reading.take()
    }
}

impl Source for Files {
    fn fill(&mut self, block: &mut Block, limit: usize) -> Filled {
        if self.stop.load(Ordering::Relaxed) {
            return Filled::End;
        }
        let Some(mut reading) = self.reading() else { return Filled::End };
        let rest = reading.fill(block, limit.max(1), self.filter.as_ref());
        if rest == Ok(Rest::Some) {
            self.reading = Some(reading);
        } else {
            self.read_before += reading.read_bytes();
        }
        self.faults.extend(rest.err());
        Filled::More
    }

    fn faults(&mut self) -> Vec<String> {
        std::mem::take(&mut self.faults)
    }

    fn progress(&self) -> (u64, u64) {
        (self.read_before + self.reading.as_ref().map_or(0, Reading::read_bytes), self.total_bytes)
    }
}

/// Tells whether a file is standard input or a pipe: to read it is to take it away.
fn waits(path: &Path) -> bool {
    path == Path::new(STDIN) || fs::metadata(path).is_ok_and(|status| status.file_type().is_fifo())
}

fn look_into(path: &Path, stop: &AtomicBool) -> Result<(), String> {
    let mut reading = Reading::open(path, 0, NEAR)?;
    while !reading.begin()? && !stop.load(Ordering::Relaxed) {}
    Ok(())
}

/// The size of a regular file; None for what has none.
fn size_of(path: &Path) -> Option<u64> {
    let status = fs::metadata(path).ok()?;
    (path != Path::new(STDIN) && status.is_file()).then_some(status.len())
}
