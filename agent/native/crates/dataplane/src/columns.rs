//! The columns of a report, filled a flow at a time. Names and types are those of `REPORT_SCHEMA` in the Python model.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, BinaryViewBuilder, LargeListBuilder, PrimitiveBuilder, StringViewBuilder, StructBuilder,
};
use arrow_array::types::{ArrowPrimitiveType, Float32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type};
use arrow_array::{ArrayRef, DictionaryArray, RecordBatch, StringViewArray, new_null_array};
use arrow_schema::{DataType, Field, Fields, Schema};

use crate::content::Detection;
use crate::flow::ids::{community_id, transport_name};
use crate::flow::{Counts, Extra, Flow};
use crate::model::{Address, Initiator, proto};
use crate::names::{List, Names, Source, Text, Word};

const REPORT: &[&str] = &["opened", "active", "ended"];
const END_REASON: &[&str] = &["fin", "rst", "idle", "active", "evicted", "shutdown"];
const INITIATOR: &[&str] = &["local", "remote", "unknown"];
const SCOPE: &[&str] = &["crossing", "transit", "domestic"];
const INSPECTION: &[&str] = &["cleartext", "metadata", "opaque"];
const NAME_SOURCE: &[&str] = &["tls", "quic", "http", "dns"];
const ECH: &[&str] = &["none", "grease", "offered", "accepted"];

const OPENED: u8 = 0;
const ACTIVE: u8 = 1;
const ENDED: u8 = 2;

/// A column of one of a few words.
struct Enumeration {
    words: &'static [&'static str],
    keys: PrimitiveBuilder<UInt8Type>,
}

impl Enumeration {
    fn new(words: &'static [&'static str], rows: usize) -> Self {
        Self { words, keys: PrimitiveBuilder::with_capacity(rows) }
    }

    fn finish(mut self) -> (DataType, ArrayRef) {
        let words = StringViewArray::from_iter_values(self.words);
        let array = DictionaryArray::new(self.keys.finish(), Arc::new(words));
        (DataType::Dictionary(Box::new(DataType::UInt8), Box::new(DataType::Utf8View)), Arc::new(array))
    }
}

/// A column of text in which most rows may say nothing: those cost nothing.
#[derive(Default)]
struct Words {
    builder: StringViewBuilder,
    rows: usize,
}

impl Words {
    /// Says something in a row, counted from 1; rows come in order.
    fn say(&mut self, text: &str, row: usize) {
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

    fn finish(mut self, rows: usize) -> ArrayRef {
        if self.rows == 0 {
            return new_null_array(&DataType::Utf8View, rows);
        }
        self.pad(rows);
        Arc::new(self.builder.finish())
    }
}

/// A column of lists of text in which most rows have none: those cost nothing.
struct Lists {
    builder: LargeListBuilder<StringViewBuilder>,
    /// Rows that are whole; the entries of the one behind them may be there already.
    rows: usize,
}

impl Lists {
    fn new() -> Self {
        Self { builder: LargeListBuilder::new(StringViewBuilder::new()).with_field(item()), rows: 0 }
    }

    /// Adds an entry to the list of a row, counted from 1; rows come in order.
    fn say(&mut self, text: &str, row: usize) {
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

    fn finish(mut self, rows: usize) -> ArrayRef {
        if self.rows == 0 && self.builder.values().is_empty() {
            return new_null_array(&DataType::LargeList(item()), rows);
        }
        self.pad(rows);
        Arc::new(self.builder.finish())
    }
}

/// Columns that are counted, out and in of each.
struct Counters([[PrimitiveBuilder<UInt64Type>; 2]; 3]);

impl Counters {
    fn new(rows: usize) -> Self {
        Self(std::array::from_fn(|_| std::array::from_fn(|_| PrimitiveBuilder::with_capacity(rows))))
    }

