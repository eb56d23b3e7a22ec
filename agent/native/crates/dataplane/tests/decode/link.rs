//! Every link layer is seen through, and says why when there is no IP packet in it.

use crate::frames::*;

#[test]
fn every_link_layer_is_seen_through() {
    let mpls = |labels: &[u8], ip: &[u8]| ethernet(0x8847, &join(&[labels, ip]));
    let ppp_type = |ip: &[u8]| if ip[0] >> 4 == 6 { [0x00, 0x57] } else { [0x00, 0x21] };
    let ip_type = |ip: &[u8]| if ip[0] >> 4 == 6 { 0x86DDu16 } else { 0x0800 };
    for ip in [four(), six()] {
        let (ethertype, ppp) = (ip_type(&ip), ppp_type(&ip));
        let session = join(&[&[0x11, 0, 0, 7], &((ip.len() + 2) as u16).to_be_bytes(), &ppp, &ip]);
        let cases: Vec<(&str, Vec<u8>, u32, Option<&str>)> = vec![
            ("ethernet", wire(&ip), 1, None),
            ("vlan", ethernet(0x8100, &tagged(10, ethertype, &ip)), 1, Some("10")),
            ("priority tag", ethernet(0x8100, &tagged(0xA000, ethertype, &ip)), 1, None),
            ("qinq", ethernet(0x8100, &tagged(10, 0x8100, &tagged(20, ethertype, &ip))), 1, Some("10.20")),
            ("802.1ad", ethernet(0x88A8, &tagged(10, 0x8100, &tagged(20, ethertype, &ip))), 1, Some("10.20")),
            ("pppoe", ethernet(0x8864, &session), 1, None),
            ("vlan and pppoe", ethernet(0x8100, &tagged(35, 0x8864, &session)), 1, Some("35")),
            ("mpls", mpls(&[0, 6, 0x40, 64, 0, 0xC, 0x81, 64], &ip), 1, None),
            ("snap", ethernet(80, &join(&[&[0xAA, 0xAA, 3, 0, 0, 0], &ethertype.to_be_bytes(), &ip])), 1, None),
            ("cooked", join(&[&[0; 14], &ethertype.to_be_bytes(), &ip]), 113, None),
            ("cooked with vlan", join(&[&[0; 14], &[0x81, 0], &tagged(10, ethertype, &ip)]), 113, Some("10")),
            ("cooked 2", join(&[&ethertype.to_be_bytes(), &[0; 18], &ip]), 276, None),
            ("ppp", join(&[&ppp, &ip]), 9, None),
            ("ppp with address", join(&[&[0xFF, 3], &ppp, &ip]), 9, None),
            ("ppp serial", join(&[&[0xFF, 3], &ppp, &ip]), 50, None),
            ("ppp compressed", join(&[&ppp[1..], &ip]), 9, None),
            ("cisco", join(&[&[0x0F, 0], &ethertype.to_be_bytes(), &ip]), 104, None),
            ("pppd", join(&[&[0, 3], &ppp, &ip]), 166, None),
            ("ppp with direction", join(&[&[1, 0xFF, 3], &ppp, &ip]), 204, None),
            ("pppoe session", session.clone(), 51, None),
            ("raw", ip.clone(), 101, None),
            ("raw bsd", ip.clone(), 12, None),
        ];
        for (name, data, linktype, vlan) in cases {
            let (packet, payload) = packet_of(&data, linktype);
            assert_eq!(ends(&packet).4, 443, "{name}");
            assert_eq!((packet.vlan.text().as_deref(), packet.tunnel.text()), (vlan, None), "{name}");
            assert_eq!((payload.as_slice(), packet.ip_bytes as usize), (BODY, ip.len()), "{name}");
            assert_eq!((packet.tcp_flags, packet.tcp_seq, packet.payload_bytes as usize), (0x18, 7, BODY.len()));
        }
    }
}

#[test]
fn bsd_loopback_comes_in_both_byte_orders() {
    for (family, linktype, ip) in [
        ([2, 0, 0, 0], 0, four()),
        ([0, 0, 0, 2], 108, four()),
        ([30, 0, 0, 0], 0, six()),
        ([0, 0, 0, 24], 0, six()),
        ([10, 0, 0, 0], 0, six()),
    ] {
        assert_eq!(packet_of(&join(&[&family, &ip]), linktype).1, BODY);
    }
    assert_eq!(reason(&join(&[&[7, 0, 0, 0], &four()]), 0), "not_ip");
}

