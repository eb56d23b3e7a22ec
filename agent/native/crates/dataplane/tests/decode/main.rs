//! Frames become packets: every link, header and tunnel is read, what cannot be read says why, whatever the bytes are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod fragments;
mod frames;
mod hostile;
mod ip;
mod link;
mod tunnel;