    fn append(&mut self, now: &Counts, before: &Counts) {
        let Self([packets, bytes, payload]) = self;
        let sets = [
            (packets, now.packets, before.packets),
            (bytes, now.bytes, before.bytes),
            (payload, now.payload, before.payload),
        ];
        for (builders, now, before) in sets {
            for ((builder, now), before) in builders.iter_mut().zip(now).zip(before) {
                builder.append_value(now - before);
            }
        }
    }
}

/// Builders of all columns.
pub struct Columns {
    rows: usize,
    flow_id: PrimitiveBuilder<UInt64Type>,
    report: Enumeration,
    end_reason: Enumeration,
    interface: StringViewBuilder,
    first_ns: PrimitiveBuilder<Int64Type>,
    last_ns: PrimitiveBuilder<Int64Type>,
    community_id: StringViewBuilder,
    local_ip: StringViewBuilder,
    local_port: PrimitiveBuilder<UInt16Type>,
    remote_ip: StringViewBuilder,
    remote_port: PrimitiveBuilder<UInt16Type>,
    initiator: Enumeration,
    scope: Enumeration,
    transport: StringViewBuilder,
    vlan: Words,
    tunnel: Words,
    deltas: Counters,
    missing: [PrimitiveBuilder<UInt64Type>; 2],
    totals: Counters,
    rtt_us: PrimitiveBuilder<UInt32Type>,
    app_protocol: Words,
    inspection: Enumeration,
    server_name: Words,
    server_name_source: Enumeration,
    tls_version: Words,
    ech: Enumeration,
    http_upload_bytes: PrimitiveBuilder<UInt64Type>,
    texts: [Words; 9],
    lists: [Lists; 5],
    /// Room to write a text in.
    text: String,
    detections: LargeListBuilder<StructBuilder>,
    local_key: BinaryViewBuilder,
    remote_key: BinaryViewBuilder,
}

impl Columns {
    #[must_use]
    pub fn with_capacity(rows: usize) -> Self {
        let text = || StringViewBuilder::with_capacity(rows);
        Self {
            rows: 0,
            flow_id: PrimitiveBuilder::with_capacity(rows),
            report: Enumeration::new(REPORT, rows),
            end_reason: Enumeration::new(END_REASON, rows),
            interface: text(),
            first_ns: PrimitiveBuilder::with_capacity(rows),
            last_ns: PrimitiveBuilder::with_capacity(rows),
            community_id: text(),
            local_ip: text(),
            local_port: PrimitiveBuilder::with_capacity(rows),
            remote_ip: text(),
            remote_port: PrimitiveBuilder::with_capacity(rows),
            initiator: Enumeration::new(INITIATOR, rows),
            scope: Enumeration::new(SCOPE, rows),
            transport: text(),
            vlan: Words::default(),
            tunnel: Words::default(),
            deltas: Counters::new(rows),
            missing: std::array::from_fn(|_| PrimitiveBuilder::with_capacity(rows)),
            totals: Counters::new(rows),
            rtt_us: PrimitiveBuilder::with_capacity(rows),
            app_protocol: Words::default(),
            inspection: Enumeration::new(INSPECTION, rows),
            server_name: Words::default(),
            server_name_source: Enumeration::new(NAME_SOURCE, rows),
            tls_version: Words::default(),
            ech: Enumeration::new(ECH, rows),
            http_upload_bytes: PrimitiveBuilder::with_capacity(rows),
            texts: std::array::from_fn(|_| Words::default()),
            lists: std::array::from_fn(|_| Lists::new()),
            text: String::with_capacity(64),
            detections: LargeListBuilder::new(StructBuilder::new(detection(), detection_builders()))
                .with_field(Field::new("item", DataType::Struct(detection()), true)),
            local_key: BinaryViewBuilder::with_capacity(rows),
            remote_key: BinaryViewBuilder::with_capacity(rows),
        }
    }

    /// Adds the report of a flow.
    pub fn append(&mut self, flow: &Flow, interface: &str, community_seed: u16) {
        self.rows += 1;
        self.append_life(flow, interface);
        self.append_ends(flow, community_seed);
        self.deltas.append(&flow.counts, &flow.told);
        let missing = flow.missing();
        for (way, builder) in self.missing.iter_mut().enumerate() {
            builder.append_option(missing.and_then(|ways| ways.get(way).copied()));
        }
        self.totals.append(&flow.counts, &Counts::default());
        self.rtt_us.append_option(flow.rtt_us());
        let [out, inward] = flow.counts.payload;
        match flow.extra.as_deref() {
            Some(extra) => self.append_names(extra, out + inward > 0),
            None => self.append_nameless(out + inward > 0),
        }
    }

    fn append_life(&mut self, flow: &Flow, interface: &str) {
        self.flow_id.append_value(flow.id);
        self.report.keys.append_value(match (flow.alive, flow.told_before) {
            (false, _) => ENDED,
            (true, true) => ACTIVE,
            (true, false) => OPENED,
        });
        self.end_reason.keys.append_option(flow.end_reason.map(|reason| reason as u8));
        self.interface.append_value(interface);
        self.first_ns.append_value(flow.first_ns);
        self.last_ns.append_value(flow.last_ns);
        self.initiator.keys.append_value(flow.initiator as u8);
        self.scope.keys.append_value(flow.scope as u8);
        self.transport.append_value(transport_name(flow.key.proto));
        if let Some(vlan) = flow.vlan.text() {
            self.vlan.say(&vlan, self.rows);
        }
        if let Some(tunnel) = flow.key.tunnel.text() {
            self.tunnel.say(&tunnel, self.rows);
        }
    }

