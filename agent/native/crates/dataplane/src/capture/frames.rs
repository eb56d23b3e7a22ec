//! Walks the frames of a block; the kernel is trusted, and every offset checked.

use std::mem::take;
use std::time::{SystemTime, UNIX_EPOCH};

use super::interface::{LOOPBACK, linktype};
use crate::model::{Frame, SECOND_NS};

const VLAN_TAG: usize = 4;
const PLAIN_TPID: u16 = 0x8100;
const ADDRESSES: usize = 12; // a VLAN tag stands behind the two Ethernet addresses

/// The frames of a block, in the order they came.
#[derive(Debug)]
pub struct Frames<'a> {
    /// What has not been walked, from a frame's header on.
    rest: &'a mut [u8],
    left: u32,
    place: u16,
    snaplen: usize,
    /// Frames that cannot be found, added up.
    lost: &'a mut u64,
}

/// What the kernel wrote before a frame: `tpacket3_hdr`, then `sockaddr_ll`.
struct Header {
    ts_ns: i64,
    captured: usize,
    wire_len: u32,
    status: u32,
    frame: usize,
    tci: u16,
    tpid: u16,
    hardware: u16,
    direction: u8,
}

impl<'a> Frames<'a> {
    pub(super) fn new(bytes: &'a mut [u8], packets: u32, place: u16, snaplen: u32, lost: &'a mut u64) -> Self {
        Self { rest: bytes, left: packets, place, snaplen: snaplen as usize, lost }
    }

    /// Cuts the next frame with its header off what is left.
    fn cut(&mut self) -> Option<&'a mut [u8]> {
        let rest = take(&mut self.rest);
        let size = u32::from_ne_bytes(*rest.first_chunk()?) as usize;
        if size == 0 {
            return Some(rest); // the last one
        }
        let (frame, rest) = rest.split_at_mut_checked(size)?;
        self.rest = rest;
        Some(frame)
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Frame<'a>> {
        while self.left > 0 {
            let found = self.cut().and_then(|record| {
                let header = Header::read(record)?;
                Some((header.data(record, self.snaplen)?, header))
            });
            let Some(((data, tagged), header)) = found else {
                *self.lost += u64::from(take(&mut self.left));
                return None;
            };
            self.left -= 1;
            if header.hardware == LOOPBACK && header.direction == libc::PACKET_OUTGOING {
                continue; // every packet on a loopback is seen twice
            }
            let wire_len = header.wire_len.saturating_add(tagged as u32).max(data.len() as u32);
            let linktype = linktype(header.hardware);
            return Some(Frame { ts_ns: header.ts_ns, linktype, wire_len, interface: self.place, data });
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left as usize))
    }
}

impl Header {
    fn read(record: &[u8]) -> Option<Self> {
        let bytes: &[u8; 60] = record.first_chunk()?;
        let four = |at: usize| bytes.get(at..)?.first_chunk().copied().map(u32::from_ne_bytes);
        let two = |at: usize| bytes.get(at..)?.first_chunk().copied().map(u16::from_ne_bytes);
        Some(Self {
            ts_ns: time_of(four(4)?, four(8)?),
            captured: four(12)? as usize,
            wire_len: four(16)?,
            status: four(20)?,
            frame: usize::from(two(24)?),
            tci: four(32)? as u16,
            tpid: two(36)?,
            hardware: two(56)?,
            direction: bytes[58],
        })
    }

    /// The captured bytes, and how many of them are a VLAN tag that was put back.
    ///
    /// The kernel hands the tag over beside the frame. It goes where it was on the wire: the addresses before it are
    /// moved down into the room that `PACKET_RESERVE` keeps free, the rest of the frame stays where it lies.
    fn data<'a>(&self, record: &'a mut [u8], snaplen: usize) -> Option<(&'a [u8], usize)> {
        let captured = self.captured.min(snaplen);
        let end = self.frame.checked_add(captured)?;
        if self.tci == 0 && self.status & libc::TP_STATUS_VLAN_VALID == 0 {
            return Some((record.get(self.frame..end)?, 0));
        }
        let tpid = if self.status & libc::TP_STATUS_VLAN_TPID_VALID != 0 { self.tpid } else { PLAIN_TPID };
        let start = self.frame.checked_sub(VLAN_TAG)?;
        let frame = record.get_mut(start..end)?;
        let before = captured.min(ADDRESSES);
        frame.copy_within(VLAN_TAG..VLAN_TAG + before, 0);
        let [a, b] = tpid.to_be_bytes();
        let [c, d] = self.tci.to_be_bytes();
        frame.get_mut(before..before + VLAN_TAG)?.copy_from_slice(&[a, b, c, d]);
        Some((frame, VLAN_TAG))
    }
}

