//! What the records of pcap and the blocks of pcapng say.

use crate::captures::*;

const DATA: &[u8] = b"a frame of twenty-odd bytes";

/// Makes the options of an interface in a byte order.
type Options<'a> = dyn Fn(Order) -> Vec<u8> + 'a;

fn times(frames: &[Read]) -> Vec<i64> {
    frames.iter().map(|frame| frame.ts_ns).collect()
}

#[test]
fn pcap_in_both_orders_and_units() {
    let folder = folder("units");
    for order in [Little, Big] {
        for (magic, unit) in [(0xA1B2_C3D4, 1000), (0xA1B2_3C4D, 1)] {
            let record = pcap_record(order, 1_700_000_000, 123_456, 1500, DATA);
            let (frames, faults) = read_bytes(&folder, &[pcap_header(order, magic, 101), record].concat());
            let ts_ns = START as i64 + 123_456 * unit;

            assert_eq!(frames, [Read { ts_ns, linktype: 101, wire_len: 1500, interface: 0, data: DATA.to_vec() }]);
            assert!(faults.is_empty());
        }
    }
}

#[test]
fn a_frame_is_at_least_as_long_as_what_was_captured_of_it() {
    let record = pcap_record(Little, 1, 0, 0, DATA);
    let (frames, _) = read_bytes(&folder("wire"), &[pcap(&[]), record].concat());

    assert_eq!(frames[0].wire_len, DATA.len() as u32);
}

#[test]
fn the_upper_half_of_a_link_type_is_of_check_sequences() {
    let file = [pcap_header(Little, 0xA1B2_C3D4, 0x1400_0001), pcap_record(Little, 1, 0, 0, DATA)].concat();
    let (frames, _) = read_bytes(&folder("linktype"), &file);

    assert_eq!(frames[0].linktype, 1);
}

#[test]
fn a_time_beyond_its_second_is_told_as_it_is() {
    let file = [pcap_header(Little, 0xA1B2_C3D4, 1), pcap_record(Little, u32::MAX, u32::MAX, 0, DATA)].concat();
    let (frames, _) = read_bytes(&folder("late"), &file);

    assert_eq!(times(&frames), [i64::from(u32::MAX) * (SECOND as i64 + 1000)]);
}

#[test]
fn a_large_frame_is_kept_in_part() {
    let large = vec![7; 262_144];
    let (frames, faults) = read_bytes(&folder("large"), &pcap(&[large.clone(), DATA.to_vec()]));

    assert_eq!((frames[0].data.len(), frames[0].wire_len), (65_535, 262_144));
    assert_eq!(frames[1].data, DATA);
    assert!(faults.is_empty());
}

#[test]
fn pcapng_time_has_a_unit_and_an_offset() {
    let folder = folder("clock");
    let offset = |order: Order| option(order, 14, &order.i64(1_700_000_000));
    let unit = |exponent: u8| move |order: Order| option(order, 9, &[exponent]);
    let both = |order: Order| [option(order, 9, &[0]), offset(order)].concat();
    let start = START as i64;
    let cases: [(&Options, u64, i64); 14] = [
        (&|_| vec![], START / 1000, start),
        (&unit(9), START + 1, start + 1),
        (&unit(3), 1_700_000_000_123, start + 123_000_000),
        (&unit(0x8A), 1_700_000_000 << 10 | 512, start + 500_000_000),
        (&unit(0x80), 1_700_000_000, start),
        (&unit(0), 1_700_000_000, start),
        (&unit(12), 1_700_000_000_000_000_000, start / 1000),
        (&offset, 5_000_000, start + 5 * SECOND as i64),
        (&both, 7, start + 7 * SECOND as i64),
        (&unit(0x7F), u64::MAX, 0),
        (&unit(0), u64::MAX, i64::MAX),
        (&|order| option(order, 14, &order.i64(i64::MIN)), u64::MAX, 0),
        (&|order| [option(order, 9, &[9]), option(order, 9, &[3])].concat(), 1_700_000_000_123, start + 123_000_000),
        (&|order| [option(order, 9, &[9]), option(order, 9, &[3, 3])].concat(), START / 1000, start),
    ];
    for order in [Little, Big] {
        for (number, (options, ticks, expected)) in cases.iter().enumerate() {
            let interface = described(order, 1, 0, &options(order));
            let (frames, faults) =
                read_bytes(&folder, &[section(order), interface, enhanced(order, 0, *ticks, DATA, &[])].concat());

            assert_eq!((times(&frames), faults), (vec![*expected], vec![]), "case {number}");
        }
    }
}

