//! How streams are told apart by their first bytes: one probe a protocol, one table, cheap rejects first.
//!
//! Ports are never asked.

use std::sync::LazyLock;

use super::dnstalk::{self, DnsStream};
use super::firstlines::{self, first_line, says};
use super::ftp::FtpTalk;
use super::http2::Http2Talk;
use super::httptalk::HttpTalk;
use super::linetalk::LineTalk;
use super::mail::SmtpTalk;
use super::mailbox::MailboxTalk;
use super::marks::{self, begins, part};
use super::probe::Probe;
use super::smb::SmbTalk;
use super::socks::SocksTalk;
use super::talk::Talk;
use super::tlstalk::TlsTalk;
use super::watch::{self, FramedTalk};
use super::{http, http2, smb, socks, tls};
use crate::model::Inspection;

pub static STREAM_PROBES: [Probe; 42] = [
    follow("tls", |head, _| tls::looks_like_record(part(head, 0, tls::RECORD_HEADER)), talk::<TlsTalk>),
    follow("http2", |head, _| http2::looks_like_http2(head), talk::<Http2Talk>),
    follow("http", |head, _| http::looks_like_http(head), talk::<HttpTalk>),
    name("ssh", |head, _| begins(head, &[b"SSH-"])),
    follow("dns", |head, _| dnstalk::stream_looks_like_dns(head), talk::<DnsStream>),
    follow("smb", |head, _| smb::looks_like_smb(head), talk::<SmbTalk>),
    follow("smtp", |head, other| says(head, other, &firstlines::SMTP), talk::<SmtpTalk>),
    follow("ftp", |head, other| says(head, other, &firstlines::FTP), talk::<FtpTalk>),
    follow("pop3", |head, other| says(head, other, &firstlines::POP3), talk::<MailboxTalk>),
    follow("imap", |head, _| first_line(head, &firstlines::IMAP), talk::<MailboxTalk>),
    Probe {
        inspection: Some(Inspection::Opaque),
        ..follow("rdp", |head, _| marks::is_rdp(head), || Box::new(FramedTalk::new(watch::tpkt_frame)))
    },
    follow("mysql", |head, _| marks::is_mysql(head), || Box::new(FramedTalk::new(watch::mysql_frame))),
    follow("postgresql", |head, _| marks::is_pgsql(head), || Box::new(FramedTalk::new(watch::pgsql_frame))),
    name("tds", |head, _| marks::is_tds(head)),
    name("oracle", |head, _| marks::is_oracle(head)),
    name("mongodb", |head, _| marks::is_mongodb(head)),
    name("cassandra", |head, _| marks::is_cassandra(head)),
    name("memcached", |head, _| first_line(head, &firstlines::MEMCACHED)),
    name("redis", |head, _| first_line(head, &firstlines::REDIS)),
    follow("ldap", |head, _| marks::is_ldap(head), || Box::new(FramedTalk::new(watch::ldap_frame))),
    name("sip", |head, _| first_line(head, &firstlines::SIP)),
    name("rtsp", |head, _| first_line(head, &firstlines::RTSP)),
    name("mqtt", |head, _| marks::is_mqtt(head)),
    name("amqp", |head, _| begins(head, &[b"AMQP\x00", b"AMQP\x03"])),
    follow("xmpp", |head, _| begins(head, &firstlines::XMPP), talk::<LineTalk>),
    name("bittorrent", |head, _| begins(head, &[b"\x13BitTorrent protocol"])),
    name("rfb", |head, _| begins(head, &[b"RFB 003.", b"RFB 004.", b"RFB 005."])),
    name("nfs", |head, _| marks::is_nfs(head)),
    name("sunrpc", |head, _| marks::is_sunrpc(head)),
    name("telnet", |head, _| marks::is_telnet(head)),
    name("dicom", |head, _| marks::is_dicom(head)),
    name("hl7", |head, _| begins(head, &[b"\x0bMSH|"])),
    name("rsync", |head, _| begins(head, &[b"@RSYNCD: "])),
    name("git", |head, _| marks::is_git(head)),
    follow("irc", |head, _| first_line(head, &firstlines::IRC), talk::<LineTalk>),
    name("syslog", |head, _| first_line(head, &firstlines::SYSLOG)),
    follow("socks", socks::looks_like_socks, talk::<SocksTalk>),
    name("dnp3", |head, _| begins(head, &[b"\x05\x64"])),
    name("pptp", |head, _| marks::is_pptp(head)),
    name("openvpn", |head, _| marks::is_openvpn(head)),
    name("bgp", |head, _| begins(head, &[&[0xFF; 16]])),
    follow("tls", |head, _| tls::looks_like_ssl2_hello(head), talk::<TlsTalk>),
];

/// Stream probes by their place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeSet(u64);

impl ProbeSet {
    pub const NONE: Self = Self(0);
    pub const ALL: Self = Self((1 << STREAM_PROBES.len()) - 1);

    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The probes of the set in order, each with the set of itself.
    pub fn probes(self) -> impl Iterator<Item = (Self, &'static Probe)> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let probe = STREAM_PROBES.get(left.trailing_zeros() as usize)?;
            let alone = left & left.wrapping_neg();
            left ^= alone;
            Some((Self(alone), probe))
        })
    }

    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The probes that do not say no to this first byte: no to a part is no to the whole.
    #[must_use]
    pub fn beginning(first: u8) -> Self {
        FIRST_BYTES.get(usize::from(first)).copied().unwrap_or(Self::ALL)
    }
}

static FIRST_BYTES: LazyLock<[ProbeSet; 256]> = LazyLock::new(|| {
    std::array::from_fn(|first| {
        let refused = |(_, probe): &(ProbeSet, &Probe)| (probe.test)(&[first as u8], &[]) == Some(false);
        ProbeSet::ALL.probes().filter(refused).fold(ProbeSet::ALL, |set, (probe, _)| set.without(probe))
    })
});

const fn name(protocol: &'static str, test: super::probe::Test) -> Probe {
    Probe { protocol, test, make: None, inspection: None }
}

const fn follow(protocol: &'static str, test: super::probe::Test, make: fn() -> Box<dyn Talk>) -> Probe {
    Probe { protocol, test, make: Some(make), inspection: None }
}

fn talk<T: Talk + Default + 'static>() -> Box<dyn Talk> {
    Box::new(T::default())
}
