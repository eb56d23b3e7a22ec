//! Names in a server's certificate (X.509, RFC 5280 4.1) as text of RFC 4514, the most specific name first.
//!
//! Read is only the way to the names: a certificate whose key, extensions or signature are odd names its server as well.
//! The alternative names (RFC 5280 4.2.1.6) are the DNS names among them, as they stand.

use super::reader::Reader;

/// Bytes; larger certificates are not looked at.
pub const MAX_CERTIFICATE: usize = 32_768;

/// DNS names of one certificate that are read; how many of them are kept, `names` says.
pub const DNS_NAMES_LIMIT: usize = 64;

const SUBJECT_ALT_NAME: &[u8] = b"\x55\x1d\x11";

/// Types of elements (X.680 8.6).
mod tag {
    pub const BOOLEAN: u8 = 0x01;
    pub const INTEGER: u8 = 0x02;
    pub const OCTETS: u8 = 0x04;
    pub const OID: u8 = 0x06;
    pub const BMP_STRING: u8 = 0x1E;
    pub const UNIVERSAL_STRING: u8 = 0x1C;
    pub const SEQUENCE: u8 = 0x30;
    pub const SET: u8 = 0x31;
    pub const DNS_NAME: u8 = 0x82;
    pub const VERSION: u8 = 0xA0;
    pub const EXTENSIONS: u8 = 0xA3;
}

/// Whom a certificate is for and who signed it, as UTF-8 may be; None where that cannot be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateNames<'a> {
    pub subject: Option<Vec<u8>>,
    pub issuer: Option<Vec<u8>>,
    pub dns_names: Vec<&'a [u8]>,
}

/// Subject, issuer and alternative names of a certificate in DER.
#[must_use]
pub fn certificate_names(der: &[u8]) -> CertificateNames<'_> {
    let mut names = CertificateNames::default();
    if der.len() <= MAX_CERTIFICATE {
        read_names(der, &mut names);
    }
    names
}

fn read_names<'a>(der: &'a [u8], names: &mut CertificateNames<'a>) -> Option<()> {
    let certificate = expect(&mut Reader::new(der), tag::SEQUENCE)?;
    let mut fields = Reader::new(expect(&mut Reader::new(certificate), tag::SEQUENCE)?);
    if fields.left().first() == Some(&tag::VERSION) {
        element(&mut fields)?;
    }
    expect(&mut fields, tag::INTEGER)?; // serial number
    expect(&mut fields, tag::SEQUENCE)?; // algorithm of the signature
    names.issuer = name_text(expect(&mut fields, tag::SEQUENCE)?);
    expect(&mut fields, tag::SEQUENCE)?; // validity
    names.subject = name_text(expect(&mut fields, tag::SEQUENCE)?);
    read_dns_names(fields, &mut names.dns_names)
}

/// Reads on behind the subject, up to the DNS names of the first extension that has some; what is found stays.
fn read_dns_names<'a>(mut fields: Reader<'a>, found: &mut Vec<&'a [u8]>) -> Option<()> {
    expect(&mut fields, tag::SEQUENCE)?; // public key
    let mut field = element(&mut fields)?;
    while field.0 != tag::EXTENSIONS {
        field = element(&mut fields)?; // unique identifiers
    }
    let mut extensions = Reader::new(expect(&mut Reader::new(field.1), tag::SEQUENCE)?);
    while !extensions.left().is_empty() && found.is_empty() {
        let mut extension = Reader::new(expect(&mut extensions, tag::SEQUENCE)?);
        if expect(&mut extension, tag::OID)? != SUBJECT_ALT_NAME {
            continue;
        }
        let value = match element(&mut extension)? {
            (tag::BOOLEAN, _) => element(&mut extension)?, // critical
            value => value,
        };
        let (tag::OCTETS, value) = value else { continue };
        let mut names = Reader::new(expect(&mut Reader::new(value), tag::SEQUENCE)?);
        while !names.left().is_empty() && found.len() < DNS_NAMES_LIMIT {
            if let (tag::DNS_NAME, name) = element(&mut names)? {
                found.push(name);
            }
        }
    }
    Some(())
}

/// The next element's type and content: a tag of one byte, a definite length (X.690 8.1).
fn element<'a>(reader: &mut Reader<'a>) -> Option<(u8, &'a [u8])> {
    let tag = reader.u8().filter(|tag| tag & 0x1F != 0x1F)?;
    let size = match reader.u8()? {
        short @ ..=0x7F => usize::from(short),
        0x81 => usize::from(reader.u8()?),
        0x82 => usize::from(reader.u16()?),
        _ => return None, // longer than any certificate that is looked at, or indefinite
    };
    Some((tag, reader.take(size)?))
}

