//! The names of a flow: Community ID v1, flow ids, and the transport's keyword.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use foldhash::fast::RandomState;
use sha1::{Digest, Sha1};

use super::key::{FlowKey, icmp_answer};
use crate::model::{Address, proto};

/// One end of a flow as Community ID sees it.
type End = (Address, u16);

/// Writes the Community ID of a tuple, the same for both directions. For ICMP the ports are type and code.
///
/// Source: <https://github.com/corelight/community-id-spec>, version 1.
pub fn community_id(src: End, dst: End, protocol: u8, seed: u16, text: &mut String) {
    let is_icmp = matches!(protocol, proto::ICMP | proto::ICMP6);
    let answer = if is_icmp { icmp_answer(protocol, src.1) } else { None };
    let one_way = is_icmp && answer.is_none();
    let dst = (dst.0, answer.unwrap_or(dst.1));
    let swapped = !one_way && (src.0.key(), src.1) > (dst.0.key(), dst.1);
    let ((low, low_port), (high, high_port)) = if swapped { (dst, src) } else { (src, dst) };
    let mut sha = Sha1::new();
    Digest::update(&mut sha, seed.to_be_bytes());
    Digest::update(&mut sha, low.wire());
    Digest::update(&mut sha, high.wire());
    Digest::update(&mut sha, [protocol, 0]);
    if is_icmp || matches!(protocol, proto::TCP | proto::UDP | proto::SCTP) {
        Digest::update(&mut sha, low_port.to_be_bytes());
        Digest::update(&mut sha, high_port.to_be_bytes());
    }
    text.push_str("1:");
    STANDARD.encode_string(sha.finalize(), text);
}

/// Flows remembered, so that no id is given twice where the clock stood still or went back.
const RECENT_IDS: usize = 65_536;

/// The ids that were given of late. However often a tuple is used again, giving the next id costs the same.
#[derive(Default)]
pub struct FlowIds {
    uses: HashMap<u64, Uses, RandomState>,
    recent: VecDeque<u64>,
    /// Room to write in what is hashed.
    data: Vec<u8>,
}

/// How often a tuple was used in the same nanosecond.
#[derive(Default)]
struct Uses {
    next: u64,
    remembered: usize,
}

impl FlowIds {
    /// The id of a flow: the first eight bytes of SHA-1 over what makes it itself, and, where all that was used before, over
    /// the number of the use too. No secret hangs on it; SHA-1 is what processors compute fastest.
    pub fn give(&mut self, interface: &str, key: &FlowKey, first_ns: i64) -> u64 {
        let Self { uses, recent, data } = self;
        data.clear();
        data.extend_from_slice(interface.as_bytes());
        data.push(0);
        data.extend_from_slice(key.end(true).wire());
        data.push(0);
        data.extend_from_slice(key.end(false).wire());
        data.push(key.proto);
        data.extend_from_slice(&key.port_a.to_be_bytes());
        data.extend_from_slice(&key.port_b.to_be_bytes());
        data.extend_from_slice(&first_ns.to_be_bytes());
        data.extend_from_slice(key.tunnel.text().unwrap_or_default().as_bytes());
        let first = hash(data);
        let uses = uses.entry(first).or_default();
        let again = uses.next;
        uses.next += 1;
        uses.remembered += 1;
        recent.push_back(first);
        if again == 0 {
            return first;
        }
        data.extend_from_slice(&again.to_be_bytes());
        hash(data)
    }

    /// Forgets all but the newest.
    pub fn forget(&mut self) {
        let old = self.recent.len().saturating_sub(RECENT_IDS);
        for first in self.recent.drain(..old) {
            if let Entry::Occupied(mut uses) = self.uses.entry(first) {
                uses.get_mut().remembered -= 1;
                if uses.get().remembered == 0 {
                    uses.remove();
                }
            }
        }
    }
}

fn hash(data: &[u8]) -> u64 {
    Sha1::digest(data).first_chunk().map_or(0, |head| u64::from_be_bytes(*head))
}

/// The IANA keyword of a protocol number in lower case, `ip-<n>` when it has none.
#[must_use]
pub fn transport_name(protocol: u8) -> Cow<'static, str> {
    match KEYWORDS.get(usize::from(protocol)) {
        Some(keyword) if !keyword.is_empty() => Cow::Borrowed(keyword),
        _ => Cow::Owned(format!("ip-{protocol}")),
    }
}

/// <https://www.iana.org/assignments/protocol-numbers>, in order from 0; empty: no keyword there.
const KEYWORDS: [&str; 148] = [
    "hopopt",
    "icmp",
    "igmp",
    "ggp",
    "ipv4",
    "st",
    "tcp",
    "cbt",
    "egp",
    "igp",
    "bbn-rcc-mon",
    "nvp-ii",
    "pup",
    "argus",
    "emcon",
    "xnet",
    "chaos",
    "udp",
    "mux",
    "dcn-meas",
    "hmp",
    "prm",
    "xns-idp",
    "trunk-1",
    "trunk-2",
    "leaf-1",
    "leaf-2",
    "rdp",
    "irtp",
    "iso-tp4",
    "netblt",
    "mfe-nsp",
    "merit-inp",
    "dccp",
    "3pc",
    "idpr",
    "xtp",
    "ddp",
    "idpr-cmtp",
    "tp++",
    "il",
    "ipv6",
    "sdrp",
    "ipv6-route",
    "ipv6-frag",
    "idrp",
    "rsvp",
    "gre",
    "dsr",
    "bna",
    "esp",
    "ah",
    "i-nlsp",
    "swipe",
    "narp",
    "min-ipv4",
    "tlsp",
    "skip",
    "ipv6-icmp",
    "ipv6-nonxt",
    "ipv6-opts",
    "",
    "cftp",
    "",
    "sat-expak",
    "kryptolan",
    "rvd",
    "ippc",
    "",
    "sat-mon",
    "visa",
    "ipcv",
    "cpnx",
    "cphb",
    "wsn",
    "pvp",
    "br-sat-mon",
    "sun-nd",
    "wb-mon",
    "wb-expak",
    "iso-ip",
    "vmtp",
    "secure-vmtp",
    "vines",
    "iptm",
    "nsfnet-igp",
    "dgp",
    "tcf",
    "eigrp",
    "ospfigp",
    "sprite-rpc",
    "larp",
    "mtp",
    "ax.25",
    "ipip",
    "micp",
    "scc-sp",
    "etherip",
    "encap",
    "",
    "gmtp",
    "ifmp",
    "pnni",
    "pim",
    "aris",
    "scps",
    "qnx",
    "a/n",
    "ipcomp",
    "snp",
    "compaq-peer",
    "ipx-in-ip",
    "vrrp",
    "pgm",
    "",
    "l2tp",
    "ddx",
    "iatp",
    "stp",
    "srp",
    "uti",
    "smp",
    "sm",
    "ptp",
    "isis-over-ipv4",
    "fire",
    "crtp",
    "crudp",
    "sscopmce",
    "iplt",
    "sps",
    "pipe",
    "sctp",
    "fc",
    "rsvp-e2e-ignore",
    "mobility-header",
    "udplite",
    "mpls-in-ip",
    "manet",
    "hip",
    "shim6",
    "wesp",
    "rohc",
    "ethernet",
    "aggfrag",
    "nsh",
    "homa",
    "bit-emu",
];
