//! Triage in the kernel: domestic packets of an interface are counted there and never come up.
//!
//! Holds only while everything domestic is to be counted and nothing else: not with `report all`, and not together with a
//! capture filter, because a socket has room for one program and what does not pass a filter must not be counted.

use std::io;
use std::mem::{replace, take};
use std::sync::{Arc, Weak};

use super::classic;
use super::interface::{self, LOOPBACK};
use super::prefixes::{Prefix, Tables};
use super::program::{PrefixTree, Program, Sums, Table};
use super::ring::{Ring, RingConfig};
use super::socket::PacketSocket;
use super::verdict::{self, COLUMNS, Maps, ROWS, Scene};
use crate::home::Home;
use crate::source::Domestic;

/// As many prefixes of IPv6 as the kernel shall hold for us.
pub const PREFIXES_LIMIT: usize = 1 << 18;

const RAW_IP: u32 = 101;
const ETHERNET: u32 = 1;

/// Triage of one interface: the program that its rings filter by, and what it counted.
#[derive(Debug)]
pub struct Triage {
    scene: Scene,
    /// The sockets of the rings; a ring that has been closed is none of ours any more.
    sockets: Vec<Weak<PacketSocket>>,
    now: Generation,
    /// What was replaced since the sums were read. A processor may still be running it: it is read once more.
    replaced: Vec<Generation>,
    /// What was replaced before the sums were read.
    leaving: Vec<Generation>,
    /// What programs counted that are gone, and how much has been told of all.
    gone: Domestic,
    told: Domestic,
}

/// A program and its sums, for one home.
#[derive(Debug)]
pub struct Generation {
    program: Program,
    sums: Sums<COLUMNS>,
}

impl Triage {
    /// Has all rings of an interface leave out what is domestic. Errors: why it cannot be; then all comes up as before.
    pub fn start(config: &RingConfig, rings: &[Ring], home: &Home) -> Result<Self, String> {
        Self::started(config, rings, home).map_err(|reason| {
            format!("interface {}: domestic packets are not counted in the kernel: {reason}", config.interface)
        })
    }

    fn started(config: &RingConfig, rings: &[Ring], home: &Home) -> Result<Self, String> {
        if !config.filter.is_empty() {
            return Err("there is a capture filter, and a socket takes one program".to_owned());
        }
        let hardware = rings.first().and_then(|ring| ring.socket().bound_to()).map(|(_, hardware)| hardware);
        let scene = scene_of(hardware.ok_or("the interface has gone")?, config.snaplen)?;
        let triage = Self {
            scene,
            sockets: rings.iter().map(|ring| Arc::downgrade(ring.socket())).collect(),
            now: Generation::new(scene, home)?,
            replaced: Vec::new(),
            leaving: Vec::new(),
            gone: Domestic::default(),
            told: Domestic::default(),
        };
        triage.attach()?;
        Ok(triage)
    }

    /// Judges by another home from now on. There is no moment in between in which nobody judges or both do.
    ///
    /// Errors: why it cannot be; then all comes up, for the engine to judge.
    pub fn set_home(&mut self, home: &Home) -> Result<(), String> {
        let next = Generation::new(self.scene, home).inspect_err(|_| self.detach())?;
        self.replaced.push(replace(&mut self.now, next));
        self.attach()
    }

    /// Judges for the rings of an interface that was removed and is back, as it did for those before.
    ///
    /// Errors: why it cannot be; then all comes up, for the engine to judge.
    pub fn follow(&mut self, rings: &[Ring]) -> Result<(), String> {
        let bound = rings.first().and_then(|ring| ring.socket().bound_to());
        let (_, hardware) = bound.ok_or("the interface has gone")?;
        if scene_of(hardware, self.scene.snaplen)? != self.scene {
            return Err("its frames are of another kind now".to_owned());
        }
        self.sockets = rings.iter().map(|ring| Arc::downgrade(ring.socket())).collect();
        self.attach()
    }

    /// What was left out since this was asked last.
    pub fn domestic(&mut self) -> Domestic {
        for generation in take(&mut self.leaving) {
            self.gone = self.gone.plus(generation.domestic());
        }
        self.leaving = take(&mut self.replaced);
        let alive = self.leaving.iter().chain([&self.now]);
        let sum = alive.fold(self.gone, |sum, generation| sum.plus(generation.domestic()));
        let since = sum.minus(self.told);
        self.told = sum;
        since
    }

    /// Has everything come up again; what was counted stays to be asked for.
    pub fn detach(&self) {
        for socket in self.sockets.iter().filter_map(Weak::upgrade) {
            socket.filter_by(&classic::cut_to(&[], self.scene.snaplen)).ok();
        }
    }

    fn attach(&self) -> Result<(), String> {
        let mut sockets = self.sockets.iter().filter_map(Weak::upgrade);
        let attached = sockets.try_for_each(|socket| socket.judge_by(&self.now.program));
        attached.map_err(|error| reason(&error)).inspect_err(|_| self.detach())
    }
}

impl Generation {
    /// Makes the maps and the program of a home. Errors: why the kernel would not have them.
    pub fn new(scene: Scene, home: &Home) -> Result<Self, String> {
        let tables = Tables::new(home);
        if tables.v6.len() > PREFIXES_LIMIT {
            return Err(format!("home has {} prefixes of IPv6, more than {PREFIXES_LIMIT}", tables.v6.len()));
        }
        let v4 = Table::new(tables.v4.entries()).map_err(|error| reason(&error))?;
        let v6 = tree(&tables.v6).map_err(|error| reason(&error))?;
        let sums = Sums::new(ROWS).map_err(|error| reason(&error))?;
        let v4_entries = tables.v4.entries().len();
        let maps = Maps { v4: v4.descriptor(), v4_entries, v6: v6.descriptor(), sums: sums.descriptor() };
        let code = verdict::program(scene, maps).ok_or("the program does not assemble")?;
        Ok(Self { program: Program::load(&code)?, sums }) // which keeps the tables from now on
    }

    /// What was counted so far.
    #[must_use]
    pub fn domestic(&self) -> Domestic {
        let rows = (0..ROWS).map(|row| self.sums.row(row).unwrap_or_default());
        rows.fold(Domestic::default(), |sum, [packets, ip_bytes, wire_bytes]| {
            sum.plus(Domestic { packets, ip_bytes, wire_bytes })
        })
    }

    #[must_use]
    pub const fn program(&self) -> &Program {
        &self.program
    }
}

fn scene_of(hardware: u16, snaplen: u32) -> Result<Scene, String> {
    let loopback = hardware == LOOPBACK;
    match interface::linktype(hardware) {
        ETHERNET => Ok(Scene { ethernet: true, loopback, snaplen }),
        RAW_IP => Ok(Scene { ethernet: false, loopback, snaplen }),
        _ => Err(format!("its frames are neither Ethernet nor IP (hardware type {hardware})")),
    }
}

fn tree(prefixes: &[Prefix]) -> io::Result<PrefixTree> {
    let tree = PrefixTree::new(prefixes.len())?;
    prefixes.iter().try_for_each(|prefix| tree.insert(prefix.address, prefix.bits, prefix.value))?;
    Ok(tree)
}

fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::EPERM) => "no permission for BPF programs: allow cap_bpf beside cap_net_raw".to_owned(),
        Some(libc::ENOSYS) => "this kernel has no BPF programs".to_owned(),
        _ => format!("the kernel refuses: {error}"),
    }
}
