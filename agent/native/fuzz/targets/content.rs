//! Bodies in all their layers: nothing panics, and what is found does not depend on how they are cut.
#![no_main]

use dataplane_fuzz::content::check_cuts;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| check_cuts(data));