    fn append_ends(&mut self, flow: &Flow, community_seed: u16) {
        let (local, remote) = (flow.local(), flow.remote());
        self.local_ip.append_value(written(&mut self.text, &local));
        self.remote_ip.append_value(written(&mut self.text, &remote));
        self.local_port.append_value(flow.local_port);
        self.remote_port.append_value(flow.remote_port);
        self.local_key.append_value(local.key());
        self.remote_key.append_value(remote.key());
        let is_icmp = matches!(flow.key.proto, proto::ICMP | proto::ICMP6);
        // Type and code belong to the packet, not to the ends: the hash wants them with their sender.
        let swapped = is_icmp && flow.initiator == Initiator::Remote;
        let (one, other) = if swapped { (remote, local) } else { (local, remote) };
        self.text.clear();
        let (one, other) = ((one, flow.local_port), (other, flow.remote_port));
        community_id(one, other, flow.key.proto, community_seed, &mut self.text);
        self.community_id.append_value(&self.text);
    }

    fn append_names(&mut self, extra: &Extra, payload_seen: bool) {
        let names = &extra.names;
        if let Some(protocol) = names.app_protocol {
            self.app_protocol.say(protocol, self.rows);
        }
        self.inspection.keys.append_option(names.inspected(payload_seen).map(|class| class as u8));
        let label = || extra.label.as_deref().map(|label| (label, Source::Dns));
        let server = names.server().or_else(label);
        if let Some((name, _)) = server {
            self.server_name.say(name, self.rows);
        }
        self.server_name_source.keys.append_option(server.map(|(_, source)| source as u8));
        if let Some(version) = &names.tls_version {
            self.tls_version.say(version, self.rows);
        }
        self.ech.keys.append_option(names.ech.map(|ech| ech as u8));
        self.http_upload_bytes.append_option(names.http_upload_bytes);
        self.append_texts(names);
        self.append_detections(extra.found.as_deref());
    }

    fn append_texts(&mut self, names: &Names) {
        for (word, text) in names.words() {
            match word {
                Word::Text(column) => {
                    if let Some(words) = self.texts.get_mut(column) {
                        words.say(text, self.rows);
                    }
                }
                Word::List(column) => {
                    if let Some(lists) = self.lists.get_mut(column) {
                        lists.say(text, self.rows);
                    }
                }
                Word::ServerName => {}
            }
        }
    }

    fn append_detections(&mut self, found: Option<&[Detection]>) {
        for detection in found.unwrap_or_default() {
            append_detection(self.detections.values(), detection);
        }
        self.detections.append(found.is_some());
    }

    fn append_nameless(&mut self, payload_seen: bool) {
        let opaque = crate::model::Inspection::Opaque as u8;
        self.inspection.keys.append_option(payload_seen.then_some(opaque));
        for builder in [&mut self.server_name_source, &mut self.ech] {
            builder.keys.append_null();
        }
        self.http_upload_bytes.append_null();
        self.detections.append(false);
    }

