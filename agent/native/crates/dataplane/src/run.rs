//! One run: records that are decoded and counted together, by one worker or shared out among several.

use std::sync::{Mutex, PoisonError};

use rayon::ThreadPool;

use crate::books::Books;
use crate::crew::each;
use crate::decode::fragments::Fragments;
use crate::decode::{Decoded, Fit, checksum, decode};
use crate::flow::Moment;
use crate::flow::key::{FlowKey, Hasher};
use crate::home::Home;
use crate::model::{DropReason, Frame, Packet};
use crate::source::{Block, Record};
use crate::worker::{Item, Worker};

/// Packets whose flows are brought near together; one worker decodes as many before they are counted.
const BATCH: usize = 64;

/// Records that are decoded and counted together.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    pub block: &'a Block,
    pub records: &'a [Record],
    pub ages: &'a [i64],
    /// Of the first packet.
    pub number: u64,
    pub home: &'a Home,
    pub fit: Fit,
    pub checksums: bool,
    pub hasher: Hasher,
}

/// What became of some records that were decoded.
#[derive(Default)]
pub struct Read {
    items: Vec<Item>,
    /// Records with fragments, which must be read in order.
    fragments: Vec<u32>,
    /// What one of several workers counted; one alone counts in its own.
    books: Vec<Books>,
}

impl<'a> Run<'a> {
    /// One worker decodes and counts, a batch at a time. `read` is room to decode into.
    pub fn alone(&self, workers: &mut [Worker], read: &mut Read, fragments: &mut Fragments) {
        let Some(worker) = workers.first_mut() else { return };
        for start in (0..self.records.len()).step_by(BATCH) {
            let end = (start + BATCH).min(self.records.len());
            self.read(start..end, read, &mut worker.books);
            let mut whole = Vec::new();
            if !read.fragments.is_empty() {
                self.read_fragments(read, fragments, &mut whole, &mut worker.books);
            }
            worker.take(read.items.iter(), self.home, |item| self.payload(item, &whole), |item| self.frame(item));
        }
    }

    /// Workers decode parts of the records, then each counts the packets of its share of hosts. `reads` are rooms to decode
    /// into, one for each.
    pub fn share(&self, pool: &ThreadPool, workers: &mut [Worker], reads: &mut [Read], fragments: &mut Fragments) {
        let count = workers.len();
        let interfaces = workers.first().map_or(0, |worker| worker.books.len());
        let part = self.records.len().div_ceil(count);
        let parts: Vec<Mutex<&mut Read>> = reads.iter_mut().map(Mutex::new).collect();
        pool.broadcast(|thread| {
            let end = ((thread.index() + 1) * part).min(self.records.len());
            if let Some(read) = parts.get(thread.index()) {
                let read = &mut read.lock().unwrap_or_else(PoisonError::into_inner);
                let mut books = vec![Books::default(); interfaces];
                self.read((thread.index() * part).min(end)..end, read, &mut books);
                read.books = books;
            }
        });
        let mut whole = Vec::new();
        for read in &mut *reads {
            if !read.fragments.is_empty() {
                let mut books = std::mem::take(&mut read.books);
                self.read_fragments(read, fragments, &mut whole, &mut books);
                read.books = books;
            }
        }
        let reads = &*reads;
        each(Some(pool), workers, |number, worker| {
            let items = reads.iter().flat_map(|read| &read.items);
            let mut mine = items.filter(|item| self.hasher.share(&item.key, count) == number);
            let payload = |item| self.payload(item, &whole);
            while worker.take(mine.by_ref().take(BATCH), self.home, payload, |item| self.frame(item)) {}
        });
        if let Some(worker) = workers.first_mut() {
            for read in reads {
                worker.books.iter_mut().zip(&read.books).for_each(|(sum, part)| sum.add(part));
            }
        }
    }

    /// Decodes records that need no others; notes those that do.
    fn read(&self, part: std::ops::Range<usize>, read: &mut Read, books: &mut [Books]) {
        read.items.clear();
        let data = self.block.data();
        for (record, at) in self.records.get(part.clone()).unwrap_or_default().iter().zip(part) {
            let frame = record.frame_in(data);
            let Some(books) = books.get_mut(usize::from(record.interface)) else { continue };
            books.packets += 1;
            books.bytes += u64::from(record.wire_len);
            if self.checksums && !checksum::is_sound(&frame, self.fit) {
                books.drop(DropReason::Checksum, 1);
                continue;
            }
            match decode(&frame, self.home, self.fit) {
                Decoded::Packet(packet) => read.items.push(self.item(packet, at)),
                Decoded::Fragment => read.fragments.push(at as u32),
                Decoded::Dropped(reason) => books.drop(reason, 1),
            }
        }
    }

    /// Reads the records with fragments in order and puts their packets where they belong. What was completed goes into
    /// `whole`: (record, payload).
    fn read_fragments(
        &self,
        read: &mut Read,
        fragments: &mut Fragments,
        whole: &mut Vec<(u32, Vec<u8>)>,
        books: &mut [Books],
    ) {
        for at in std::mem::take(&mut read.fragments) {
            let Some(record) = self.records.get(at as usize) else { continue };
            match fragments.decode(&self.block.frame(record), self.home, self.fit) {
                Decoded::Packet(packet) => {
                    read.items.push(self.item(packet, at as usize));
                    if let Some(payload) = fragments.reassembled() {
                        whole.push((at, payload.to_vec()));
                    }
                }
                Decoded::Fragment => {}
                Decoded::Dropped(reason) => {
                    if let Some(books) = books.get_mut(usize::from(record.interface)) {
                        books.drop(reason, 1);
                    }
                }
            }
        }
        read.items.sort_by_key(|item| item.record);
    }

    #[inline(always)]
    fn item(&self, packet: Packet, at: usize) -> Item {
        let (key, forward) = FlowKey::of(&packet);
        let now = Moment { number: self.number + at as u64, age_ns: self.ages.get(at).copied().unwrap_or_default() };
        Item { packet, key, hash: self.hasher.flow(&key), forward, record: at as u32, now }
    }

    fn frame(&self, item: &Item) -> Option<Frame<'a>> {
        self.records.get(item.record as usize).map(|record| self.block.frame(record))
    }

    fn payload<'b>(&'b self, item: &Item, whole: &'b [(u32, Vec<u8>)]) -> &'b [u8] {
        if !whole.is_empty()
            && let Ok(at) = whole.binary_search_by_key(&item.record, |(record, _)| *record)
        {
            return whole.get(at).map_or(&[], |(_, payload)| payload);
        }
        let Some(record) = self.records.get(item.record as usize) else { return &[] };
        item.packet.payload_in(self.block.frame(record).data)
    }
}
