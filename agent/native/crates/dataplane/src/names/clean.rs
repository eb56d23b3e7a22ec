//! Cleans text from the wire so that it may stand in JSON, a terminal and a metric.

use super::{List, Source, Text};

/// A value as its text column holds it; empty when nothing was told.
#[must_use]
pub fn text(_column: Text, value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

/// A value as its list column holds it; empty when nothing was told.
#[must_use]
pub fn entry(_column: List, value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

/// The name of a server as its column holds it; empty when nothing was told.
#[must_use]
pub fn server(value: &[u8], _source: Source) -> String {
    String::from_utf8_lossy(value).to_lowercase()
}
