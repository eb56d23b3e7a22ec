//! The columns of a report, filled with flows. Names and types are those of `REPORT_SCHEMA` in the Python model.

mod detections;
mod kinds;
mod made;
mod written;

use arrow_array::RecordBatch;
use arrow_array::builder::{LargeListBuilder, PrimitiveBuilder, StringViewBuilder, StructBuilder};
use arrow_array::types::{Int64Type, UInt16Type, UInt32Type, UInt64Type};

use self::detections::{append_detections, append_persons, detections, persons};
use self::kinds::{Enumeration, Keys, Lists, Words};
use self::made::Made;
use self::written::written;
use crate::apps::tls::version_name;
use crate::flow::ids::{community_id, transport_name};
use crate::flow::{Counts, Extra, Flow};
use crate::model::{Initiator, proto};
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

/// Columns that are counted, out and in of each.
struct Counters([[Vec<u64>; 2]; 3]);

impl Counters {
    fn with_capacity(rows: usize) -> Self {
        Self(std::array::from_fn(|_| std::array::from_fn(|_| Vec::with_capacity(rows))))
    }

    #[inline]
    fn fill(&mut self, flows: &[&Flow], counts: impl Fn(&Flow) -> Counts) {
        for flow in flows {
            let Counts { packets, bytes, payload } = counts(flow);
            for (columns, numbers) in self.0.iter_mut().zip([packets, bytes, payload]) {
                columns.iter_mut().zip(numbers).for_each(|(column, number)| column.push(number));
            }
        }
    }

    fn finish(self, prefix: &str, made: &mut Made) {
        for (what, columns) in ["packets", "bytes", "payload"].into_iter().zip(self.0) {
            for (way, column) in ["out", "in"].into_iter().zip(columns) {
                made.number::<UInt64Type>(&format!("{prefix}{what}_{way}"), column);
            }
        }
    }
}

/// All columns.
pub struct Columns {
    rows: usize,
    flow_id: Vec<u64>,
    report: Enumeration,
    end_reason: Enumeration,
    interface: StringViewBuilder,
    first_ns: Vec<i64>,
    last_ns: Vec<i64>,
    community_id: StringViewBuilder,
    local_ip: StringViewBuilder,
    local_port: Vec<u16>,
    remote_ip: StringViewBuilder,
    remote_port: Vec<u16>,
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
    persons: LargeListBuilder<StructBuilder>,
    local_key: Keys,
    remote_key: Keys,
}

impl Columns {
    #[must_use]
    pub fn with_capacity(rows: usize) -> Self {
        let text = || StringViewBuilder::with_capacity(rows);
        Self {
            rows: 0,
            flow_id: Vec::with_capacity(rows),
            report: Enumeration::new(REPORT, rows),
            end_reason: Enumeration::new(END_REASON, rows),
            interface: text(),
            first_ns: Vec::with_capacity(rows),
            last_ns: Vec::with_capacity(rows),
            community_id: text(),
            local_ip: text(),
            local_port: Vec::with_capacity(rows),
            remote_ip: text(),
            remote_port: Vec::with_capacity(rows),
            initiator: Enumeration::new(INITIATOR, rows),
            scope: Enumeration::new(SCOPE, rows),
            transport: text(),
            vlan: Words::default(),
            tunnel: Words::default(),
            deltas: Counters::with_capacity(rows),
            missing: std::array::from_fn(|_| PrimitiveBuilder::with_capacity(rows)),
            totals: Counters::with_capacity(rows),
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
            detections: detections(),
            persons: persons(),
            local_key: Keys::with_capacity(rows),
            remote_key: Keys::with_capacity(rows),
        }
    }

    /// Adds the reports of flows of one interface, which are near in memory.
    ///
    /// What every flow has is filled a column at a time, what few have a flow at a time.
    pub fn append(&mut self, flows: &[&Flow], interface: &str, community_seed: u16) {
        self.append_counts(flows);
        self.append_lives(flows, interface);
        for flow in flows {
            self.rows += 1;
            self.append_ends(flow, community_seed);
            self.append_path(flow);
            let [out, inward] = flow.counts.payload;
            match flow.extra.as_deref() {
                Some(extra) => self.append_names(extra, out + inward > 0),
                None => self.append_nameless(out + inward > 0),
            }
        }
    }

