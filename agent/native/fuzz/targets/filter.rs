//! Filter programs: each is refused or ends, whatever it is and whatever the frame.
#![no_main]

use dataplane::filter::{ANY_OTHER, Filter, Instruction};
use dataplane::model::Frame;
use dataplane_fuzz::Input;
use libfuzzer_sys::fuzz_target;

/// What instructions jump by and count in: small numbers, of which most programs are made, or any.
fn number(input: &mut Input<'_>) -> u32 {
    match input.u8() {
        0xFF => input.u32(),
        0xFE => u32::MAX - u32::from(input.u8()),
        small => u32::from(small),
    }
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let count = input.u8();
    let mut program: Vec<Instruction> = (0..count)
        .map(|_| Instruction { code: input.u8().into(), jt: input.u8(), jf: input.u8(), k: number(&mut input) })
        .collect();
    program.push(Instruction { code: 6, jt: 0, jf: 0, k: 1 });
    let Ok(filter) = Filter::new([(ANY_OTHER, Ok(program))]) else { return };
    let data = input.0;
    let frame = Frame { ts_ns: 0, linktype: 1, wire_len: data.len() as u32, interface: 0, data };
    let passes = filter.matches(&frame).map_err(str::to_owned);
    assert!(passes.is_ok());
    assert_eq!(passes, filter.matches(&frame).map_err(str::to_owned));
});
