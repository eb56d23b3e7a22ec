//! Counts the packets of an interface until none has come for a while: what reading a ring costs by itself.
//!
//! `ringcount INTERFACE SECONDS_IDLE [RING_MIB [NETWORK…]]`: with networks at home, the kernel counts domestic packets.

use std::error::Error;
use std::net::IpAddr;
use std::time::{Duration, Instant};
use std::{env, fs};

use dataplane::capture::{Ring, RingConfig, Triage};
use dataplane::home::{Home, KeyRange};
use dataplane::model::Address;
use dataplane::source::Domestic;

const FIRST_PACKET: Duration = Duration::from_secs(20);

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = env::args().skip(1);
    let interface = words.next().ok_or("which interface?")?;
    let idle = Duration::try_from_secs_f64(words.next().map_or(Ok(1.0), |text| text.parse())?)?;
    let ring_bytes = words.next().map_or(Ok(64), |text| text.parse::<usize>())? << 20;
    let networks = words.map(|text| network(&text)).collect::<Result<Vec<_>, _>>()?;

    let config = RingConfig { interface, ring_bytes, ..RingConfig::default() };
    let mut rings = [Ring::open(&config)?];
    let home = Home::new(&networks, Vec::new());
    let mut triage = if networks.is_empty() { None } else { Some(Triage::start(&config, &rings, &home)?) };
    eprintln!("ready");
    let [ring] = &mut rings;
    let (packets, bytes) = count(ring, idle);

    let domestic = triage.as_mut().map_or_else(Domestic::default, Triage::domestic);
    let cpu = fs::read_to_string("/proc/self/schedstat")?.split(' ').next().unwrap_or_default().parse::<f64>()? / 1e9;
    println!(
        "{{\"recv\":{packets},\"bytes\":{bytes},\"domestic\":{},\"kernel_drops\":{},\"cpu\":{cpu:.3}}}",
        domestic.packets,
        ring.kernel_drops()
    );
    Ok(())
}

/// Reads until nothing has come for `idle`; returns packets and their bytes on the wire.
fn count(ring: &mut Ring, idle: Duration) -> (u64, u64) {
    let (mut packets, mut bytes, mut last) = (0, 0, Instant::now());
    loop {
        while let Some(mut block) = ring.next_block() {
            for frame in block.frames() {
                packets += 1;
                bytes += u64::from(frame.wire_len);
            }
            last = Instant::now();
        }
        if last.elapsed() > if packets == 0 { FIRST_PACKET } else { idle } {
            return (packets, bytes);
        }
        ring.wait(Duration::from_millis(100));
    }
}

/// A network, `10.0.0.0/8`, as the range of its keys.
fn network(text: &str) -> Result<KeyRange, Box<dyn Error>> {
    let (address, bits) = text.split_once('/').ok_or("a network has a length")?;
    let (address, width) = match address.parse()? {
        IpAddr::V4(v4) => (Address::v4(v4.octets()), 32),
        IpAddr::V6(v6) => (Address::v6(v6.octets()), 128u32),
    };
    let host_bits = width.checked_sub(bits.parse()?).ok_or("a network's length is too large")?;
    let first = u128::from_be_bytes(*address.key());
    let last = first | 1u128.checked_shl(host_bits).map_or(u128::MAX, |size| size - 1);
    Ok((first.to_be_bytes(), last.to_be_bytes()))
}
