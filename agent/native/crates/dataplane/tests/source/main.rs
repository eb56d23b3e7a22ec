//! Capture files are read whole: every kind, every packing; what is cut or damaged loses nothing read before.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod captures;
mod cut;
mod formats;
mod packings;
mod pipes;
mod several;
