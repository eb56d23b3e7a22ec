//! Tells a link of Tor by the certificate its relays make for themselves (up to TLS 1.2).
//!
//! A relay is `www.<random>.net`, signed by `www.<random>.com`, and nothing else: one attribute each, no alternative name.
//! Random is base32 in lower case. Each of that alone may be chance; all of it, with numerals where people put words, is
//! not. The client asks for a third such name. From TLS 1.3 on the certificate is encrypted, and nothing can be told.

use std::ops::RangeInclusive;

use super::certificate::CertificateNames;

/// In both random names together; all but one in fifty pairs have them.
pub const NUMERALS_LEAST: usize = 2;

const RANDOM: RangeInclusive<usize> = 8..=20;
const ASKED: RangeInclusive<usize> = 4..=25;

/// Tells whether a server's certificate is a relay's; `asked` is the name in the client's hello, None without one.
#[must_use]
pub fn is_tor(certificate: &CertificateNames<'_>, asked: Option<&str>) -> bool {
    let name = |text: &Option<Vec<u8>>, end| {
        let text = text.as_deref()?.strip_prefix(b"CN=")?;
        random(text, end, RANDOM).map(<[u8]>::to_vec)
    };
    let (Some(subject), Some(issuer)) = (name(&certificate.subject, b".net"), name(&certificate.issuer, b".com"))
    else {
        return false;
    };
    let numerals = subject.iter().chain(&issuer).filter(|byte| byte.is_ascii_digit()).count();
    certificate.dns_names.is_empty()
        && asked.is_none_or(|asked| random(asked.as_bytes(), b".com", ASKED).is_some())
        && subject != issuer
        && numerals >= NUMERALS_LEAST
}

/// What is random in a name: base32 in lower case (RFC 4648 6), between `www.` and `end`.
fn random<'a>(name: &'a [u8], end: &[u8], length: RangeInclusive<usize>) -> Option<&'a [u8]> {
    let random = name.strip_prefix(b"www.")?.strip_suffix(end)?;
    let base32 = random.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'));
    (base32 && length.contains(&random.len())).then_some(random)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(subject: &str, issuer: &str, dns_names: &[&[u8]], asked: Option<&str>) -> bool {
        let (subject, issuer) = (Some(subject.into()), Some(issuer.into()));
        is_tor(&CertificateNames { subject, issuer, dns_names: dns_names.to_vec() }, asked)
    }

    #[test]
    fn a_relay_has_all_of_it() {
        let (relay, signer) = ("CN=www.k2v5xqjt7wd.net", "CN=www.5trmabuyi3qh6n.com");
        assert!(told(relay, signer, &[], None));
        assert!(told(relay, signer, &[], Some("www.b57efmuh4c.com")));
        assert!(!told(relay, signer, &[], Some("www.k2v5xqjt7wd.net")));
        assert!(!told(relay, signer, &[b"www.k2v5xqjt7wd.net"], None));
        assert!(!told(signer, relay, &[], None));
        for odd in ["CN=www.bookshops.net", "CN=www.k2v5xqj.net", "CN=www.k2v5.qjt7wd.net", "CN=k2v5xqjt7wd.net", ""] {
            assert!(!told(odd, "CN=www.certifiers.com", &[], None));
        }
        assert!(!is_tor(&CertificateNames::default(), None));
    }
}