#[test]
fn options_end_where_they_say() {
    let options = [option(Little, 2, b"eth0"), option(Little, 0, &[]), option(Little, 9, &[9])].concat();
    let cut = [&option(Little, 2, b"eth0")[..], &[9, 0, 1, 1]].concat();
    for options in [options, cut] {
        let file = [section(Little), described(Little, 1, 0, &options), enhanced(Little, 0, START / 1000, DATA, &[])];

        assert_eq!(times(&read_bytes(&folder("options"), &file.concat()).0), [START as i64]);
    }
}

#[test]
fn pcapng_interfaces_have_their_own_link_and_clock() {
    let file = [
        section(Little),
        described(Little, 1, 0, &option(Little, 9, &[9])),
        described(Little, 101, 0, &option(Little, 2, b"tun0")),
        enhanced(Little, 0, START, DATA, &[]),
        enhanced(Little, 1, START / 1000 + 1, DATA, &[]),
    ];
    let (frames, faults) = read_bytes(&folder("interfaces"), &file.concat());
    let told: Vec<_> = frames.iter().map(|frame| (frame.linktype, frame.ts_ns)).collect();

    assert_eq!(told, [(1, START as i64), (101, START as i64 + 1000)]);
    assert!(faults.is_empty());
}

#[test]
fn pcapng_sections_count_their_own_interfaces() {
    let second = [section(Big), described(Big, 101, 0, &option(Big, 9, &[9])), enhanced(Big, 0, START + 9, DATA, &[])];
    let (frames, faults) = read_bytes(&folder("sections"), &[pcapng(&[DATA.to_vec()]), second.concat()].concat());
    let told: Vec<_> = frames.iter().map(|frame| (frame.linktype, frame.ts_ns)).collect();

    assert_eq!(told, [(1, START as i64), (101, START as i64 + 9)]);
    assert!(faults.is_empty());
}

#[test]
fn other_blocks_and_simple_and_old_packets() {
    let old = [Little.u16(0).to_vec(), Little.u16(3).to_vec(), Little.words(&[0, 9, DATA.len() as u32, 99])].concat();
    let file = [
        section(Little),
        block(Little, 0x0BAD, b"what is this"),
        described(Little, 1, 0, &[]),
        block(Little, 4, &[0; 4]),
        enhanced(Little, 0, START / 1000, DATA, &option(Little, 2, &[0; 4])),
        block(Little, 10, &[Little.words(&[0x544C_534B, 4]), b"none".to_vec()].concat()),
        block(Little, 0x8000_0001, &[0; 4]),
        block(Little, 3, &[Little.words(&[1500]), DATA.to_vec()].concat()),
        block(Little, 2, &[old, DATA.to_vec()].concat()),
    ];
    let (frames, faults) = read_bytes(&folder("blocks"), &file.concat());
    let told: Vec<_> = frames.iter().map(|frame| (frame.ts_ns, frame.wire_len, frame.data.len())).collect();

    assert_eq!(told, [(START as i64, 27, 27), (START as i64, 1500, 28), (9000, 99, 27)]);
    assert!(faults.is_empty());
}

#[test]
fn a_simple_packet_is_cut_at_the_snaplen_unless_there_is_none() {
    for (snaplen, kept) in [(8, 8), (0, 28), (100, 28)] {
        let simple = block(Little, 3, &[Little.words(&[28]), DATA.to_vec(), vec![0]].concat());
        let (frames, _) =
            read_bytes(&folder("snaplen"), &[section(Little), described(Little, 1, snaplen, &[]), simple].concat());

        assert_eq!((frames[0].wire_len, frames[0].data.len()), (28, kept));
    }
}

#[test]
fn a_packet_that_claims_more_than_its_block_has_what_there_is() {
    let body = [Little.words(&[0, 0, 9, 1_000_000, 5]), DATA.to_vec()].concat();
    let (frames, faults) =
        read_bytes(&folder("more"), &[section(Little), described(Little, 1, 0, &[]), block(Little, 6, &body)].concat());

    assert_eq!((frames[0].wire_len, frames[0].data.len()), (28, 28));
    assert!(faults.is_empty());
}

#[test]
fn a_length_that_is_no_multiple_of_four_is_padded() {
    let odd = [Little.words(&[0x0BAD, 13]), vec![7], vec![0; 3], Little.words(&[13])].concat();
    let file = [section(Little), odd, described(Little, 1, 0, &[]), enhanced(Little, 0, 5, DATA, &[])];

    assert_eq!(times(&read_bytes(&folder("odd"), &file.concat()).0), [5000]);
}
