//! Tunnels are opened when they are sound, and never hide a crossing.

use dataplane::decode::TUNNEL_LIMIT;
use dataplane::model::Tunnel;

use crate::frames::*;

const GRE: u8 = 47;
const UDP: u8 = 17;
const L2TP: u8 = 115;
const VXLAN: [u8; 8] = [8, 0, 0, 0, 0, 0, 7, 0];

fn gre(flags: u16, ethertype: u16, fields: &[u8], inside: &[u8]) -> Vec<u8> {
    join(&[&flags.to_be_bytes(), &ethertype.to_be_bytes(), fields, inside])
}

fn vxlan(inside: &[u8]) -> Vec<u8> {
    udp(50000, 4789, &join(&[&VXLAN, inside]))
}

fn geneve(options: &[u8], ethertype: u16, inside: &[u8]) -> Vec<u8> {
    let head = [(options.len() / 4) as u8, 0];
    udp(50000, 6081, &join(&[&head, &ethertype.to_be_bytes(), &[0, 0, 7, 0], options, inside]))
}

fn gtp(flags: u8, fields: &[u8], inside: &[u8]) -> Vec<u8> {
    let length = ((fields.len() + inside.len()) as u16).to_be_bytes();
    udp(2152, 2152, &join(&[&[0x30 | flags, 0xFF], &length, &[0, 0, 0, 7], fields, inside]))
}

fn l2tp(flags: u16, fields: &[u16], inside: &[u8]) -> Vec<u8> {
    let fields: Vec<u8> = fields.iter().flat_map(|field| field.to_be_bytes()).collect();
    udp(1701, 1701, &join(&[&flags.to_be_bytes(), &fields, inside]))
}

/// A packet of a Teredo client at home.
fn teredo() -> Vec<u8> {
    let address = [0x20, 1, 0, 0, 0xC6, 0x33, 0x64, 1, 0, 0, 0xFB, 0xFF, !10, !1, !0, !5];
    ipv6(address, REMOTE6, UDP, &udp(1, 2, BODY))
}

