//! Prints what each frame of classic pcap files decodes to, one line a frame: for comparison with another decoder.
//!
//! `frames [whole|sliced] FILE…`, home being the private and the documentation networks.

use std::io::{self, BufWriter, Write};

use dataplane::decode::fragments::Fragments;
use dataplane::decode::{Decoded, Fit, decode};
use dataplane::home::{Home, KeyRange};
use dataplane::model::{Address, Frame, Packet};

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let fit = if arguments.next().as_deref() == Some("whole") { Fit::Whole } else { Fit::Sliced };
    let home = Home::new(&networks(), Vec::new());
    let mut out = BufWriter::new(io::stdout().lock());
    for path in arguments {
        writeln!(out, "{path}")?;
        print(&std::fs::read(path)?, &home, fit, &mut out)?;
    }
    out.flush()
}

/// Prints the frames of one file.
fn print(file: &[u8], home: &Home, fit: Fit, out: &mut impl Write) -> io::Result<()> {
    let mut fragments = Fragments::default();
    let mut joined = 0;
    for frame in frames(file) {
        let decoded = match decode(&frame, home, fit) {
            Decoded::Fragment => fragments.decode(&frame, home, fit),
            decoded => {
                // What is read without regard to order must not differ from what is read in order.
                let again = Fragments::default().decode(&frame, home, fit);
                assert_eq!(format!("{decoded:?}"), format!("{again:?}"));
                decoded
            }
        };
        joined += u32::from(fragments.reassembled().is_some());
        match decoded {
            Decoded::Packet(packet) => writeln!(out, "{}", line(&packet))?,
            Decoded::Dropped(reason) => writeln!(out, "{}", reason.name())?,
            Decoded::Fragment => writeln!(out, "left open")?,
        }
    }
    if joined > 0 {
        eprintln!("{joined} packets put together");
    }
    Ok(())
}

fn line(packet: &Packet) -> String {
    let Packet { ts_ns, src, dst, proto, sport, dport, ip_bytes, payload_bytes, tcp_flags, .. } = packet;
    let (seq, ack, captured) =
        (packet.tcp_seq, packet.tcp_ack, packet.payload.1 - packet.payload.0.min(packet.payload.1));
    let word = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let (vlan, tunnel, carries) =
        (packet.vlan.text(), packet.tunnel.text(), packet.carries.map(|t| t.word().to_owned()));
    format!(
        "{ts_ns} {src} {dst} {proto} {sport} {dport} {ip_bytes} {payload_bytes} {tcp_flags} {seq} {ack} {captured} {} {} {}",
        word(vlan),
        word(tunnel),
        word(carries),
    )
}

/// The frames of a classic pcap file, as far as they are whole.
fn frames(file: &[u8]) -> impl Iterator<Item = Frame<'_>> {
    let magic = file.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    let swapped = matches!(magic, 0xD4C3_B2A1 | 0x4D3C_B2A1);
    let unit = if matches!(magic, 0xA1B2_3C4D | 0x4D3C_B2A1) { 1 } else { 1000 };
    let number = move |at: usize| {
        let value = u32::from_le_bytes(*file.get(at..)?.first_chunk()?);
        Some(if swapped { value.swap_bytes() } else { value })
    };
    let linktype = number(20).unwrap_or_default() & 0x03FF_FFFF;
    let mut at = 24;
    std::iter::from_fn(move || {
        let (seconds, fraction, captured) = (number(at)?, number(at + 4)?, number(at + 8)? as usize);
        let data = file.get(at + 16..at + 16 + captured)?;
        let wire_len = number(at + 12)?.max(data.len() as u32);
        at += 16 + captured;
        let ts_ns = i64::from(seconds) * 1_000_000_000 + i64::from(fraction) * unit;
        Some(Frame { ts_ns, linktype, wire_len, interface: 0, data })
    })
}

fn networks() -> Vec<KeyRange> {
    let four = |net: [u8; 4], bits: u32| {
        let low = u32::from_be_bytes(net);
        (*Address::v4(net).key(), *Address::v4((low | u32::MAX >> bits).to_be_bytes()).key())
    };
    let six = |head: u16, next: u16, bits: u32| {
        let low = u128::from(head) << 112 | u128::from(next) << 96;
        (low.to_be_bytes(), (low | u128::MAX >> bits).to_be_bytes())
    };
    vec![
        four([10, 0, 0, 0], 8),
        four([172, 16, 0, 0], 12),
        four([192, 168, 0, 0], 16),
        four([100, 64, 0, 0], 10),
        four([192, 0, 2, 0], 24),
        four([198, 51, 100, 0], 24),
        four([203, 0, 113, 0], 24),
        six(0xFC00, 0, 7),
        six(0x2001, 0x0DB8, 32),
    ]
}
