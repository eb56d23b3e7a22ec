//! The program the kernel judges packets by: domestic ones are counted and left out, all others come to the engine.
//!
//! It leaves out only what it is sure of: an IPv4 packet without options or an IPv6 packet without extension headers,
//! whole, its lengths sound, TCP, UDP, ICMP or ESP, no tunnel, no DNS answer, both ends at home or one that never
//! crosses. Whatever it does not understand passes.

use std::ffi::c_int;

use super::bpf::Operand::{Number, Of};
use super::bpf::Operation::{Add, And, Or, ShiftLeft, ShiftRight, Subtract};
use super::bpf::Register::{R0, R1, R2, R3, R4, R6, R7, R8, R9, R10};
use super::bpf::Test::{Above, AnyBit, Below, Equal, NotEqual};
use super::bpf::Width::{Byte, Double, Half, Word};
use super::bpf::{Assembler, Helper, Label, Register, Slot};
use super::octets::{BYTES, FURTHER, HALVES};
use super::prefixes::{ASK, AT_HOME, NEVER};
use crate::decode::tunnel;
use crate::model::proto;

/// What comes from here is overheard for names, also where it stays at home.
pub const DNS_PORT: u16 = 53;

/// Rows of the sums: packets with both ends at home, and with an end that never crosses.
pub const ROWS: u32 = 2;
/// What a row sums: packets, IP bytes, bytes on the wire.
pub const COLUMNS: usize = 3;

const ESP: u8 = 50; // read by no one, here or there: it has no ports (RFC 4303)

const VLANS: [u16; 5] = [0x8100, 0x88A8, 0x9100, 0x9200, 0x9300];
const TAGS_LIMIT: usize = 2; // beside the one that the kernel took off
const IPV4: i32 = 0x0800;
const IPV6: i32 = 0x86DD;

// struct __sk_buff (linux/bpf.h)
const LENGTH: i16 = 0;
const DIRECTION: i16 = 4;
const TAGGED: i16 = 20;

// The stack, below R10. An IPv6 address is looked up where it lies: the four bytes before it, which have been read by
// then, become its length in bits.
const HEADER: i16 = -40;
const TYPE: i16 = -48;
const ROW: i16 = -52;
const IP_BYTES: i16 = -64;

/// What the program looks things up in, by descriptor.
#[derive(Clone, Copy, Debug)]
pub struct Maps {
    pub v4: c_int,
    /// How many numbers are in the table of IPv4.
    pub v4_entries: usize,
    pub v6: c_int,
    pub sums: c_int,
}

/// What the program is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scene {
    /// Frames begin with an Ethernet header, else with the IP packet.
    pub ethernet: bool,
    /// Every packet is seen twice: what goes out is left out, uncounted.
    pub loopback: bool,
    /// Bytes to keep of what passes.
    pub snaplen: u32,
}

/// The program. R6: the packet; R7: where we are in it; R8: protocol; R9: bytes of the IP packet from there on.
#[must_use]
pub fn program(scene: Scene, maps: Maps) -> Option<Vec<Slot>> {
    let mut writer = Assembler::default();
    let code = &mut writer;
    let [pass, ip, v6, judged, count] = [(); 5].map(|()| code.label());
    code.set(R6, Of(R1));
    if scene.loopback {
        leave_out_outgoing(code);
    }
    if scene.ethernet {
        find_ip(code, ip, pass);
    } else {
        code.set(R7, Number(0));
    }
    code.place(ip);
    read_v4(code, maps, v6, pass);
    code.jump(judged);
    code.place(v6);
    read_v6(code, maps, pass);
    code.place(judged);
    judge_transport(code, count, pass);
    code.place(count);
    add_up(code, maps.sums, pass);
    code.place(pass);
    code.end(i32::try_from(scene.snaplen).unwrap_or(i32::MAX));
    writer.finish()
}

fn leave_out_outgoing(code: &mut Assembler) {
    let incoming = code.label();
    code.load(Word, R0, R6, DIRECTION);
    code.jump_if(R0, NotEqual, Number(i32::from(libc::PACKET_OUTGOING)), incoming);
    code.end(0);
    code.place(incoming);
}

/// Copies bytes of the packet, from where we are, onto the stack.
fn copy(code: &mut Assembler, to: i16, bytes: i32, pass: Label) {
    code.set(R1, Of(R6));
    code.set(R2, Of(R7));
    code.set(R3, Of(R10));
    code.calculate(Add, R3, Number(i32::from(to)));
    code.set(R4, Number(bytes));
    code.call(Helper::LoadBytes);
    code.jump_if(R0, NotEqual, Number(0), pass);
}

