//! Capture filters: programs for the packet filter of BSD, as libpcap compiles them (McCanne and Jacobson, 1993).

mod machine;
mod program;

use hashbrown::HashMap;

pub use program::Instruction;
use program::Step;

use crate::model::Frame;

/// The link type under which stands what holds for each that is not named.
pub const ANY_OTHER: u32 = u32::MAX;

/// A pcap-filter(7) expression, compiled for each link type.
pub struct Filter {
    programs: HashMap<u32, Result<Vec<Step>, String>>,
}

impl Filter {
    /// Takes a program for each link type, or the sentence that says why the expression makes no sense on it.
    ///
    /// # Errors
    ///
    /// A sentence: a program is none. The compiler makes no such programs.
    pub fn new(programs: impl IntoIterator<Item = (u32, Result<Vec<Instruction>, String>)>) -> Result<Self, String> {
        let mut checked = HashMap::new();
        for (linktype, program) in programs {
            let program = match program {
                Ok(instructions) => {
                    Ok(program::check(&instructions).map_err(|why| format!("link type {linktype}: {why}"))?)
                }
                Err(sentence) => Err(sentence),
            };
            checked.insert(linktype, program);
        }
        Ok(Self { programs: checked })
    }

    /// Tells whether a frame passes.
    ///
    /// # Errors
    ///
    /// The sentence that says why the filter makes no sense on the frame's link type.
    pub fn matches(&self, frame: &Frame<'_>) -> Result<bool, &str> {
        match self.programs.get(&frame.linktype).or_else(|| self.programs.get(&ANY_OTHER)) {
            Some(Ok(program)) => Ok(machine::run(program, frame)),
            Some(Err(sentence)) => Err(sentence),
            None => Err("the filter is not compiled for a link type of the capture"),
        }
    }
}
