//! Mail.

use super::talk::{Scene, Step, Talk};

/// To be written.
#[derive(Default)]
pub struct SmtpTalk {}

impl Talk for SmtpTalk {
    fn feed(&mut self, _scene: &mut Scene<'_>, _outward: bool, _data: &[u8]) -> Step {
        Step::Done
    }

    fn gap(&mut self, _scene: &mut Scene<'_>, _outward: bool) {}
}

/// To be written.
#[derive(Default)]
pub struct MailboxTalk {}

impl Talk for MailboxTalk {
    fn feed(&mut self, _scene: &mut Scene<'_>, _outward: bool, _data: &[u8]) -> Step {
        Step::Done
    }

    fn gap(&mut self, _scene: &mut Scene<'_>, _outward: bool) {}
}
