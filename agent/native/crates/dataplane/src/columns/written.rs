//! Addresses as text; the machinery of `fmt` would cost more than the rest of a report.

use std::fmt::Write as _;

use crate::model::Address;

/// Writes an address as text, as `inet_ntop` does: IPv4-compatible addresses (`::a.b.c.d`) in dots.
pub fn written<'a>(text: &'a mut String, address: &Address) -> &'a str {
    text.clear();
    let [head @ .., a, b, c, d] = address.key();
    let quad = [*a, *b, *c, *d];
    if !address.is_v6() {
        write_quad(text, quad);
    } else if *head == [0; 12] && (*a, *b) != (0, 0) {
        text.push_str("::");
        write_quad(text, quad);
    } else if head.starts_with(&[0; 10]) {
        let _ = write!(text, "{address}"); // mapped IPv4 and the like; into a string nothing fails
    } else {
        write_groups(text, u128::from_be_bytes(*address.key()));
    }
    text
}

fn write_quad(text: &mut String, quad: [u8; 4]) {
    for (at, byte) in quad.into_iter().enumerate() {
        if at > 0 {
            text.push('.');
        }
        if byte >= 100 {
            text.push(char::from(b'0' + byte / 100));
        }
        if byte >= 10 {
            text.push(char::from(b'0' + byte / 10 % 10));
        }
        text.push(char::from(b'0' + byte % 10));
    }
}

/// Writes groups of four digits, the first longest run of zero groups left out (RFC 5952 4.2).
fn write_groups(text: &mut String, address: u128) {
    let group = |at: usize| (address >> (112 - 16 * at)) as u16;
    let run = longest_run(group);
    let mut at = 0;
    while at < 8 {
        if at == run.start && run.len() > 1 {
            text.push_str("::");
            at = run.end;
            continue;
        }
        if at > 0 && (at != run.end || run.len() < 2) {
            text.push(':');
        }
        write_group(text, group(at));
        at += 1;
    }
}

fn longest_run(group: impl Fn(usize) -> u16) -> std::ops::Range<usize> {
    let (mut longest, mut start) = (0..0, 0);
    for at in 0..8 {
        if group(at) != 0 {
            start = at + 1;
        } else if at + 1 - start > longest.len() {
            longest = start..at + 1;
        }
    }
    longest
}

fn write_group(text: &mut String, group: u16) {
    let digits = (u16::BITS - group.leading_zeros()).div_ceil(4).max(1);
    for at in (0..digits).rev() {
        let digit = (group >> (4 * at) & 0xF) as u8;
        text.push(char::from(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }));
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_as_the_library_writes(groups in proptest::array::uniform8(prop_oneof![Just(0u16), Just(0u16), any::<u16>(), 0u16..300])) {
            let address = Ipv6Addr::from(groups);
            prop_assume!(groups[..5] != [0; 5]);
            let mut text = String::new();
            prop_assert_eq!(written(&mut text, &Address::v6(address.octets())), address.to_string());
        }
    }
}