    /// The record batch of all that was added.
    #[must_use]
    pub fn finish(self) -> RecordBatch {
        let rows = self.rows;
        let mut made = Made { rows, ..Made::default() };
        made.number("flow_id", self.flow_id);
        made.word("report", self.report);
        made.word("end_reason", self.end_reason);
        made.text("interface", self.interface);
        made.number("first_ns", self.first_ns);
        made.number("last_ns", self.last_ns);
        made.text("community_id", self.community_id);
        made.text("local_ip", self.local_ip);
        made.number("local_port", self.local_port);
        made.text("remote_ip", self.remote_ip);
        made.number("remote_port", self.remote_port);
        made.word("initiator", self.initiator);
        made.word("scope", self.scope);
        made.text("transport", self.transport);
        made.words("vlan", self.vlan);
        made.words("tunnel", self.tunnel);
        made.counters("", self.deltas);
        let [out, inward] = self.missing;
        made.number("missing_out", out);
        made.number("missing_in", inward);
        made.counters("total_", self.totals);
        made.number("rtt_us", self.rtt_us);
        made.words("app_protocol", self.app_protocol);
        made.word("inspection", self.inspection);
        made.words("server_name", self.server_name);
        made.word("server_name_source", self.server_name_source);
        let mut texts = self.texts.map(Some);
        let mut text = |column: Text| texts.get_mut(column as usize).and_then(Option::take).unwrap_or_default();
        made.words("alpn", text(Text::Alpn));
        made.words("tls_version", self.tls_version);
        made.words("ja4", text(Text::Ja4));
        made.word("ech", self.ech);
        made.words("cert_subject", text(Text::CertSubject));
        made.words("cert_issuer", text(Text::CertIssuer));
        let mut lists = self.lists.map(Some);
        let mut list = |column: List| lists.get_mut(column as usize).and_then(Option::take);
        made.list("tls_san", list(List::TlsSan));
        made.words("http_host", text(Text::HttpHost));
        made.words("http_method", text(Text::HttpMethod));
        made.words("http_path", text(Text::HttpPath));
        made.words("http_content_type", text(Text::HttpContentType));
        made.number("http_upload_bytes", self.http_upload_bytes);
        made.list("dns_query", list(List::DnsQuery));
        made.words("dns_rcode", text(Text::DnsRcode));
        made.list("mail_domains", list(List::MailDomains));
        made.list("file_names", list(List::FileNames));
        made.list("file_types", list(List::FileTypes));
        made.detections(self.detections);
        made.binary("local_key", self.local_key);
        made.binary("remote_key", self.remote_key);
        made.batch()
    }
}

/// Columns that are ready.
#[derive(Default)]
struct Made {
    rows: usize,
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl Made {
    fn add(&mut self, field: Field, array: ArrayRef) {
        self.fields.push(field);
        self.arrays.push(array);
    }

    fn number<T: ArrowPrimitiveType>(&mut self, name: &str, mut builder: PrimitiveBuilder<T>) {
        self.add(Field::new(name, T::DATA_TYPE, true), Arc::new(builder.finish()));
    }

    fn text(&mut self, name: &str, mut builder: StringViewBuilder) {
        self.add(Field::new(name, DataType::Utf8View, true), Arc::new(builder.finish()));
    }

    fn binary(&mut self, name: &str, mut builder: BinaryViewBuilder) {
        self.add(Field::new(name, DataType::BinaryView, true), Arc::new(builder.finish()));
    }

    /// Adds a column of words and says so in the way of Polars, which makes an `Enum` of it.
    fn word(&mut self, name: &str, column: Enumeration) {
        let words: String = column.words.iter().map(|word| format!("{};{word}", word.len())).collect();
        let (data_type, array) = column.finish();
        let metadata = HashMap::from([("_PL_ENUM_VALUES2".to_owned(), words)]);
        self.add(Field::new(name, data_type, true).with_metadata(metadata), array);
    }

    fn words(&mut self, name: &str, words: Words) {
        self.add(Field::new(name, DataType::Utf8View, true), words.finish(self.rows));
    }

    fn list(&mut self, name: &str, lists: Option<Lists>) {
        let Some(lists) = lists else { return };
        self.add(Field::new(name, DataType::LargeList(item()), true), lists.finish(self.rows));
    }

    fn counters(&mut self, prefix: &str, counters: Counters) {
        for (what, builders) in ["packets", "bytes", "payload"].into_iter().zip(counters.0) {
            for (way, builder) in ["out", "in"].into_iter().zip(builders) {
                self.number(&format!("{prefix}{what}_{way}"), builder);
            }
        }
    }

    fn detections(&mut self, mut builder: LargeListBuilder<StructBuilder>) {
        let array = builder.finish();
        self.add(Field::new("detections", arrow_array::Array::data_type(&array).clone(), true), Arc::new(array));
    }

    /// The batch. Every column has the same number of rows, so it can be made.
    fn batch(self) -> RecordBatch {
        let schema = Arc::new(Schema::new(self.fields));
        RecordBatch::try_new(Arc::clone(&schema), self.arrays).unwrap_or_else(|_| RecordBatch::new_empty(schema))
    }
}

fn item() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Utf8View, true))
}

/// The fields of `DETECTION` in the Python model.
fn detection() -> Fields {
    let list = |of: DataType| DataType::LargeList(Arc::new(Field::new("item", of, true)));
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

/// Writes an address as text. `inet_ntop` writes IPv4-compatible addresses (`::a.b.c.d`) in dots, and so do we.
fn written<'a>(text: &'a mut String, address: &Address) -> &'a str {
    text.clear();
    let [head @ .., a, b, c, d] = address.key();
    let quad = [*a, *b, *c, *d];
    if !address.is_v6() {
        write_quad(text, quad);
    } else if *head == [0; 12] && (*a, *b) != (0, 0) {
        text.push_str("::");
        write_quad(text, quad);
    } else {
        let _ = write!(text, "{address}"); // into a string nothing fails
    }
    text
}

/// Writes an IPv4 address; the machinery of `fmt` would cost more than the rest of a report.
fn write_quad(text: &mut String, quad: [u8; 4]) {
    for (at, byte) in quad.into_iter().enumerate() {
        if at > 0 {
            text.push('.');
        }
        if byte >= 100 {
            text.push(char::from(b'0' + byte / 100));
        }
        if byte >= 10 {
            text.push(char::from(b'0' + byte / 10 % 10));
        }
        text.push(char::from(b'0' + byte % 10));
    }
}
