//! Datagrams from the first on: protocol and names, told the same each time.
#![no_main]

use dataplane_fuzz::play::{Whole, lines, told};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let lines = lines(data);
    assert_eq!(told::<Whole<false>>(&lines, false), told::<Whole<false>>(&lines, false));
});
