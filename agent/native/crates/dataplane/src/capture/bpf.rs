//! A small assembler for eBPF (RFC 9669): instructions in order, jumps to labels.

/// One instruction slot as the kernel's `bpf_insn`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    code: u8,
    /// The destination in the half that the machine's byte order puts first, the source in the other.
    registers: u8,
    offset: i16,
    value: i32,
}

/// A register: `R0` holds what a call or the program returns, `R1` to `R5` are spoiled by calls, `R10` is the end of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Register {
    R0,
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
    R7,
    R8,
    R9,
    R10,
}

/// How wide a load or a store is.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub enum Width {
    Word = 0x00,
    Half = 0x08,
    Byte = 0x10,
    Double = 0x18,
}

/// What is calculated, in 64 bits.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub enum Operation {
    Add = 0x00,
    Subtract = 0x10,
    Or = 0x40,
    And = 0x50,
    ShiftLeft = 0x60,
    ShiftRight = 0x70,
    Set = 0xB0,
}

/// When to jump; numbers are unsigned.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub enum Test {
    Equal = 0x10,
    Above = 0x20,
    AnyBit = 0x40,
    NotEqual = 0x50,
    Below = 0xA0,
}

/// A number or what a register holds.
#[derive(Clone, Copy, Debug)]
pub enum Operand {
    Number(i32),
    Of(Register),
}

/// A place in the program that can be jumped to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(usize);

/// A function of the kernel that a program can call, by its number (linux/bpf.h).
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub enum Helper {
    MapLookup = 1,
    LoadBytes = 26,
}

const LOAD: u8 = 0x61; // BPF_LDX | BPF_MEM
const STORE: u8 = 0x63; // BPF_STX | BPF_MEM
const STORE_NUMBER: u8 = 0x62; // BPF_ST | BPF_MEM
const STORE_SUM: u8 = 0xDB; // BPF_STX | BPF_ATOMIC | BPF_DW, with BPF_ADD in `value`
const CALCULATE: u8 = 0x07; // BPF_ALU64
const TO_NETWORK_ORDER: u8 = 0xDC; // BPF_ALU | BPF_END | BPF_TO_BE
const JUMP: u8 = 0x05;
const CALL: u8 = 0x85;
const EXIT: u8 = 0x95;
const WIDE: u8 = 0x18; // BPF_LD | BPF_IMM | BPF_DW: two slots
const MAP: u8 = 1; // BPF_PSEUDO_MAP_FD, in place of a source register
const FIRST_VALUE: u8 = 2; // BPF_PSEUDO_MAP_VALUE
const FROM_REGISTER: u8 = 0x08;

/// A program as it grows.
#[derive(Debug, Default)]
pub struct Assembler {
    slots: Vec<Slot>,
    /// Where each label is, once it is placed.
    places: Vec<Option<usize>>,
    /// Which slots jump to which label.
    jumps: Vec<(usize, Label)>,
}

impl Assembler {
    /// A place that is not decided yet.
    pub fn label(&mut self) -> Label {
        self.places.push(None);
        Label(self.places.len() - 1)
    }

    /// Puts a label before the next instruction.
    pub fn place(&mut self, label: Label) {
        if let Some(place) = self.places.get_mut(label.0) {
            *place = Some(self.slots.len());
        }
    }

    /// `to = to ∘ by`.
    pub fn calculate(&mut self, operation: Operation, to: Register, by: Operand) {
        let code = CALCULATE | operation as u8;
        match by {
            Operand::Number(value) => self.push(code, to, None, 0, value),
            Operand::Of(from) => self.push(code | FROM_REGISTER, to, Some(from), 0, 0),
        }
    }

    /// `to = by`.
    pub fn set(&mut self, to: Register, by: Operand) {
        self.calculate(Operation::Set, to, by);
    }

    /// Reads a number of `width` bits from network order in a register.
    pub fn from_network(&mut self, register: Register, bits: i32) {
        self.push(TO_NETWORK_ORDER, register, None, 0, bits);
    }

    /// `to = *(address + offset)`.
    pub fn load(&mut self, width: Width, to: Register, address: Register, offset: i16) {
        self.push(LOAD | width as u8, to, Some(address), offset, 0);
    }

    /// `*(address + offset) = from`.
    pub fn store(&mut self, width: Width, address: Register, offset: i16, from: Operand) {
        match from {
            Operand::Number(value) => self.push(STORE_NUMBER | width as u8, address, None, offset, value),
            Operand::Of(register) => self.push(STORE | width as u8, address, Some(register), offset, 0),
        }
    }

    /// `*(address + offset) += from`, 64 bits, at once for all processors.
    pub fn add_to_memory(&mut self, address: Register, offset: i16, from: Register) {
        self.push(STORE_SUM, address, Some(from), offset, 0);
    }

    /// Goes on at a label.
    pub fn jump(&mut self, to: Label) {
        self.jumps.push((self.slots.len(), to));
        self.push(JUMP, Register::R0, None, 0, 0);
    }