/// Nanoseconds since 1970 of the kernel's time stamp; of now when it gave none.
fn time_of(seconds: u32, nanoseconds: u32) -> i64 {
    if seconds == 0 && nanoseconds == 0 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        return i64::try_from(now.as_nanos()).unwrap_or(i64::MAX);
    }
    i64::from(seconds) * SECOND_NS + i64::from(nanoseconds)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use proptest::prelude::*;

    /// A frame as the kernel lays it down: its header, the sender's address, room for a tag, the bytes.
    fn record(data: &[u8], tag: Option<(u16, u16)>, last: bool) -> Vec<u8> {
        const AT: usize = 86;
        let size = (AT + data.len()).next_multiple_of(16);
        let mut record = vec![0xEE; size];
        let mut put = |at: usize, value: u32| record[at..at + 4].copy_from_slice(&value.to_ne_bytes());
        let valid = libc::TP_STATUS_VLAN_VALID | libc::TP_STATUS_VLAN_TPID_VALID;
        let numbers = [if last { 0 } else { size as u32 }, 17, 5, data.len() as u32, 1000];
        numbers.into_iter().enumerate().for_each(|(number, value)| put(4 * number, value));
        put(20, tag.map_or(0, |_| valid));
        put(24, AT as u32);
        put(32, tag.map_or(0, |(_, tci)| u32::from(tci)));
        record[36..38].copy_from_slice(&tag.map_or(0, |(tpid, _)| tpid).to_ne_bytes());
        record[56..59].copy_from_slice(&[1u16.to_ne_bytes().as_slice(), &[0]].concat());
        record[AT..AT + data.len()].copy_from_slice(data);
        record
    }

    fn walk(bytes: &mut [u8], packets: u32, snaplen: u32) -> (Vec<(Vec<u8>, u32)>, u64) {
        let mut lost = 0;
        let frames = Frames::new(bytes, packets, 3, snaplen, &mut lost);
        (frames.map(|frame| (frame.data.to_vec(), frame.wire_len)).collect(), lost)
    }

    #[test]
    fn frames_are_found_one_behind_the_other() {
        let data: Vec<u8> = (0..40).collect();
        let blocks = [record(&data, None, false), record(&data, Some((0x88A8, 5)), false), record(&data, None, true)];
        let tagged = [&data[..12], b"\x88\xA8\0\x05", &data[12..]].concat();
        let (seen, lost) = walk(&mut blocks.concat(), 3, 65_535);
        assert_eq!((seen, lost), (vec![(data.clone(), 1000), (tagged, 1004), (data.clone(), 1000)], 0));

        let tag_alone = [&data[..7], b"\x88\xA8\0\x05"].concat();
        let (seen, _) = walk(&mut blocks.concat(), 2, 7);
        assert_eq!(seen, [(data[..7].to_vec(), 1000), (tag_alone, 1004)]);
    }

    #[test]
    fn frames_that_cannot_be_found_are_lost() {
        let data = [7; 40];
        let whole = [record(&data, None, false), record(&data, None, true)].concat();
        assert_eq!(walk(&mut whole.clone(), 5, 65_535), (vec![(data.to_vec(), 1000); 2], 3));
        assert_eq!(walk(&mut whole[..200].to_vec(), 2, 65_535), (vec![(data.to_vec(), 1000)], 1));
        for (at, bytes) in [(0, [0xFF; 4]), (12, [0xFF; 4]), (24, [0xFF; 4])] {
            let mut wrong = whole.clone();
            wrong[at..at + 4].copy_from_slice(&bytes);
            let snaplen = u32::MAX;
            assert_eq!(walk(&mut wrong, 2, snaplen), (vec![], 2), "at {at}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_walked(mut bytes in proptest::collection::vec(any::<u8>(), 0..400), packets in 0..9u32) {
            let (seen, lost) = walk(&mut bytes, packets, 65_535);
            prop_assert!(seen.len() as u64 + lost <= u64::from(packets)); // less where one goes out on a loopback
        }
    }
}
