//! HTTP/1: heads, bodies and uploads are told however the stream is cut.
#![no_main]

use dataplane::apps::httptalk::HttpTalk;
use dataplane_fuzz::play::{Alone, check_cuts};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| check_cuts::<Alone<HttpTalk>>(data));