    /// Goes on at a label when a test holds.
    pub fn jump_if(&mut self, left: Register, test: Test, right: Operand, to: Label) {
        self.jumps.push((self.slots.len(), to));
        let code = JUMP | test as u8;
        match right {
            Operand::Number(value) => self.push(code, left, None, 0, value),
            Operand::Of(from) => self.push(code | FROM_REGISTER, left, Some(from), 0, 0),
        }
    }

    /// `to =` the map of a file descriptor.
    pub fn map(&mut self, to: Register, descriptor: i32) {
        self.wide(to, MAP, descriptor);
    }

    /// `to =` the address of the first value of an array.
    pub fn first_value(&mut self, to: Register, descriptor: i32) {
        self.wide(to, FIRST_VALUE, descriptor);
    }

    fn wide(&mut self, to: Register, kind: u8, descriptor: i32) {
        self.slots.push(Slot { code: WIDE, registers: halves(to as u8, kind), offset: 0, value: descriptor });
        self.slots.push(Slot { code: 0, registers: 0, offset: 0, value: 0 });
    }

    /// `R0 = helper(R1, R2, …)`.
    pub fn call(&mut self, helper: Helper) {
        self.push(CALL, Register::R0, None, 0, helper as i32);
    }

    /// Ends the program with a number.
    pub fn end(&mut self, value: i32) {
        self.set(Register::R0, Operand::Number(value));
        self.push(EXIT, Register::R0, None, 0, 0);
    }

    fn push(&mut self, code: u8, to: Register, from: Option<Register>, offset: i16, value: i32) {
        let registers = halves(to as u8, from.map_or(0, |from| from as u8));
        self.slots.push(Slot { code, registers, offset, value });
    }

    /// The program, every jump resolved; None when a label was never placed or is too far away.
    #[must_use]
    pub fn finish(mut self) -> Option<Vec<Slot>> {
        for (from, label) in self.jumps {
            let place = (*self.places.get(label.0)?)?;
            let distance = place as isize - from as isize - 1;
            self.slots.get_mut(from)?.offset = i16::try_from(distance).ok()?;
        }
        Some(self.slots)
    }
}

/// Two registers in one byte, in the machine's order of bit fields.
const fn halves(destination: u8, source: u8) -> u8 {
    if cfg!(target_endian = "little") { source << 4 | destination } else { destination << 4 | source }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::Operand::{Number, Of};
    use super::Register::{R0, R1, R2, R6, R10};
    use super::*;

    /// The bytes of a program, as RFC 9669 writes them for little-endian machines.
    fn bytes(code: Assembler) -> Vec<String> {
        let slot = |slot: Slot| {
            let [low, high] = slot.offset.to_le_bytes();
            let bytes = [[slot.code, slot.registers, low, high], slot.value.to_le_bytes()].concat();
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        code.finish().unwrap().into_iter().map(slot).collect()
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn instructions_are_those_of_the_standard() {
        let mut code = Assembler::default();
        code.set(R6, Of(R1));
        code.calculate(Operation::Add, R2, Number(-8));
        code.from_network(R1, 16);
        code.load(Width::Half, R1, R10, -4);
        code.store(Width::Word, R10, -8, Number(32));
        code.store(Width::Double, R10, -16, Of(R1));
        code.add_to_memory(R0, 8, R1);
        code.map(R1, 7);
        code.first_value(R1, 7);
        code.call(Helper::LoadBytes);
        code.end(0);
        let expected = [
            "bf16000000000000", // r6 = r1
            "07020000f8ffffff", // r2 += -8
            "dc01000010000000", // r1 = be16 r1
            "69a1fcff00000000", // r1 = *(u16 *)(r10 - 4)
            "620af8ff20000000", // *(u32 *)(r10 - 8) = 32
            "7b1af0ff00000000", // *(u64 *)(r10 - 16) = r1
            "db10080000000000", // lock *(u64 *)(r0 + 8) += r1
            "1811000007000000", // r1 = map 7
            "0000000000000000",
            "1821000007000000", // r1 = first value of map 7
            "0000000000000000",
            "850000001a000000", // call 26
            "b700000000000000", // r0 = 0
            "9500000000000000", // exit
        ];
        assert_eq!(bytes(code), expected);
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn jumps_lead_to_their_labels() {
        let mut code = Assembler::default();
        let [back, ahead] = [(); 2].map(|()| code.label());
        code.place(back);
        code.jump_if(R1, Test::Equal, Number(6), ahead);
        code.jump_if(R1, Test::Above, Of(R2), back);
        code.jump(ahead);
        code.place(ahead);
        code.end(1);
        let jumps = ["1501020006000000", "2d21feff00000000", "0500000000000000"];
        assert_eq!(bytes(code).get(..3).unwrap(), jumps);
    }

    #[test]
    fn a_label_without_a_place_is_no_program() {
        let mut code = Assembler::default();
        let nowhere = code.label();
        code.jump(nowhere);
        assert!(code.finish().is_none());
        let mut code = Assembler::default();
        let far = code.label();
        code.jump(far);
        (0..20_000).for_each(|_| code.end(0));
        code.place(far);
        assert!(code.finish().is_none());
    }
}
