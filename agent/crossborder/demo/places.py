"""Who is in the demo: the ministry's hosts, Vietnamese servers, foreign servers and where each of them stands.

Public addresses lie in prefixes that the packaged country database places in the country named here; a test holds
that. Names of invented servers end in `.example` (RFC 6761); well-known services carry their real names, because rules
know them by name. No packet of the demo leaves the machine.
"""

from __future__ import annotations

from typing import NamedTuple

from crossborder.model import UNKNOWN_COUNTRY

HOME = "VN"
_ROUND_TRIP_MS = {"VN": 9, "SG": 34, "HK": 29, "CN": 48, "TH": 31, "MY": 41, "JP": 82, "KR": 76, "TW": 52, "AU": 128}


class Host(NamedTuple):
    """One machine: its name in DNS, its address, the country it stands in."""

    name: str
    ip: str
    country: str = HOME

    @property
    def inside(self) -> bool:
        """Tell whether the host belongs to the ministry."""
        return self.ip.startswith(("10.20.", "fd20:", "2001:ee0:4f00:", "14.225.12."))

    @property
    def turn_ns(self) -> int:
        """Return how long the gateway waits for this host's answer, nanoseconds."""
        return int((0.4 if self.inside else _ROUND_TRIP_MS.get(self.country, 180)) * 1_000_000)


GATEWAY = Host("gw.ministry.example", "10.20.50.1")
RESOLVER = Host("dns.ministry.example", "10.20.50.53")
MAIL = Host("mail.ministry.example", "10.20.50.25")
PORTAL = Host("www.ministry.example", "10.20.50.80")
GATEWAY_PUBLIC = Host("wan.ministry.example", "14.225.12.34")

REGISTRY = Host("registry.ministry.example", "10.20.10.5")
REGISTRY_DB = Host("registry-db.ministry.example", "10.20.10.20")
REGISTRY_V6 = Host("registry6.ministry.example", "fd20:10:10::20")
INSURANCE = Host("insurance.ministry.example", "10.20.20.8")
INSURANCE_DB = Host("insurance-db.ministry.example", "10.20.20.20")
HOSPITAL = Host("records.ministry.example", "10.20.30.10")
HOSPITAL_DB = Host("records-db.ministry.example", "10.20.30.20")
HOSPITAL_DESK = Host("ward-3.ministry.example", "10.20.30.77")
PROCUREMENT = Host("bids.ministry.example", "10.20.40.12")
PROCUREMENT_DESK = Host("bids-desk.ministry.example", "10.20.40.31")
OFFICE = tuple(Host(f"pc-{n}.ministry.example", f"10.20.60.{n}") for n in range(21, 61))
OFFICE_V6 = Host("pc-v6.ministry.example", "2001:ee0:4f00:60::21")
BRANCH = Host("branch.ministry.example", "10.20.40.201")

DOMESTIC = (
    Host("dichvucong.example", "123.30.17.20"),
    Host("tin-tuc.example", "118.69.80.44"),
    Host("ngan-hang.example", "171.244.12.90"),
    Host("hoc-tap.example", "14.225.210.7"),
    Host("mua-sam.example", "103.28.36.66"),
    Host("luu-tru.example", "210.245.31.60"),
)
DOMESTIC_V6 = Host("ban-do.example", "2405:4800:102:1::80")
DOMESTIC_MAIL = Host("mx.tinh.example", "203.113.131.25")
DOMESTIC_TIME = Host("time.vn.example", "222.255.1.123")
DOMESTIC_RESOLVER = Host("dns.isp.example", "203.113.131.1")