#[test]
fn an_ethernet_pseudo_wire_is_told_from_ip() {
    for first in [0x02, 0x45, 0x60, 0x00] {
        for control in [&[][..], &[0; 4], &[0, 0, 0, 7]] {
            for ip in [four(), six()] {
                let mut inside = ethernet(0x8100, &tagged(7, if ip[0] >> 4 == 6 { 0x86DD } else { 0x0800 }, &ip));
                inside[0] = first;
                let (packet, payload) = packet_of(&ethernet(0x8847, &join(&[&[0, 6, 0x41, 64], control, &inside])), 1);
                assert_eq!((payload.as_slice(), packet.vlan.text().as_deref()), (BODY, Some("7")));
            }
        }
    }
}

#[test]
fn the_outermost_vlans_are_kept() {
    let mut body = tagged(70, 0x0800, &four());
    for id in [60, 50, 40, 30, 20, 0, 10] {
        body = tagged(id, 0x8100, &body);
    }
    let (packet, payload) = packet_of(&ethernet(0x8100, &body), 1);
    assert_eq!((packet.vlan.text().as_deref(), payload.as_slice()), (Some("10.20.30.40.50"), BODY));
}

#[test]
fn what_cannot_be_read_says_why() {
    let malformed = |at: usize, byte: u8| {
        let mut data = wire(&four());
        data[14 + at] = byte;
        data
    };
    let transport = |proto: u8, body: &[u8]| wire(&ipv4(LOCAL, REMOTE, proto, body));
    let udp_length = |length: u8| {
        let mut data = transport(17, &udp(1, 2, &[]));
        data[39] = length;
        data
    };
    for (data, linktype, expected) in [
        (wire(&four())[..10].to_vec(), 1, "truncated_link"),
        (Vec::new(), 1, "truncated_link"),
        (ethernet(0x8100, &[0, 1]), 1, "truncated_link"),
        (ethernet(0x0806, &[0; 28]), 1, "not_ip"),
        (ethernet(38, &[0x42, 0x42, 3, 0]), 1, "not_ip"),
        (ethernet(0x8864, &[0x11, 9, 0, 0, 0, 0, 0, 0]), 1, "not_ip"),
        (ethernet(0x8864, &[0x11, 0, 0, 0, 0, 0, 0xC0, 0x21]), 1, "not_ip"),
        (wire(&four()), 127, "link_type"),
        (wire(&four()), u32::MAX, "link_type"),
        (ethernet(0x0800, &[0x45, 0, 0]), 1, "truncated_ip"),
        (ethernet(0x0800, &[0x75; 40]), 1, "malformed_ip"),
        (malformed(0, 0x44), 1, "malformed_ip"),
        (malformed(3, 19), 1, "malformed_ip"),
        (ethernet(0x0800, &join(&[&[0x4F, 0, 0, 60], &[0; 16]])), 1, "truncated_ip"),
        (ethernet(0x86DD, &[0x60; 20]), 1, "truncated_ip"),
        (malformed(32, 0x40), 1, "malformed_transport"),
        (malformed(32, 0xF0), 1, "malformed_transport"),
        (udp_length(7), 1, "malformed_transport"),
        (udp_length(99), 1, "malformed_transport"),
        (transport(6, &[0; 19]), 1, "truncated_transport"),
        (transport(17, &[0; 7]), 1, "truncated_transport"),
        (transport(132, &[0; 11]), 1, "truncated_transport"),
        (transport(1, &[0; 3]), 1, "truncated_transport"),
    ] {
        assert_eq!(reason(&data, linktype), expected, "{data:02x?}");
    }
}

#[test]
fn headers_in_headers_are_bounded() {
    let (mut tags, mut labels, mut options) = (tagged(1, 0x0800, &four()), four(), (17, udp(1, 2, BODY)));
    for _ in 0..17 {
        tags = tagged(1, 0x8100, &tags);
        labels = join(&[&[0, 0, 0, 64], &labels]);
        options = (60, join(&[&[options.0, 0, 1, 4, 0, 0, 0, 0], &options.1]));
    }
    assert_eq!(reason(&ethernet(0x8100, &tags), 1), "nesting");
    assert_eq!(reason(&ethernet(0x8847, &labels), 1), "nesting");
    assert_eq!(reason(&wire(&ipv6(LOCAL6, REMOTE6, options.0, &options.1)), 1), "nesting");
}
