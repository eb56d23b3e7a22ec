//! Reads interfaces: rings of frames that the kernel fills, shared out among workers, domestic packets counted in the kernel.
//!
//! The only room with `unsafe`: system calls and memory shared with the kernel, each in a small file with a safe face.

pub mod bpf;
pub mod classic;
pub mod frames;
pub mod interface;
mod listener;
pub mod memory;
pub mod octets;
pub mod prefixes;
pub mod program;
pub mod ring;
mod shared;
mod socket;
pub mod triage;
pub mod verdict;

pub use listener::Listener;
pub use ring::{Ring, RingBlock, RingConfig, State};
pub use triage::Triage;
