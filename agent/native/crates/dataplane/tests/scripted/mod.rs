//! A wire that does as it is told, and an engine that listens to it.

use std::collections::VecDeque;
use std::sync::Arc;

use dataplane::decode::Fit;
use dataplane::engine::{Config, Control, Engine};
use dataplane::flow::table::Lifetimes;
use dataplane::home::Home;
use dataplane::model::{Address, SECOND_NS};
use dataplane::search::{Definition, Detectors, LooksFor};
use dataplane::source::{Block, Filled, Record, Source, Wire};

/// Blocks of frames, each with how full the room for them was.
pub type Script = Vec<(Vec<Vec<u8>>, f64)>;

/// A wire that hands over blocks of frames, each with how full the room was.
pub struct Scripted {
    blocks: VecDeque<(Vec<Vec<u8>>, f64)>,
    load: f64,
    now_ns: i64,
}

impl Source for Scripted {
    fn fill(&mut self, block: &mut Block, _limit: usize) -> Filled {
        let Some((frames, load)) = self.blocks.pop_front() else { return Filled::End };
        self.load = load;
        for data in frames {
            self.now_ns += 1000;
            let captured = data.len() as u32;
            let offset = block.owned.len() as u64;
            block.owned.extend(data);
            block.records.push(Record {
                ts_ns: self.now_ns,
                offset,
                captured,
                wire_len: captured,
                linktype: 1,
                interface: 0,
            });
        }
        self.now_ns += SECOND_NS; // each block is reported by itself
        Filled::More
    }

    fn faults(&mut self) -> Vec<String> {
        Vec::new()
    }

    fn progress(&self) -> (u64, u64) {
        (0, 0)
    }

    fn wire(&mut self) -> Option<&mut dyn Wire> {
        Some(self)
    }
}

impl Wire for Scripted {
    fn now_ns(&self) -> i64 {
        self.now_ns
    }

    fn load(&self) -> f64 {
        self.load
    }

    fn kernel_drops(&mut self) -> Vec<(u16, u64)> {
        Vec::new()
    }

    fn down(&self) -> Vec<u16> {
        Vec::new()
    }
}

/// Ports of a host.
const PORTS: usize = 60_000;

/// A segment of a flow's request, outward.
pub fn segment(flow: usize, seq: usize, payload: &[u8]) -> Vec<u8> {
    let mut frame = b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\0\x45\0".to_vec();
    frame.extend((40 + payload.len() as u16).to_be_bytes());
    frame.extend([0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, (flow / PORTS) as u8, 203, 0, 113, 9]);
    frame.extend((1024 + flow % PORTS).to_be_bytes().last_chunk::<2>().unwrap());
    frame.extend([0, 80]);
    frame.extend((seq as u32).to_be_bytes());
    frame.extend([0, 0, 0, 0, 0x50, 0x18, 1, 0, 0, 0, 0, 0]);
    frame.extend(payload);
    frame
}

/// An engine that reports each block by itself, and perhaps looks for a word.
pub fn engine(blocks: Script, detectors: bool) -> Engine {
    let home = Home::new(&[(*Address::v4([10, 0, 0, 0]).key(), *Address::v4([10, 255, 255, 255]).key())], Vec::new());
    let word = LooksFor::Literals(vec!["secret".into()]);
    let definition = Definition::alone("word", word);
    let config = Config {
        interfaces: vec!["va".into()],
        tick_ns: SECOND_NS,
        lifetimes: Lifetimes { idle_ns: 120 * SECOND_NS, active_ns: 3600 * SECOND_NS },
        max_flows: 1 << 20,
        report_all: false,
        community_seed: 0,
        fit: Fit::Whole,
        speed: 0.0,
        workers: 1,
        checksums: false,
    };
    let source = Scripted { blocks: blocks.into(), load: 0.0, now_ns: 1_700_000_000 * SECOND_NS };
    let detectors = detectors.then(|| Arc::new(Detectors::compile(vec![definition], [7; 32], 1 << 20).unwrap()));
    let control = Arc::new(Control::new(home, detectors, Arc::default()));
    Engine::new(config, control, Box::new(source), Arc::default()).unwrap()
}
