//! Searches the cleartext that leaves home for what detectors describe, in order and within bounds, and counts it.
//!
//! A detector is data (`rules/detectors`): a pattern or words, what must stand around a match, who checks its value, the
//! labels that make it sure. `crossborder/engine/portable/search` says the same in Python and finds the same.

mod bulk;
mod definition;
mod digits;
mod forms;
mod found;
mod label;
mod opening;
mod pattern;
mod plan;
mod reading;
mod register;
mod rows;
mod runs;
mod seek;
mod shown;
mod trigger;
mod validate;
mod words;

pub use definition::{Branch, Bulk, CODINGS, DEPTH, Definition, Detectors, Edges, Kind, LooksFor, Scores};
pub use found::{Detection, Found, Persons};
pub use label::fold;
pub use reading::{Body, Clear, Limit, Limits, MessageOf, Reading};
pub use register::{Fingerprints, Fuse, Layout, Register};
pub use shown::Shown;
pub use validate::{Grade, Validator};