fn expect<'a>(reader: &mut Reader<'a>, wanted: u8) -> Option<&'a [u8]> {
    element(reader).filter(|(tag, _)| *tag == wanted).map(|(_, content)| content)
}

/// A distinguished name as text (RFC 4514 2.1): its relative names in reverse.
fn name_text(name: &[u8]) -> Option<Vec<u8>> {
    let mut relative = Vec::new();
    let mut reader = Reader::new(name);
    while !reader.left().is_empty() {
        relative.push(expect(&mut reader, tag::SET)?);
    }
    let mut text = Vec::with_capacity(2 * name.len());
    for (at, attributes) in relative.into_iter().rev().enumerate() {
        if at > 0 {
            text.push(b',');
        }
        write_attributes(attributes, &mut text)?;
    }
    Some(text)
}

/// One relative name: its attributes, joined by `+` (RFC 4514 2.2).
fn write_attributes(attributes: &[u8], text: &mut Vec<u8>) -> Option<()> {
    let mut reader = Reader::new(attributes);
    loop {
        let mut attribute = Reader::new(expect(&mut reader, tag::SEQUENCE)?);
        write_type(expect(&mut attribute, tag::OID)?, text)?;
        text.push(b'=');
        write_value(attribute.left(), text)?;
        if reader.left().is_empty() {
            return Some(());
        }
        text.push(b'+');
    }
}

/// An attribute's type: its short name (RFC 4514 3) or its number with dots.
fn write_type(oid: &[u8], text: &mut Vec<u8>) -> Option<()> {
    let short: &[u8] = match oid {
        b"\x55\x04\x03" => b"CN",
        b"\x55\x04\x06" => b"C",
        b"\x55\x04\x07" => b"L",
        b"\x55\x04\x08" => b"ST",
        b"\x55\x04\x09" => b"STREET",
        b"\x55\x04\x0a" => b"O",
        b"\x55\x04\x0b" => b"OU",
        b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19" => b"DC",
        b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01" => b"UID",
        _ => return write_numbers(oid, text),
    };
    text.extend_from_slice(short);
    Some(())
}

/// An object identifier with dots (X.690 8.19); None where a number ends early or is over 32 bits.
fn write_numbers(oid: &[u8], text: &mut Vec<u8>) -> Option<()> {
    let mut number: u32 = 0;
    let mut first = true;
    for byte in oid {
        number = number.checked_mul(128)? | u32::from(byte & 0x7F);
        if byte & 0x80 != 0 {
            continue;
        }
        let dotted = match (first, number) {
            (true, 80..) => format!("2.{}", number - 80),
            (true, _) => format!("{}.{}", number / 40, number % 40),
            (false, _) => format!(".{number}"),
        };
        text.extend_from_slice(dotted.as_bytes());
        (number, first) = (0, false);
    }
    (oid.last()? & 0x80 == 0).then_some(())
}

/// An attribute's value: text as it is, with escapes (RFC 4514 2.4); what is no text as `#` and its element in hexadecimal.
fn write_value(whole: &[u8], text: &mut Vec<u8>) -> Option<()> {
    let (tag, content) = element(&mut Reader::new(whole))?;
    let decoded = match tag {
        tag::BMP_STRING => utf16(content).map(String::into_bytes),
        tag::UNIVERSAL_STRING => utf32(content).map(String::into_bytes),
        12 | 18..=20 | 22 | 26 => Some(content.to_vec()), // UTF8, Numeric, Printable, T61, IA5, Visible
        _ => None,
    };
    match decoded {
        Some(decoded) => write_escaped(&decoded, text),
        None => {
            text.push(b'#');
            whole.iter().for_each(|byte| text.extend_from_slice(format!("{byte:02x}").as_bytes()));
        }
    }
    Some(())
}

fn utf16(content: &[u8]) -> Option<String> {
    let (units, rest) = content.as_chunks();
    let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
    rest.is_empty().then(|| char::decode_utf16(units).collect::<Result<_, _>>().ok())?
}

fn utf32(content: &[u8]) -> Option<String> {
    let (codes, rest) = content.as_chunks();
    rest.is_empty().then(|| codes.iter().map(|code| char::from_u32(u32::from_be_bytes(*code))).collect())?
}

fn write_escaped(value: &[u8], text: &mut Vec<u8>) {
    let last = value.len().saturating_sub(1);
    for (at, byte) in value.iter().enumerate() {
        match byte {
            b'\0' => {
                text.extend_from_slice(b"\\00");
                continue;
            }
            b'\\' | b'"' | b'+' | b',' | b';' | b'<' | b'>' => text.push(b'\\'),
            b'#' if at == 0 => text.push(b'\\'),
            b' ' if at == 0 || at == last => text.push(b'\\'),
            _ => {}
        }
        text.push(*byte);
    }
}
