//! Runs a filter program on a frame.

use super::program::{Operand, Operation, Place, SCRATCH, Step, Test, Value, Width};
use crate::model::Frame;

/// Most instructions run on a frame: `ip6 protochain` goes back, and a frame decides how often.
const STEP_LIMIT: usize = 1 << 18;

/// The registers while a program runs.
struct Machine<'a> {
    frame: &'a Frame<'a>,
    a: u32,
    x: u32,
    scratch: [u32; SCRATCH],
}

/// Tells whether a frame passes.
pub fn run(program: &[Step], frame: &Frame<'_>) -> bool {
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
