//! Frames of an input, and what must hold of a packet whatever the frame.

use std::hint::black_box;
use std::sync::LazyLock;

use dataplane::decode::{Decoded, Fit};
use dataplane::home::Home;
use dataplane::model::{Address, Frame, Packet, SECOND_NS};

use crate::Input;

/// What the first byte of a frame chooses from, by its place.
pub const LINKTYPES: [u32; 17] = [1, 0, 9, 12, 14, 50, 51, 101, 104, 108, 113, 166, 204, 228, 229, 276, 127];

/// 10.0.0.0/8 and 2001:db8::/32 are at home.
pub static HOME: LazyLock<Home> = LazyLock::new(|| {
    let four = (*Address::v4([10, 0, 0, 0]).key(), *Address::v4([10, 255, 255, 255]).key());
    let six = 0x2001_0DB8_u128 << 96;
    Home::new(&[four, (six.to_be_bytes(), (six | u128::MAX >> 32).to_be_bytes())], Vec::new())
});

/// Where a frame stands: link type, bytes beyond the captured ones, how it fits.
pub fn head(input: &mut Input<'_>) -> (u32, u32, Fit) {
    let linktype = LINKTYPES[usize::from(input.u8()) % LINKTYPES.len()];
    let flags = input.u8();
    (linktype, u32::from(flags >> 1), if flags & 1 == 0 { Fit::Sliced } else { Fit::Whole })
}

/// The next frame of several: seconds since the one before, its place, its length in two bytes, and its bytes.
pub fn next<'a>(input: &mut Input<'a>, ts_ns: i64) -> Option<(Frame<'a>, Fit)> {
    if input.0.is_empty() {
        return None;
    }
    let ts_ns = ts_ns + i64::from(input.u8() as i8) * SECOND_NS;
    let (linktype, beyond, fit) = head(input);
    let size = input.u16();
    let data = input.take(size.into());
    Some((Frame { ts_ns, linktype, wire_len: data.len() as u32 + beyond, interface: 0, data }, fit))
}

/// Checks what was made of a frame.
pub fn check(decoded: &Decoded, frame: &Frame<'_>) {
    if let Decoded::Packet(packet) = decoded {
        check_packet(packet, frame);
    }
}

fn check_packet(packet: &Packet, frame: &Frame<'_>) {
    let (start, end) = (packet.payload.0 as usize, packet.payload.1 as usize);
    assert!(start <= end && end <= frame.data.len(), "payload outside of the frame: {packet:?}");
    assert!(packet.payload_bytes <= packet.ip_bytes, "more payload than packet: {packet:?}");
    assert!(end - start <= packet.payload_bytes as usize, "more captured than was sent: {packet:?}");
    assert_eq!(packet.src.is_v6(), packet.dst.is_v6());
    assert_eq!(packet.ts_ns, frame.ts_ns);
    black_box((HOME.scope(packet), packet.tunnel.text(), packet.vlan.text()));
}
