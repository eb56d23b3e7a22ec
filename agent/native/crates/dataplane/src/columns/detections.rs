//! The columns of what detectors found, and of the persons recognised.

use arrow_array::builder::{ArrayBuilder, LargeListBuilder, PrimitiveBuilder, StringViewBuilder, StructBuilder};
use arrow_array::types::{Float32Type, UInt32Type, UInt64Type};
use arrow_schema::{DataType, Field, Fields};
use std::sync::Arc;

use crate::search::{Detection, Persons};

/// An empty column.
pub fn detections() -> LargeListBuilder<StructBuilder> {
    LargeListBuilder::new(StructBuilder::new(detection(), detection_builders())).with_field(Field::new(
        "item",
        DataType::Struct(detection()),
        true,
    ))
}

/// An empty column of persons.
pub fn persons() -> LargeListBuilder<StructBuilder> {
    let builders: Vec<Box<dyn ArrayBuilder>> =
        vec![Box::new(StringViewBuilder::new()), Box::new(Hashes::new(PrimitiveBuilder::new()))];
    let item = Field::new("item", DataType::Struct(person()), true);
    LargeListBuilder::new(StructBuilder::new(person(), builders)).with_field(item)
}

/// Adds a row: the kinds of which there were persons.
pub fn append_persons(column: &mut LargeListBuilder<StructBuilder>, persons: Option<&Persons>) {
    for (kind, hashes) in persons.map(Persons::kinds).into_iter().flatten().filter(|(_, hashes)| !hashes.is_empty()) {
        let builder = column.values();
        if let Some(kinds) = builder.field_builder::<StringViewBuilder>(0) {
            kinds.append_value(kind);
        }
        if let Some(column) = builder.field_builder::<Hashes>(1) {
            column.append_value(hashes.iter().copied().map(Some));
        }
        builder.append(true);
    }
    column.append(persons.is_some());
}

/// The fields of `PERSONS` in the Python model.
fn person() -> Fields {
    Fields::from(vec![Field::new("kind", DataType::Utf8View, true), Field::new("hashes", list(DataType::UInt64), true)])
}

fn list(of: DataType) -> DataType {
    DataType::LargeList(Arc::new(Field::new("item", of, true)))
}

/// Adds a row.
pub fn append_detections(column: &mut LargeListBuilder<StructBuilder>, found: Option<&[Detection]>) {
    for detection in found.unwrap_or_default() {
        append_detection(column.values(), detection);
    }
    column.append(found.is_some());
}

/// The fields of `DETECTION` in the Python model.
fn detection() -> Fields {
    Fields::from(vec![
        Field::new("detector", DataType::Utf8View, true),
        Field::new("matches", DataType::UInt32, true),
        Field::new("distinct", list(DataType::UInt64), true),
        Field::new("confidence", DataType::Float32, true),
        Field::new("samples", list(DataType::Utf8View), true),
    ])
}

fn detection_builders() -> Vec<Box<dyn ArrayBuilder>> {
    vec![
        Box::new(StringViewBuilder::new()),
        Box::new(PrimitiveBuilder::<UInt32Type>::new()),
        Box::new(Hashes::new(PrimitiveBuilder::new())),
        Box::new(PrimitiveBuilder::<Float32Type>::new()),
        Box::new(Samples::new(StringViewBuilder::new())),
    ]
}

type Hashes = LargeListBuilder<PrimitiveBuilder<UInt64Type>>;
type Samples = LargeListBuilder<StringViewBuilder>;

fn append_detection(builder: &mut StructBuilder, detection: &Detection) {
    if let Some(detector) = builder.field_builder::<StringViewBuilder>(0) {
        detector.append_value(&detection.detector);
    }
    if let Some(matches) = builder.field_builder::<PrimitiveBuilder<UInt32Type>>(1) {
        matches.append_value(detection.matches);
    }
    if let Some(distinct) = builder.field_builder::<Hashes>(2) {
        distinct.append_value(detection.distinct.iter().copied().map(Some));
    }
    if let Some(confidence) = builder.field_builder::<PrimitiveBuilder<Float32Type>>(3) {
        confidence.append_value(detection.confidence);
    }
    if let Some(samples) = builder.field_builder::<Samples>(4) {
        samples.append_value(detection.samples.iter().map(Some));
    }
    builder.append(true);
}
