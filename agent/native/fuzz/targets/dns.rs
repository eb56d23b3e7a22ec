//! DNS: any message over UDP, and the same messages over TCP however the stream is cut.
#![no_main]

use dataplane::apps::dnstalk::{DnsDatagrams, DnsStream};
use dataplane_fuzz::play::{Alone, check_cuts, lines, told};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    told::<Alone<DnsDatagrams>>(&lines(data), false);
    check_cuts::<Alone<DnsStream>>(data);
});
