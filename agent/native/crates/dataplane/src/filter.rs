//! Runs capture filters: programs for the packet filter of BSD, as libpcap compiles them (McCanne and Jacobson, 1993).

use std::collections::HashMap;

use crate::model::Frame;

/// The link type under which stands what holds for each that is not named.
pub const ANY_OTHER: u32 = u32::MAX;

/// Most instructions of a program.
const PROGRAM_LIMIT: usize = 1 << 20;
/// Most instructions run on a frame: `ip6 protochain` goes back, and a frame decides how often.
const STEP_LIMIT: usize = 1 << 18;
const SCRATCH: usize = 16;

/// One instruction as libpcap has it (`struct bpf_insn`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Insn {
    pub code: u16,
    pub jt: u8,
    pub jf: u8,
    pub k: u32,
}

/// A pcap-filter(7) expression, compiled for each link type.
pub struct Filter {
    programs: HashMap<u32, Result<Vec<Step>, String>>,
}

/// An instruction, checked: jumps say where they lead, scratch memory is there.
#[derive(Clone, Copy, Debug)]
enum Step {
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
enum Width {
    Word,
    Half,
    Byte,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    At(u32),
    /// So many bytes behind X.
    BehindX(u32),
}

#[derive(Clone, Copy, Debug)]
enum Value {
    Constant(u32),
    Scratch(usize),
    WireLength,
    A,
}

#[derive(Clone, Copy, Debug)]
enum Operand {
    Constant(u32),
    X,
}

#[derive(Clone, Copy, Debug)]
enum Operation {
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
enum Test {
    Equal,
    Greater,
    GreaterOrEqual,
    AnyBit,
}

impl Filter {
    /// Takes a program for each link type, or the sentence that says why the expression makes no sense on it.
    ///
    /// # Errors
    ///
    /// A sentence: a program is none. The compiler makes no such programs.
    pub fn new(programs: HashMap<u32, Result<Vec<Insn>, String>>) -> Result<Self, String> {
        let checked = programs.into_iter().map(|(linktype, program)| match program {
            Ok(insns) => Ok((linktype, Ok(check(&insns).map_err(|why| format!("link type {linktype}: {why}"))?))),
            Err(sentence) => Ok((linktype, Err(sentence))),
        });
        Ok(Self { programs: checked.collect::<Result<_, String>>()? })
    }

    /// Tells whether a frame passes.
    ///
    /// # Errors
    ///
    /// The sentence that says why the filter makes no sense on the frame's link type.
    pub fn matches(&self, frame: &Frame<'_>) -> Result<bool, &str> {
        match self.programs.get(&frame.linktype).or_else(|| self.programs.get(&ANY_OTHER)) {
            Some(Ok(program)) => Ok(run(program, frame)),
            Some(Err(sentence)) => Err(sentence),
            None => Err("the filter is not compiled for a link type of the capture"),
        }
    }
}

fn check(insns: &[Insn]) -> Result<Vec<Step>, String> {
    if insns.len() > PROGRAM_LIMIT {
        return Err(format!("a filter program of {} instructions", insns.len()));
    }
    if insns.last().is_none_or(|insn| insn.code & 7 != class::RETURN) {
        return Err("a filter program that does not end".to_owned());
    }
    let step = |(at, insn): (usize, &Insn)| {
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
fn step(insn: &Insn, at: usize, length: usize) -> Option<Step> {
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

fn load(insn: &Insn) -> Option<Step> {
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

fn load_x(insn: &Insn) -> Option<Step> {
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

fn operand(insn: &Insn) -> Operand {
    if insn.code & 0x08 == 0 { Operand::Constant(insn.k) } else { Operand::X }
}

fn calculate(insn: &Insn) -> Option<Step> {
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

fn jump(insn: &Insn, at: usize, length: usize) -> Option<Step> {
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

/// The registers while a program runs.
struct Machine<'a> {
    frame: &'a Frame<'a>,
    a: u32,
    x: u32,
    scratch: [u32; SCRATCH],
}

fn run(program: &[Step], frame: &Frame<'_>) -> bool {
    let mut machine = Machine { frame, a: 0, x: 0, scratch: [0; SCRATCH] };
    machine.run(program).is_some_and(|kept| kept > 0)
}

impl Machine<'_> {
    /// Returns how many bytes of the frame to keep; None when it reads what is not there: the frame does not pass.
    ///
    /// What Linux keeps at negative places (VLAN tags that the card took off) is not there in files either.
    fn run(&mut self, program: &[Step]) -> Option<u32> {
        let mut at = 0;
        for _ in 0..STEP_LIMIT {
            let step = *program.get(at)?;
            at += 1;
            match step {
                Step::Load(width, place) => self.a = self.load(width, place)?,
                Step::LoadA(value) => self.a = self.value(value)?,
                Step::LoadX(value) => self.x = self.value(value)?,
                Step::LoadHeaderLength(k) => self.x = (self.load(Width::Byte, Place::At(k))? & 0xF) << 2,
                Step::StoreA(slot) => *self.scratch.get_mut(slot)? = self.a,
                Step::StoreX(slot) => *self.scratch.get_mut(slot)? = self.x,
                Step::Calculate(operation, operand) => self.a = calculated(operation, self.a, self.operand(operand))?,
                Step::Negate => self.a = self.a.wrapping_neg(),
                Step::Jump(target) => at = target,
                Step::Branch { test, operand, yes, no } => {
                    at = if holds(test, self.a, self.operand(operand)) { yes } else { no };
                }
                Step::Return(value) => return self.value(value),
                Step::AToX => self.x = self.a,
                Step::XToA => self.a = self.x,
            }
        }
        None
    }

    fn load(&self, width: Width, place: Place) -> Option<u32> {
        let start = match place {
            Place::At(k) => k as usize,
            Place::BehindX(k) => self.x as usize + k as usize,
        };
        let bytes = self.frame.data.get(start..)?;
        Some(match width {
            Width::Word => u32::from_be_bytes(*bytes.first_chunk()?),
            Width::Half => u32::from(u16::from_be_bytes(*bytes.first_chunk()?)),
            Width::Byte => u32::from(*bytes.first()?),
        })
    }

    fn value(&self, value: Value) -> Option<u32> {
        match value {
            Value::Constant(k) => Some(k),
            Value::Scratch(slot) => self.scratch.get(slot).copied(),
            Value::WireLength => Some(self.frame.wire_len),
            Value::A => Some(self.a),
        }
    }

    fn operand(&self, operand: Operand) -> u32 {
        match operand {
            Operand::Constant(k) => k,
            Operand::X => self.x,
        }
    }
}

/// None: divided by zero.
fn calculated(operation: Operation, a: u32, operand: u32) -> Option<u32> {
    Some(match operation {
        Operation::Add => a.wrapping_add(operand),
        Operation::Subtract => a.wrapping_sub(operand),
        Operation::Multiply => a.wrapping_mul(operand),
        Operation::Divide => a.checked_div(operand)?,
        Operation::Modulo => a.checked_rem(operand)?,
        Operation::Or => a | operand,
        Operation::And => a & operand,
        Operation::Xor => a ^ operand,
        Operation::ShiftLeft => a.checked_shl(operand).unwrap_or(0),
        Operation::ShiftRight => a.checked_shr(operand).unwrap_or(0),
    })
}

fn holds(test: Test, a: u32, operand: u32) -> bool {
    match test {
        Test::Equal => a == operand,
        Test::Greater => a > operand,
        Test::GreaterOrEqual => a >= operand,
        Test::AnyBit => a & operand != 0,
    }
}
