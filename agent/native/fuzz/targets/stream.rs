//! A stream from its first byte: protocol, names and files are told however it is cut.
#![no_main]

use dataplane_fuzz::play::{Whole, check_cuts};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| check_cuts::<Whole<true>>(data));
