//! TLS: the hellos and certificates of both sides are told however the stream is cut.
#![no_main]

use dataplane::apps::tlstalk::TlsTalk;
use dataplane_fuzz::play::{Alone, check_cuts};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| check_cuts::<Alone<TlsTalk>>(data));