    fn append_counts(&mut self, flows: &[&Flow]) {
        self.deltas.fill(flows, |flow| flow.counts.since(&flow.told));
        self.totals.fill(flows, |flow| flow.counts);
        self.first_ns.extend(flows.iter().map(|flow| flow.first_ns));
        self.last_ns.extend(flows.iter().map(|flow| flow.last_ns));
        for flow in flows {
            self.rtt_us.append_option(flow.rtt_us());
            let missing = flow.missing();
            for (way, column) in self.missing.iter_mut().enumerate() {
                column.append_option(missing.and_then(|ways| ways.get(way).copied()));
            }
        }
    }

    fn append_lives(&mut self, flows: &[&Flow], interface: &str) {
        self.flow_id.extend(flows.iter().map(|flow| flow.id));
        self.report.say_all(flows.iter().map(|flow| match (flow.alive, flow.told_before) {
            (false, _) => ENDED,
            (true, true) => ACTIVE,
            (true, false) => OPENED,
        }));
        self.initiator.say_all(flows.iter().map(|flow| flow.initiator as u8));
        self.scope.say_all(flows.iter().map(|flow| flow.scope as u8));
        self.local_port.extend(flows.iter().map(|flow| flow.local_port));
        self.remote_port.extend(flows.iter().map(|flow| flow.remote_port));
        for flow in flows {
            self.end_reason.say(flow.end_reason.map(|reason| reason as u8));
            self.interface.append_value(interface);
        }
    }

    fn append_path(&mut self, flow: &Flow) {
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
        self.local_key.append(local.key());
        self.remote_key.append(remote.key());
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
        self.inspection.say(names.inspected(payload_seen).map(|class| class as u8));
        let label = || extra.label.as_deref().map(|label| (label, Source::Dns));
        let server = names.server().or_else(label);
        if let Some((name, _)) = server {
            self.server_name.say(name, self.rows);
        }
        self.server_name_source.say(server.map(|(_, source)| source as u8));
        if let Some(version) = names.tls_version {
            self.tls_version.say(&version_name(version), self.rows);
        }
        self.ech.say(names.ech.map(|ech| ech as u8));
        self.http_upload_bytes.append_option(names.http_upload_bytes);
        self.append_texts(names);
        append_detections(&mut self.detections, extra.found.as_deref().map(|found| found.detections.as_slice()));
        append_persons(&mut self.persons, extra.found.as_deref().map(|found| &found.persons));
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

    fn append_nameless(&mut self, payload_seen: bool) {
        let opaque = crate::model::Inspection::Opaque as u8;
        self.inspection.say(payload_seen.then_some(opaque));
        for column in [&mut self.server_name_source, &mut self.ech] {
            column.say(None);
        }
        self.http_upload_bytes.append_null();
        append_detections(&mut self.detections, None);
        append_persons(&mut self.persons, None);
    }

    /// The record batch of all that was added.
    #[must_use]
    pub fn finish(self) -> RecordBatch {
        let rows = self.rows;
        let mut made = Made::of(rows);
        made.number::<UInt64Type>("flow_id", self.flow_id);
        made.word("report", self.report);
        made.word("end_reason", self.end_reason);
        made.text("interface", self.interface);
        made.number::<Int64Type>("first_ns", self.first_ns);
        made.number::<Int64Type>("last_ns", self.last_ns);
        made.text("community_id", self.community_id);
        made.text("local_ip", self.local_ip);
        made.number::<UInt16Type>("local_port", self.local_port);
        made.text("remote_ip", self.remote_ip);
        made.number::<UInt16Type>("remote_port", self.remote_port);
        made.word("initiator", self.initiator);
        made.word("scope", self.scope);
        made.text("transport", self.transport);
        made.words("vlan", self.vlan);
        made.words("tunnel", self.tunnel);
        self.deltas.finish("", &mut made);
        let [missing_out, missing_in] = self.missing;
        made.some_numbers("missing_out", missing_out);
        made.some_numbers("missing_in", missing_in);
        self.totals.finish("total_", &mut made);
        made.some_numbers("rtt_us", self.rtt_us);
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
        made.some_numbers("http_upload_bytes", self.http_upload_bytes);
        made.list("dns_query", list(List::DnsQuery));
        made.words("dns_rcode", text(Text::DnsRcode));
        made.list("mail_domains", list(List::MailDomains));
        made.list("file_names", list(List::FileNames));
        made.list("file_types", list(List::FileTypes));
        made.structs("detections", self.detections);
        made.structs("persons", self.persons);
        made.keys("local_key", self.local_key);
        made.keys("remote_key", self.remote_key);
        made.batch()
    }
}
