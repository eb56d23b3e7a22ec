//! Reads filter programs: each instruction is checked once, so that running it cannot go wrong.

/// Most instructions of a program.
const PROGRAM_LIMIT: usize = 1 << 20;
/// Numbers a program can keep while it runs.
pub const SCRATCH: usize = 16;

/// One instruction, laid out as libpcap and the kernel have it (`struct bpf_insn`, `sock_filter`).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    pub code: u16,
    /// Instructions to skip when a comparison holds.
    pub jt: u8,
    /// Instructions to skip when it does not.
    pub jf: u8,
    pub k: u32,
}

/// An instruction, checked: jumps say where they lead, scratch memory is there.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    Load(Width, Place),
    LoadA(Value),
    LoadX(Value),
    /// Four times the lower half of a byte: the length of an IPv4 header.
    LoadHeaderLength(u32),
    StoreA(usize),
    StoreX(usize),
    Calculate(Operation, Operand),
    Negate,
    Jump(usize),
    Branch {
        test: Test,
        operand: Operand,
        yes: usize,
        no: usize,
    },
    Return(Value),
    AToX,
    XToA,
}

#[derive(Clone, Copy, Debug)]
pub enum Width {
    Word,
    Half,
    Byte,
}

#[derive(Clone, Copy, Debug)]
pub enum Place {
    At(u32),
    /// So many bytes behind X.
    BehindX(u32),
}

#[derive(Clone, Copy, Debug)]
pub enum Value {
    Constant(u32),
    Scratch(usize),
    WireLength,
    A,
}

#[derive(Clone, Copy, Debug)]
pub enum Operand {
    Constant(u32),
    X,
}

#[derive(Clone, Copy, Debug)]
pub enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Or,
    And,
    Xor,
    ShiftLeft,
    ShiftRight,
}

#[derive(Clone, Copy, Debug)]
pub enum Test {
    Equal,
    Greater,
    GreaterOrEqual,
    AnyBit,
}

/// Checks a program.
///
/// # Errors
///
/// A sentence: what of it is wrong.
pub fn check(insns: &[Instruction]) -> Result<Vec<Step>, String> {
    if insns.len() > PROGRAM_LIMIT {
        return Err(format!("a filter program of {} instructions", insns.len()));
    }
    if insns.last().is_none_or(|insn| insn.code & 7 != class::RETURN) {
        return Err("a filter program that does not end".to_owned());
    }
    let step = |(at, insn): (usize, &Instruction)| {
        step(insn, at, insns.len()).ok_or_else(|| format!("instruction {at} of the filter program is none: {insn:?}"))
    };
    insns.iter().enumerate().map(step).collect()
}

/// The lowest three bits of a code.
mod class {
    pub const LOAD: u16 = 0;
    pub const LOAD_X: u16 = 1;
    pub const STORE: u16 = 2;
    pub const STORE_X: u16 = 3;
    pub const CALCULATE: u16 = 4;
    pub const JUMP: u16 = 5;
    pub const RETURN: u16 = 6;
    pub const MOVE: u16 = 7;
}

/// Reads an instruction at a place of a program of so many; None: it is none.
fn step(insn: &Instruction, at: usize, length: usize) -> Option<Step> {
    match insn.code & 7 {
        class::LOAD => load(insn),
        class::LOAD_X => load_x(insn),
        class::STORE if insn.code == class::STORE => Some(Step::StoreA(scratch(insn.k)?)),
        class::STORE_X if insn.code == class::STORE_X => Some(Step::StoreX(scratch(insn.k)?)),
        class::CALCULATE => calculate(insn),
        class::JUMP => jump(insn, at, length),
        class::RETURN => match insn.code {
            0x06 => Some(Step::Return(Value::Constant(insn.k))),
            0x16 => Some(Step::Return(Value::A)),
            _ => None,
        },
        class::MOVE => match insn.code {
            0x07 => Some(Step::AToX),
            0x87 => Some(Step::XToA),
            _ => None,
        },
        _ => None,
    }
}

fn load(insn: &Instruction) -> Option<Step> {
    let k = insn.k;
    Some(match insn.code {
        0x00 => Step::LoadA(Value::Constant(k)),
        0x60 => Step::LoadA(Value::Scratch(scratch(k)?)),
        0x80 => Step::LoadA(Value::WireLength),
        0x20 => Step::Load(Width::Word, Place::At(k)),
        0x28 => Step::Load(Width::Half, Place::At(k)),
        0x30 => Step::Load(Width::Byte, Place::At(k)),
        0x40 => Step::Load(Width::Word, Place::BehindX(k)),
        0x48 => Step::Load(Width::Half, Place::BehindX(k)),
        0x50 => Step::Load(Width::Byte, Place::BehindX(k)),
        _ => return None,
    })
}

fn load_x(insn: &Instruction) -> Option<Step> {
    Some(match insn.code {
        0x01 => Step::LoadX(Value::Constant(insn.k)),
        0x61 => Step::LoadX(Value::Scratch(scratch(insn.k)?)),
        0x81 => Step::LoadX(Value::WireLength),
        0xB1 => Step::LoadHeaderLength(insn.k),
        _ => return None,
    })
}

fn scratch(k: u32) -> Option<usize> {
    Some(k as usize).filter(|at| *at < SCRATCH)
}

fn operand(insn: &Instruction) -> Operand {
    if insn.code & 0x08 == 0 { Operand::Constant(insn.k) } else { Operand::X }
}

fn calculate(insn: &Instruction) -> Option<Step> {
    let operation = match insn.code & !0x08 {
        0x04 => Operation::Add,
        0x14 => Operation::Subtract,
        0x24 => Operation::Multiply,
        0x34 => Operation::Divide,
        0x44 => Operation::Or,
        0x54 => Operation::And,
        0x64 => Operation::ShiftLeft,
        0x74 => Operation::ShiftRight,
        0x84 => return Some(Step::Negate),
        0x94 => Operation::Modulo,
        0xA4 => Operation::Xor,
        _ => return None,
    };
    match (operation, operand(insn)) {
        (Operation::Divide | Operation::Modulo, Operand::Constant(0)) => None,
        (operation, operand) => Some(Step::Calculate(operation, operand)),
    }
}

fn jump(insn: &Instruction, at: usize, length: usize) -> Option<Step> {
    let within = |target: usize| Some(target).filter(|target| *target < length);
    if insn.code == 0x05 {
        // the one jump that may go back: its distance has a sign
        return Some(Step::Jump(within((at + 1).checked_add_signed(insn.k as i32 as isize)?)?));
    }
    let test = match insn.code & !0x08 {
        0x15 => Test::Equal,
        0x25 => Test::Greater,
        0x35 => Test::GreaterOrEqual,
        0x45 => Test::AnyBit,
        _ => return None,
    };
    let (yes, no) = (within(at + 1 + usize::from(insn.jt))?, within(at + 1 + usize::from(insn.jf))?);
    Some(Step::Branch { test, operand: operand(insn), yes, no })
}