# Well-known services abroad, by the names that rules know.
DROPBOX = Host("content.dropboxapi.com", "162.125.248.14", "US")
S3 = Host("backup-2026.s3.ap-southeast-1.amazonaws.com", "52.219.124.77", "SG")
DRIVE = Host("drive.usercontent.google.com", "142.250.199.74", "US")
OPENAI = Host("api.openai.com", "162.159.140.245", "US")
ANTHROPIC = Host("api.anthropic.com", "160.79.104.10", "US")
DEEPSEEK = Host("api.deepseek.com", "116.62.11.40", "CN")
WEBMAIL = Host("mail.google.com", "142.250.199.69", "US")
PASTE = Host("pastebin.com", "104.20.29.150", "US")
HANDOVER = Host("storm-eu-west-1.wetransfer.com", "52.208.77.30", "IE")
REVERSE = Host("connect.ngrok-agent.com", "3.134.73.10", "US")
HIDDEN = Host("cloudflare-ech.com", "104.18.10.118", "US")
GOOGLE_DNS = Host("dns.google", "8.8.8.8", "US")
CLOUDFLARE_DNS = Host("cloudflare-dns.com", "104.16.249.249", "US")
WIKIPEDIA = Host("vi.wikipedia.org", "103.102.166.224", "US")
GITHUB = Host("github.com", "20.205.243.166", "SG")
PYTHON = Host("docs.python.org", "151.101.0.223", "US")
YOUTUBE = Host("www.youtube.com", "142.251.10.91", "US")
WEB_V6 = Host("www.cloudflare.com", "2606:4700::6810:7b60", "US")

# Invented servers abroad.
FORMS = Host("forms.clinic-cloud.example", "178.128.20.41", "SG")
LAB = Host("lab.gene-map.example", "133.242.18.90", "JP")
SURVEY = Host("api.survey-works.example", "211.115.66.21", "KR")
REPLICA = Host("replica.actuary.example", "116.202.44.18", "DE")
ADJUSTER = Host("claims.adjuster.example", "43.128.11.30", "HK")
DRAINER = Host("crawler.bulk-data.example", "120.92.33.14", "CN")
RESEARCH = Host("pull.cohort-study.example", "51.15.77.8", "NL")
TENDERS = Host("ftp.tender-watch.example", "151.80.1.61", "FR")
MX_JP = Host("mx.consultants.example", "153.120.33.25", "JP")
FILESERVER = Host("share.design-office.example", "175.136.20.15", "MY")
BACKUP = Host("vault.cold-store.example", "5.9.33.71", "DE")
NORDIC = Host("sync.fjord-data.example", "193.75.75.140", "NO")
TUNNEL_DNS = Host("ns1.pixel-cdn.example", "5.255.255.77", "RU")
ARCHIVE_V6 = Host("archive6.cold-store.example", "2a01:4f8:c0c:77::10", "DE")
NORDIC_V6 = Host("sync6.fjord-data.example", "2a02:c0:101::25", "NO")
PEER_GRE = Host("gw.partner-lab.example", "128.199.100.9", "SG")
PEER_VXLAN = Host("vtep.partner-lab.example", "153.120.90.2", "JP")
BROKER = Host("tunnel.broker.example", "216.66.80.26", "US")
VPN = Host("vpn.travel-safe.example", "185.70.42.41", "CH")
CONTRACTOR = Host("", "27.96.130.88", "KR")
SENSOR = Host("in.telemetry-hub.example", "61.220.7.19", "TW")
VIDEO = Host("meet.conference.example", "13.54.77.12", "AU")
NOBODY = Host("", "198.18.77.5", UNKNOWN_COUNTRY)  # benchmark space, RFC 2544: on no map
TIME = Host("sg.pool.ntp.org", "103.6.148.10", "SG")

VISITORS = (
    Host("", "198.54.117.10", "US"),
    Host("", "150.95.1.77", "JP"),
    Host("", "203.2.218.99", "AU"),
    Host("", "49.12.7.70", "DE"),
    Host("", "80.232.32.80", "NO"),
    Host("", "61.220.1.20", "TW"),
    Host("", "203.150.1.30", "TH"),
    Host("", "27.96.130.50", "KR"),
    Host("", "194.71.11.60", "SE"),
    Host("", "200.160.2.90", "BR"),
)

_SWARM_PREFIXES = {"US": "198.54.117.", "DE": "49.12.7.", "SG": "45.32.100.", "JP": "150.95.1.", "NO": "80.232.32."}
SWARM = tuple(
    Host("", f"{prefix}{number}", country) for number in range(101, 110) for country, prefix in _SWARM_PREFIXES.items()
)
