//! The contents of flows that are listened to: how many there are, and the bytes they hold.

use super::Extra;
use crate::inspect::Content;

/// Counts contents as they come and go.
#[derive(Default)]
pub struct Listened {
    pub count: usize,
    /// Bytes of TCP segments that wait for those before them.
    pub held: usize,
}

impl Listened {
    /// Notes a content that is listened to from now on.
    pub fn begin(&mut self, content: Content) -> Box<Content> {
        self.count += 1;
        Box::new(content)
    }

    /// Lets the content of a flow go, if it has one; what detectors found stays.
    pub fn end(&mut self, extra: &mut Extra) {
        let Some(mut content) = extra.content.take() else { return };
        self.count -= 1;
        self.held -= content.held();
        extra.gather(&mut content, true);
    }
}
