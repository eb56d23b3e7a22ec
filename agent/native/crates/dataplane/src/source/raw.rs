//! The bytes of a file or pipe as they come, counted; from a pipe they are waited for, but never long.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// The path that stands for standard input.
pub const STDIN: &str = "-";
/// How long a pipe is waited for at a time: how soon a source notices that it shall stop.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

/// What came of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// Bytes, or at least a step towards them.
    More,
    /// Nothing yet: ask again.
    Nothing,
    /// Nothing, and nothing will.
    End,
}

/// An open file or pipe.
pub struct Raw {
    handle: File,
    waits: bool,
    /// Bytes read so far.
    pub count: u64,
}

impl Raw {
    /// Opens a file or pipe, or standard input for `-`. A pipe without a writer is open too: it has nothing yet.
    ///
    /// # Errors
    ///
    /// A sentence: there is none, it is a directory, it may not be read.
    pub fn open(path: &Path) -> Result<Self, String> {
        let opened = if path == Path::new(STDIN) { stdin() } else { file(path) };
        let handle = opened.map_err(|error| sentence(&error))?;
        let status = handle.metadata().map_err(|error| sentence(&error))?;
        if status.is_dir() {
            return Err("is a directory, not a capture file".to_owned());
        }
        Ok(Self { handle, waits: !status.is_file(), count: 0 })
    }

    /// Reads what is there, at most the room that is left, behind the bytes that are there.
    ///
    /// # Errors
    ///
    /// A sentence: the disk or whatever is behind the file failed.
    pub fn read(&mut self, into: &mut Vec<u8>) -> Result<Came, String> {
        if self.waits && !self.ready().map_err(|errno| sentence(&errno.into()))? {
            return Ok(Came::Nothing);
        }
        match rustix::io::read(&self.handle, spare_capacity(into)) {
            Ok(0) => Ok(Came::End),
            Ok(size) => {
                self.count += size as u64;
                Ok(Came::More)
            }
            Err(Errno::INTR | Errno::AGAIN) => Ok(Came::Nothing),
            Err(errno) => Err(sentence(&errno.into())),
        }
    }

    fn ready(&self) -> Result<bool, Errno> {
        match poll(&mut [PollFd::new(&self.handle, PollFlags::IN)], Some(&PATIENCE)) {
            Err(Errno::INTR) => Ok(false),
            found => found.map(|count| count > 0),
        }
    }
}

fn stdin() -> io::Result<File> {
    io::stdin().as_fd().try_clone_to_owned().map(File::from)
}

/// Opening a pipe must not wait for its writer.
fn file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)
}

fn sentence(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "no permission to read it".to_owned(),
        _ => {
            let text = error.to_string();
            format!("cannot be read: {}", text.split(" (os error ").next().unwrap_or(&text))
        }
    }
}
