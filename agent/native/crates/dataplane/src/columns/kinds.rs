//! The kinds of columns a report has, filled row by row.

use std::sync::Arc;

use arrow_array::builder::{ArrayBuilder, LargeListBuilder, PrimitiveBuilder, StringViewBuilder, make_view};
use arrow_array::types::UInt8Type;
use arrow_array::{ArrayRef, BinaryViewArray, DictionaryArray, StringViewArray, new_null_array};
use arrow_buffer::Buffer;
use arrow_schema::{DataType, Field};

/// A column of one of a few words.
pub struct Enumeration {
    pub words: &'static [&'static str],
    keys: PrimitiveBuilder<UInt8Type>,
}

impl Enumeration {
    pub fn new(words: &'static [&'static str], rows: usize) -> Self {
        Self { words, keys: PrimitiveBuilder::with_capacity(rows) }
    }

    /// Says the word of this number in the next row, or nothing.
    #[inline]
    pub fn say(&mut self, number: Option<u8>) {
        self.keys.append_option(number);
    }

    /// Says a word in each of the next rows.
    pub fn say_all(&mut self, numbers: impl Iterator<Item = u8>) {
        numbers.for_each(|number| self.keys.append_value(number));
    }

    pub fn finish(mut self) -> (DataType, ArrayRef) {
        let words = StringViewArray::from_iter_values(self.words);
        let array = DictionaryArray::new(self.keys.finish(), Arc::new(words));
        (DataType::Dictionary(Box::new(DataType::UInt8), Box::new(DataType::Utf8View)), Arc::new(array))
    }
}

/// A column of text in which most rows may say nothing: those cost nothing.
#[derive(Default)]
pub struct Words {
    builder: StringViewBuilder,
    rows: usize,
}

impl Words {
    /// Says something in a row, counted from 1; rows come in order.
    pub fn say(&mut self, text: &str, row: usize) {
        self.pad(row - 1);
        self.builder.append_value(text);
        self.rows += 1;
    }

    fn pad(&mut self, rows: usize) {
        while self.rows < rows {
            self.builder.append_null();
            self.rows += 1;
        }
    }

    pub fn finish(mut self, rows: usize) -> ArrayRef {
        if self.rows == 0 {
            return new_null_array(&DataType::Utf8View, rows);
        }
        self.pad(rows);
        Arc::new(self.builder.finish())
    }
}

/// A column of lists of text in which most rows have none: those cost nothing.
pub struct Lists {
    builder: LargeListBuilder<StringViewBuilder>,
    /// Rows that are whole; the entries of the one behind them may be there already.
    rows: usize,
}

impl Lists {
    pub fn new() -> Self {
        Self { builder: LargeListBuilder::new(StringViewBuilder::new()).with_field(item()), rows: 0 }
    }

    /// Adds an entry to the list of a row, counted from 1; rows come in order.
    pub fn say(&mut self, text: &str, row: usize) {
        self.pad(row - 1);
        self.builder.values().append_value(text);
    }

    fn pad(&mut self, rows: usize) {
        while self.rows < rows {
            let told = self.builder.values().len() > self.told();
            self.builder.append(told);
            self.rows += 1;
        }
    }

    /// Entries of the rows that are whole.
    fn told(&self) -> usize {
        self.builder.offsets_slice().last().map_or(0, |end| *end as usize)
    }

    pub fn finish(mut self, rows: usize) -> ArrayRef {
        if self.rows == 0 && self.builder.values().is_empty() {
            return new_null_array(&DataType::LargeList(item()), rows);
        }
        self.pad(rows);
        Arc::new(self.builder.finish())
    }
}

/// A column of addresses as keys.
pub struct Keys {
    views: Vec<u128>,
    bytes: Vec<u8>,
}

impl Keys {
    pub fn with_capacity(rows: usize) -> Self {
        Self { views: Vec::with_capacity(rows), bytes: Vec::with_capacity(rows * size_of::<[u8; 16]>()) }
    }

    pub fn append(&mut self, key: &[u8; 16]) {
        self.views.push(make_view(key, 0, self.bytes.len() as u32));
        self.bytes.extend_from_slice(key);
    }

    pub fn finish(self) -> ArrayRef {
        let rows = self.views.len();
        let array = BinaryViewArray::try_new(self.views.into(), vec![Buffer::from_vec(self.bytes)], None);
        array.map_or_else(|_| new_null_array(&DataType::BinaryView, rows), |array| Arc::new(array))
    }
}

/// Entries of lists.
pub fn item() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Utf8View, true))
}
