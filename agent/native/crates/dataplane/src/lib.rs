//! The data plane of Crossborder: packets in, one columnar batch of flow reports per tick out.
//!
//! The way through: a `source` fills blocks of frames, `decode` makes packets of them, the `flow` table counts them,
//! `inspect` and `apps` learn names from their payload, `engine` drives it all and closes the ticks. The contract is that of
//! `crossborder/engine/__init__.py`; the engine in Python, `portable`, is the oracle: the same capture gives the same reports.

pub mod apps;
pub mod books;
pub mod capture;
pub mod clock;
pub mod columns;
mod control;
mod crew;
pub mod decode;
pub mod engine;
pub mod evidence;
pub mod filter;
pub mod flow;
pub mod home;
pub mod inspect;
pub mod live;
pub mod model;
pub mod names;
pub mod pseudonyms;
pub mod reassembly;
pub mod report;
mod run;
pub mod search;
pub mod source;
pub mod worker;