#[test]
fn tunnels_are_opened() {
    let (four, six, bridged) = (inner(), inner6(), wire(&inner()));
    let ppp = join(&[&[0xFF, 3, 0, 0x21], &four]);
    let authentication = join(&[&[0, 1, 2, 3], &[0; 14], &[0; 8], &teredo()]);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("gre", outer(GRE, &gre(0, 0x0800, &[], &four))),
        ("gre", outer(GRE, &gre(0xB000, 0x0800, &[0; 12], &four))),
        ("gre", outer6(GRE, &gre(0, 0x86DD, &[], &six))),
        ("gre", outer(GRE, &gre(0, BRIDGED, &[], &bridged))),
        ("gre", outer(GRE, &gre(0, 0x8847, &[0, 0, 0x11, 64], &four))),
        ("pptp", outer(GRE, &gre(0x3081, 0x880B, &[0; 12], &ppp))),
        ("erspan", outer(GRE, &gre(0, 0x88BE, &[], &bridged))),
        ("erspan", outer(GRE, &gre(0x1000, 0x88BE, &[0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0], &bridged))),
        ("erspan", outer(GRE, &gre(0x1000, 0x22EB, &[0; 16], &bridged))),
        ("erspan", outer(GRE, &gre(0x1000, 0x22EB, &join(&[&[0; 15], &[1], &[0; 8]]), &bridged))),
        ("ipip", outer(4, &four)),
        ("6in4", outer(41, &six)),
        ("4in6", outer6(4, &four)),
        ("6in6", outer6(41, &six)),
        ("vxlan", outer(UDP, &vxlan(&bridged))),
        ("vxlan", outer(UDP, &udp(50000, 8472, &join(&[&VXLAN, &bridged])))),
        ("geneve", outer(UDP, &geneve(&[], BRIDGED, &bridged))),
        ("geneve", outer(UDP, &geneve(&[0; 8], BRIDGED, &bridged))),
        ("geneve", outer(UDP, &geneve(&[], 0x0800, &four))),
        ("gtp", outer(UDP, &gtp(0, &[], &four))),
        ("gtp", outer(UDP, &gtp(0, &[], &six))),
        ("gtp", outer(UDP, &gtp(2, &[0, 1, 0, 0], &four))),
        ("gtp", outer(UDP, &gtp(4, &[0, 1, 0, 0x85, 1, 0, 0, 0x85, 1, 0, 0, 0], &four))),
        ("teredo", outer(UDP, &udp(3544, 50000, &teredo()))),
        ("teredo", outer(UDP, &udp(50000, 3544, &teredo()))),
        ("teredo", outer(UDP, &udp(3544, 50000, &join(&[&[0; 8], &teredo()])))),
        ("teredo", outer(UDP, &udp(3544, 50000, &authentication))),
        ("l2tp", outer(UDP, &l2tp(0x0002, &[7, 9], &ppp))),
        ("l2tp", outer(UDP, &l2tp(0x4002, &[8 + ppp.len() as u16, 7, 9], &ppp))),
        ("l2tp", outer(UDP, &l2tp(0x4B02, &[16 + ppp.len() as u16, 7, 9, 1, 2, 2, 0], &ppp))),
        ("l2tp", outer(UDP, &l2tp(0x0002, &[7, 9], &join(&[&[0x57], &six])))),
        ("l2tp", outer(UDP, &udp(1701, 50000, &join(&[&[0, 2, 0, 7, 0, 9], &ppp])))),
        ("l2tp", outer(L2TP, &join(&[&[0, 0, 0, 7], &bridged]))),
        ("l2tp", outer(L2TP, &join(&[&[0, 0, 0, 7, 0x40, 0, 0, 1], &bridged]))),
        ("l2tp", outer(UDP, &l2tp(0x0003, &[0, 0, 7], &bridged))),
        ("vxlan/gre", outer(UDP, &vxlan(&wire(&outer(GRE, &gre(0, 0x0800, &[], &four)))))),
    ];
    for (word, whole) in cases {
        let (packet, payload) = packet_of(&wire(&whole), 1);
        assert_eq!(packet.tunnel.text().as_deref(), Some(word));
        assert_eq!((packet.sport, packet.dport, payload.as_slice(), packet.carries), (1, 2, BODY, None), "{word}");
        let inside = if packet.src.is_v6() { &six } else { &four };
        assert_eq!(packet.ip_bytes as usize, inside.len());
    }
}

#[test]
fn what_is_no_sound_tunnel_counts_as_itself() {
    let bridged = wire(&inner());
    let ppp = join(&[&[0xFF, 3, 0, 0x21], &inner()]);
    let mut forged = inner();
    forged[2] = 9;
    for (name, proto, body) in [
        ("vxlan without its flag", UDP, udp(1, 4789, &join(&[&[0, 0, 0, 0, 0, 0, 7, 0], &bridged]))),
        ("vxlan of linux with reserved bits", UDP, udp(1, 8472, &join(&[&[8, 0, 0, 1, 0, 0, 0, 0], &bridged]))),
        ("vxlan that answers", UDP, udp(4789, 1, &join(&[&VXLAN, &bridged]))),
        ("vxlan with arp", UDP, vxlan(&ethernet(0x0806, &[0; 28]))),
        ("geneve of another version", UDP, udp(1, 6081, &join(&[&[0x40, 0, 0x65, 0x58, 0, 0, 7, 0], &bridged]))),
        ("geneve with options beyond the end", UDP, udp(1, 6081, &[0x3F, 0, 0x65, 0x58, 0, 0, 7, 0])),
        ("gtp control", UDP, udp(2152, 2152, &[0x30, 1, 0, 0, 0, 0, 0, 0])),
        ("gtp that holds no ip", UDP, gtp(0, &[], &[0; 8])),
        ("gtp with an extension of no length", UDP, gtp(4, &[0, 1, 0, 0x85, 0, 0, 0, 0], &inner())),
        ("gtp too short", UDP, udp(2152, 2152, &[0x30, 0xFF])),
        ("dns on such a port", UDP, udp(53, 4789, &[8, 0x34, 0x81, 0x80, 0, 0, 0, 0, 0, 0, 0, 0])),
        ("teredo between addresses that are none", UDP, udp(3544, 1, &inner6())),
        ("teredo that is cut off", UDP, udp(3544, 1, &teredo()[..39])),
        ("teredo with an authentication beyond the end", UDP, udp(3544, 1, &join(&[&[0, 1, 255, 255], &teredo()]))),
        ("l2tp control", UDP, l2tp(0xC802, &[8 + ppp.len() as u16, 7, 0, 1, 2], &ppp)),
        ("l2tp with reserved bits", UDP, l2tp(0x0012, &[7, 9], &ppp)),
        ("l2tp of another version", UDP, l2tp(0x0001, &[7, 9], &ppp)),
        ("l2tp whose length ends before its payload", UDP, l2tp(0x4002, &[8, 7, 9], &ppp)),
        ("l2tp with an offset beyond the end", UDP, l2tp(0x0202, &[7, 9, 0xFFFF], &ppp)),
        ("l2tp 3 control", UDP, l2tp(0x0003, &[0, 0, 0], &bridged)),
        ("l2tp 3 of what cannot be told", L2TP, join(&[&[0, 0, 0, 7], &inner()])),
        ("gre keepalive", GRE, gre(0, 0, &[], &[])),
        ("gre of another version", GRE, gre(3, 0x0800, &[], &inner())),
        ("gre with source routes", GRE, gre(0x4000, 0x0800, &[0; 4], &inner())),
        ("pptp acknowledgement", GRE, gre(0x2081, 0x880B, &[0; 8], &[])),
        ("gre cut off", GRE, vec![0x20, 0]),
        ("ipip that is longer than what is around it", 4, forged),
    ] {
        let whole = outer(proto, &body);
        let (packet, _) = packet_of(&wire(&whole), 1);
        assert_eq!((packet.dst.to_string().as_str(), packet.proto), ("203.0.113.9", proto), "{name}");
        assert_eq!(
            (packet.tunnel.text(), packet.ip_bytes as usize, packet.carries),
            (None, whole.len(), None),
            "{name}"
        );
    }
}

