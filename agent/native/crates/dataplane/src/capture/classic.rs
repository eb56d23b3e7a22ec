//! Classic BPF: the programs every packet socket needs, beside the one a person's filter was compiled to.

use crate::filter::Instruction;

/// As many instructions as a program may have (BPF_MAXINSNS).
pub const PROGRAM_LIMIT: usize = 4096;

const RETURN: u16 = 0x06; // BPF_RET | BPF_K
const RETURN_A: u16 = 0x16;
const LOAD_WORD: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
const LOAD_WORD_X: u16 = 0x40; // BPF_LD | BPF_W | BPF_IND
const LOAD_HALF_X: u16 = 0x48;
const X_IS: u16 = 0x01; // BPF_LDX | BPF_IMM
const TO_X: u16 = 0x07; // BPF_MISC | BPF_TAX
const FROM_X: u16 = 0x87;
const ADD: u16 = 0x04; // BPF_ALU | BPF_ADD | BPF_K
const MULTIPLY: u16 = 0x24;
const SHIFT_RIGHT: u16 = 0x74;
const XOR_X: u16 = 0xAC;
const JUMP_IF: u16 = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const STORE: u16 = 0x02; // BPF_ST
const STORE_X: u16 = 0x03;
const A_IS: u16 = 0x00; // BPF_LD | BPF_IMM
const LOAD_STORED: u16 = 0x60; // BPF_LD | BPF_MEM
const X_STORED: u16 = 0x61; // BPF_LDX | BPF_MEM

const NETWORK: u32 = 0xFFF0_0000; // SKF_NET_OFF: counts from the network header, wherever the packet begins
const PROTOCOL: u32 = 0xFFFF_F000; // SKF_AD_OFF + SKF_AD_PROTOCOL: the EtherType behind what the kernel took off

const fn op(code: u16, k: u32) -> Instruction {
    Instruction { code, jt: 0, jf: 0, k }
}

const fn jump_if(k: u32, jt: u8, jf: u8) -> Instruction {
    Instruction { code: JUMP_IF, jt, jf, k }
}

/// Lets nothing through.
pub const NOTHING: [Instruction; 1] = [op(RETURN, 0)];

/// A filter that cuts each packet to so many bytes; all packets pass where no filter is given.
#[must_use]
pub fn cut_to(filter: &[Instruction], snaplen: u32) -> Vec<Instruction> {
    let cut = |mut instruction: Instruction| {
        if instruction.code == RETURN {
            instruction.k = instruction.k.min(snaplen);
        }
        instruction
    };
    match filter {
        [] => vec![op(RETURN, snaplen)],
        _ => filter.iter().copied().map(cut).collect(),
    }
}

/// Shares the packets of a group out: a hash of the two IP addresses that is the same in both directions, so that two
/// hosts' packets, fragments and tunnels all meet the same member. What is not IP goes to the first.
///
/// Sees up to two VLAN tags beside the one the kernel took off, and PPPoE sessions (RFC 2516). Addresses are found from
/// the network header, because the packet begins before it when it goes out and at it when it comes in.
#[must_use]
pub fn by_hosts() -> Vec<Instruction> {
    let step = |next_type: u32, header: u32| {
        [
            op(LOAD_HALF_X, NETWORK + next_type),
            op(STORE, 0),
            op(FROM_X, 0),
            op(ADD, header),
            op(TO_X, 0),
            op(LOAD_STORED, 0),
        ]
    };
    let mut program = vec![op(X_IS, 0), op(LOAD_WORD, PROTOCOL)];
    for _ in 0..2 {
        program.extend([jump_if(0x8100, 1, 0), jump_if(0x88A8, 0, 6)]);
        program.extend(step(2, 4));
    }
    program.push(jump_if(0x8864, 0, 6));
    program.extend(step(6, 8));
    let v4 = folded(&[12, 16]);
    let v6 = folded(&[8, 12, 16, 20, 24, 28, 32, 36]);
    let past_v4 = v4.len() as u8;
    // An EtherType or, behind PPPoE, PPP's number for the same.
    program.extend([jump_if(0x0800, 4, 0), jump_if(0x0021, 3, 0)]);
    program.extend([jump_if(0x86DD, past_v4 + 2, 0), jump_if(0x0057, past_v4 + 1, 0), op(RETURN, 0)]);
    program.extend(v4);
    program.extend(v6);
    program
}

/// Folds words of the header that X points to by exclusive or, and returns what is mixed of them.
fn folded(words: &[u32]) -> Vec<Instruction> {
    const OFFSET: u32 = 1;
    const SUM: u32 = 2;
    let mut program = vec![op(STORE_X, OFFSET), op(A_IS, 0), op(STORE, SUM)];
    for word in words {
        program.extend([op(X_STORED, OFFSET), op(LOAD_WORD_X, NETWORK + word)]);
        program.extend([op(X_STORED, SUM), op(XOR_X, 0), op(STORE, SUM)]);
    }
    // Multiplied by the golden ratio: the high bits depend on every bit of both addresses.
    program.extend([op(MULTIPLY, 0x9E37_79B1), op(SHIFT_RIGHT, 16), op(RETURN_A, 0)]);
    program
}
