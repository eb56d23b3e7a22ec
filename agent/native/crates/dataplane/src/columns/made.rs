//! Columns that are ready, and the record batch they make.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{LargeListBuilder, PrimitiveBuilder, StringViewBuilder, StructBuilder};
use arrow_array::types::ArrowPrimitiveType;
use arrow_array::{Array, ArrayRef, PrimitiveArray, RecordBatch};
use arrow_schema::{DataType, Field, Schema};

use super::kinds::{Enumeration, Keys, Lists, Words, item};

/// Columns that are ready.
#[derive(Default)]
pub struct Made {
    rows: usize,
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl Made {
    /// Nothing yet, of so many rows.
    pub fn of(rows: usize) -> Self {
        Self { rows, ..Self::default() }
    }

    fn add(&mut self, field: Field, array: ArrayRef) {
        self.fields.push(field);
        self.arrays.push(array);
    }

    /// Adds a column in which every row has a number.
    pub fn number<T: ArrowPrimitiveType>(&mut self, name: &str, numbers: Vec<T::Native>) {
        self.add(Field::new(name, T::DATA_TYPE, true), Arc::new(PrimitiveArray::<T>::new(numbers.into(), None)));
    }

    /// Adds a column in which some rows have a number.
    pub fn some_numbers<T: ArrowPrimitiveType>(&mut self, name: &str, mut builder: PrimitiveBuilder<T>) {
        self.add(Field::new(name, T::DATA_TYPE, true), Arc::new(builder.finish()));
    }

    pub fn text(&mut self, name: &str, mut builder: StringViewBuilder) {
        self.add(Field::new(name, DataType::Utf8View, true), Arc::new(builder.finish()));
    }

    pub fn keys(&mut self, name: &str, keys: Keys) {
        self.add(Field::new(name, DataType::BinaryView, true), keys.finish());
    }

    /// Adds a column of words and says so in the way of Polars, which makes an `Enum` of it.
    pub fn word(&mut self, name: &str, column: Enumeration) {
        let words: String = column.words.iter().map(|word| format!("{};{word}", word.len())).collect();
        let (data_type, array) = column.finish();
        let metadata = HashMap::from([("_PL_ENUM_VALUES2".to_owned(), words)]);
        self.add(Field::new(name, data_type, true).with_metadata(metadata), array);
    }

    pub fn words(&mut self, name: &str, words: Words) {
        self.add(Field::new(name, DataType::Utf8View, true), words.finish(self.rows));
    }

    pub fn list(&mut self, name: &str, lists: Option<Lists>) {
        let Some(lists) = lists else { return };
        self.add(Field::new(name, DataType::LargeList(item()), true), lists.finish(self.rows));
    }

    pub fn structs(&mut self, name: &str, mut builder: LargeListBuilder<StructBuilder>) {
        let array = builder.finish();
        self.add(Field::new(name, array.data_type().clone(), true), Arc::new(array));
    }

    /// The batch. Every column has the same number of rows, so it can be made.
    pub fn batch(self) -> RecordBatch {
        let schema = Arc::new(Schema::new(self.fields));
        RecordBatch::try_new(Arc::clone(&schema), self.arrays).unwrap_or_else(|_| RecordBatch::new_empty(schema))
    }
}