/// Reads two bytes of the stack as a number.
fn half(code: &mut Assembler, to: Register, at: i16) {
    code.load(Half, to, R10, at);
    code.from_network(to, 16);
}

/// Steps over the Ethernet header and VLAN tags.
fn find_ip(code: &mut Assembler, ip: Label, pass: Label) {
    code.set(R7, Number(12));
    for tags in 0..=TAGS_LIMIT {
        let tag = code.label();
        copy(code, TYPE, 2, pass);
        half(code, R1, TYPE);
        code.calculate(Add, R7, Number(2));
        code.jump_if(R1, Equal, Number(IPV4), ip);
        code.jump_if(R1, Equal, Number(IPV6), ip);
        if tags == TAGS_LIMIT {
            break;
        }
        VLANS.iter().for_each(|tpid| code.jump_if(R1, Equal, Number(i32::from(*tpid)), tag));
        code.jump(pass);
        code.place(tag);
        code.calculate(Add, R7, Number(2));
    }
    code.jump(pass);
}

/// Reads an IPv4 header without options, and judges its ends.
fn read_v4(code: &mut Assembler, maps: Maps, v6: Label, pass: Label) {
    copy(code, HEADER, 20, pass);
    code.load(Byte, R1, R10, HEADER);
    code.set(R2, Of(R1));
    code.calculate(ShiftRight, R2, Number(4));
    code.jump_if(R2, Equal, Number(6), v6);
    code.jump_if(R1, NotEqual, Number(0x45), pass);
    half(code, R9, HEADER + 2);
    code.jump_if(R9, Below, Number(20), pass); // 0 too: the network card was to fill it in
    half(code, R1, HEADER + 6);
    code.jump_if(R1, AnyBit, Number(0x3FFF), pass); // a fragment
    code.load(Byte, R8, R10, HEADER + 9);
    measure(code, pass);
    judge_ends(code, [HEADER + 12, HEADER + 16], pass, |code, address| step_through(code, maps, address, pass));
    code.calculate(Add, R7, Number(20));
    code.calculate(Subtract, R9, Number(20));
}

/// Reads an IPv6 header, and judges its ends. An extension header is a protocol like others that is not known.
fn read_v6(code: &mut Assembler, maps: Maps, pass: Label) {
    copy(code, HEADER, 40, pass);
    half(code, R9, HEADER + 4);
    code.jump_if(R9, Equal, Number(0), pass); // a jumbogram, or the network card was to fill it in
    code.calculate(Add, R9, Number(40));
    code.load(Byte, R8, R10, HEADER + 6);
    measure(code, pass);
    judge_ends(code, [HEADER + 8, HEADER + 24], pass, |code, address| look_up(code, maps.v6, address));
    code.calculate(Add, R7, Number(40));
    code.calculate(Subtract, R9, Number(40));
}

/// Keeps the length of the IP packet; passes one that is longer than its frame.
fn measure(code: &mut Assembler, pass: Label) {
    code.store(Double, R10, IP_BYTES, Of(R9));
    code.load(Word, R1, R6, LENGTH);
    code.calculate(Subtract, R1, Of(R7));
    code.jump_if(R9, Above, Of(R1), pass);
}

/// Decides as `Home::scope`; sets the row to count in.
fn judge_ends(
    code: &mut Assembler,
    [source, destination]: [i16; 2],
    pass: Label,
    look_up: impl Fn(&mut Assembler, i16),
) {
    let [never, decided] = [(); 2].map(|()| code.label());
    code.store(Word, R10, ROW, Number(0));
    look_up(code, source);
    code.store(Word, R10, TYPE, Of(R0));
    look_up(code, destination);
    code.load(Word, R1, R10, TYPE);
    code.set(R2, Of(R1));
    code.calculate(Or, R2, Of(R0));
    code.jump_if(R2, AnyBit, Number(ASK as i32), pass);
    code.calculate(And, R1, Of(R0));
    code.jump_if(R2, AnyBit, Number(NEVER as i32), never);
    code.jump_if(R1, AnyBit, Number(AT_HOME as i32), decided);
    code.jump(pass);
    code.place(never);
    code.store(Word, R10, ROW, Number(1));
    code.place(decided);
}