#[test]
fn a_tunnel_abroad_with_private_addresses_inside_is_seen() {
    let hidden = outer(GRE, &gre(0, 0x0800, &[], &ipv4(LOCAL, LOCAL2, UDP, &udp(1, 2, BODY))));
    let (packet, _) = packet_of(&wire(&hidden), 1);
    assert_eq!((packet.proto, packet.tunnel.text(), packet.carries), (GRE, None, Some(Tunnel::Gre)));
    assert_eq!(packet.ip_bytes as usize, hidden.len());
}

#[test]
fn who_asks_for_a_teredo_address_is_seen() {
    let (mut link_local, mut routers) = ([0; 16], [0; 16]);
    (link_local[0], link_local[1], routers[0], routers[1], routers[15]) = (0xFE, 0x80, 0xFF, 2, 2);
    let asking = ipv6(link_local, routers, 58, &[133, 0, 0, 0, 0, 0, 0, 0]);
    let authentication = join(&[&[0, 1, 0, 0], &[0; 9], &asking]);
    let (packet, _) = packet_of(&wire(&outer(UDP, &udp(50000, 3544, &authentication))), 1);
    assert_eq!((packet.dport, packet.tunnel.text(), packet.carries), (3544, None, Some(Tunnel::Teredo)));
}

#[test]
fn a_tunnel_at_home_shows_who_really_talks() {
    let inside = ethernet(0x8100, &tagged(30, 0x0800, &inner()));
    let around = ipv4(LOCAL, LOCAL2, UDP, &vxlan(&inside));
    let (packet, _) = packet_of(&ethernet(0x8100, &tagged(10, 0x0800, &around)), 1);
    assert_eq!(packet.dst.to_string(), "198.51.100.7");
    assert_eq!((packet.tunnel.text().as_deref(), packet.vlan.text().as_deref()), (Some("vxlan"), Some("30")));
}

#[test]
fn tunnels_in_tunnels_are_looked_into_to_a_limit() {
    let deep = (0..TUNNEL_LIMIT + 3).fold(inner(), |inside, _| outer(4, &inside));
    let (packet, _) = packet_of(&wire(&deep), 1);
    assert_eq!(packet.tunnel.text(), Some(["ipip"; TUNNEL_LIMIT].join("/")));
    assert_eq!((packet.dst.to_string().as_str(), packet.proto), ("203.0.113.9", 4));
}