/// Sets R0 to what is known of an IPv4 address on the stack, as `Octets::look_up`.
fn step_through(code: &mut Assembler, maps: Maps, address: i16, pass: Label) {
    let known = code.label();
    code.load(Half, R0, R10, address);
    read_entry(code, maps);
    for byte in [address + 2, address + 3] {
        code.jump_if(R0, Below, Number(i32::from(FURTHER)), known);
        code.calculate(And, R0, Number(i32::from(!FURTHER)));
        code.calculate(ShiftLeft, R0, Number(BYTES.trailing_zeros() as i32));
        code.load(Byte, R1, R10, byte);
        code.calculate(Or, R0, Of(R1));
        code.calculate(Add, R0, Number(HALVES as i32));
        code.jump_if(R0, Above, Number(maps.v4_entries as i32 - 1), pass); // never; the verifier wants to see it
        read_entry(code, maps);
    }
    code.place(known);
}

/// Replaces the number of an entry by the entry.
fn read_entry(code: &mut Assembler, maps: Maps) {
    code.calculate(ShiftLeft, R0, Number(1));
    code.first_value(R1, maps.v4);
    code.calculate(Add, R1, Of(R0));
    code.load(Half, R0, R1, 0);
}

/// Sets R0 to what is known of an IPv6 address on the stack; nothing: 0.
fn look_up(code: &mut Assembler, tree: c_int, address: i16) {
    let unknown = code.label();
    code.store(Word, R10, address - 4, Number(128));
    code.map(R1, tree);
    code.set(R2, Of(R10));
    code.calculate(Add, R2, Number(i32::from(address - 4)));
    code.call(Helper::MapLookup);
    code.jump_if(R0, Equal, Number(0), unknown);
    code.load(Word, R0, R0, 0);
    code.place(unknown);
}

/// Passes what may carry a packet or names, what is unsound, and what is not known.
fn judge_transport(code: &mut Assembler, count: Label, pass: Label) {
    let [tcp, udp, icmp] = [(); 3].map(|()| code.label());
    let known = [(proto::TCP, tcp), (proto::UDP, udp), (proto::ICMP, icmp), (proto::ICMP6, icmp), (ESP, count)];
    for (protocol, reader) in known {
        code.jump_if(R8, Equal, Number(i32::from(protocol)), reader);
    }
    code.jump(pass);
    code.place(tcp);
    judge_tcp(code, count, pass);
    code.place(udp);
    judge_udp(code, count, pass);
    code.place(icmp);
    code.jump_if(R9, Below, Number(4), pass);
}

fn judge_tcp(code: &mut Assembler, count: Label, pass: Label) {
    code.jump_if(R9, Below, Number(20), pass);
    copy(code, HEADER, 14, pass);
    code.load(Byte, R1, R10, HEADER + 12);
    code.calculate(ShiftRight, R1, Number(4));
    code.jump_if(R1, Below, Number(5), pass);
    code.calculate(ShiftLeft, R1, Number(2));
    code.jump_if(R1, Above, Of(R9), pass); // the header goes on beyond the packet
    code.jump(count);
}

fn judge_udp(code: &mut Assembler, count: Label, pass: Label) {
    code.jump_if(R9, Below, Number(8), pass);
    copy(code, HEADER, 8, pass);
    half(code, R1, HEADER);
    half(code, R2, HEADER + 2);
    half(code, R3, HEADER + 4);
    code.jump_if(R1, Equal, Number(i32::from(DNS_PORT)), pass);
    for port in tunnel::PORTS {
        code.jump_if(R1, Equal, Number(i32::from(port)), pass);
        code.jump_if(R2, Equal, Number(i32::from(port)), pass);
    }
    code.jump_if(R3, Below, Number(8), pass); // 0 too: segmentation offload
    code.jump_if(R3, Above, Of(R9), pass);
    code.jump(count);
}

/// Adds the packet to its row, and leaves it out.
fn add_up(code: &mut Assembler, sums: c_int, pass: Label) {
    let untagged = code.label();
    code.map(R1, sums);
    code.set(R2, Of(R10));
    code.calculate(Add, R2, Number(i32::from(ROW)));
    code.call(Helper::MapLookup);
    code.jump_if(R0, Equal, Number(0), pass);
    code.set(R1, Number(1));
    code.add_to_memory(R0, 0, R1);
    code.load(Double, R1, R10, IP_BYTES);
    code.add_to_memory(R0, 8, R1);
    code.load(Word, R1, R6, LENGTH);
    code.load(Word, R2, R6, TAGGED);
    code.jump_if(R2, Equal, Number(0), untagged);
    code.calculate(Add, R1, Number(4)); // the tag that the kernel took off
    code.place(untagged);
    code.add_to_memory(R0, 16, R1);
    code.end(0);
}
