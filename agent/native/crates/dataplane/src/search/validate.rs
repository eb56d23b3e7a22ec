//! Checks values: their check digits and their structure. Sources are the graded facts each detector's file cites.

use std::borrow::Cow;

/// What a check says of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// It is something else.
    Wrong,
    /// Nothing speaks against it.
    Possible,
    /// Its structure is right.
    Likely,
}

/// A named check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validator {
    Any,
    /// Twelve digits: code of a province or country, century and sex, year (Decree 137/2015 Article 13).
    PersonalId,
    /// Ten digits and perhaps a branch of three (Circular 90/2026/TT-BTC Article 5).
    TaxCode,
    MobilePhone,
    FixedPhone,
    /// Luhn (ISO/IEC 7812-1).
    Card,
    /// Luhn or not, of a domestic bank.
    DomesticCard,
    /// Machine-readable zones of three lines and of two (ICAO 9303 parts 5 and 4).
    MrzTd1,
    MrzTd3,
    /// EMV merchant-presented QR code, CRC-16 at its end.
    VietQr,
    /// Day, month and year that exist.
    Date,
    /// A code of letters and digits, however it is grouped.
    Compact,
    /// Digits as they are.
    Digits,
    /// A name: words of letters.
    Name,
}

const NAMES: [(&str, Validator); 14] = [
    ("any", Validator::Any),
    ("personal-id", Validator::PersonalId),
    ("tax-code", Validator::TaxCode),
    ("mobile-phone", Validator::MobilePhone),
    ("fixed-phone", Validator::FixedPhone),
    ("card", Validator::Card),
    ("domestic-card", Validator::DomesticCard),
    ("mrz-td1", Validator::MrzTd1),
    ("mrz-td3", Validator::MrzTd3),
    ("vietqr", Validator::VietQr),
    ("date", Validator::Date),
    ("compact", Validator::Compact),
    ("digits", Validator::Digits),
    ("name", Validator::Name),
];

/// Codes of provinces in personal numbers (63, with gaps); others are countries, or wrong.
const PROVINCES: [u8; 63] = [
    1, 2, 4, 6, 8, 10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25, 26, 27, 30, 31, 33, 34, 35, 36, 37, 38, 40, 42, 44, 45,
    46, 48, 49, 51, 52, 54, 56, 58, 60, 62, 64, 66, 67, 68, 70, 72, 74, 75, 77, 79, 80, 82, 83, 84, 86, 87, 89, 91, 92,
    93, 94, 95, 96,
];
/// First digits of mobile numbers behind the 0, as they are assigned.
const MOBILES: [u8; 36] = [
    32, 33, 34, 35, 36, 37, 38, 39, 86, 96, 97, 98, // Viettel
    81, 82, 83, 84, 85, 88, 91, 94, // VinaPhone
    70, 76, 77, 78, 79, 89, 90, 93, // MobiFone
    52, 56, 58, 92, // Vietnamobile
    59, 99, // Gmobile
    87, 55, // Itelecom, Wintel: sources differ on 87
];
const TAX_WEIGHTS: [u32; 9] = [31, 29, 23, 19, 17, 13, 7, 5, 3];
const MRZ_WEIGHTS: [u32; 3] = [7, 3, 1];
/// The newest year of birth of this century that is likely: a release is used for years.
const NEWEST_YEAR: u32 = 40;

impl Validator {
    /// The check of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, validator)| *validator)
    }

    /// The names of all checks.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    /// Grades a value, and gives the form in which equal values are equal.
    #[must_use]
    pub fn check<'a>(self, value: &'a [u8]) -> (Grade, Cow<'a, [u8]>) {
        match self {
            Self::Any => (Grade::Likely, Cow::Borrowed(value)),
            Self::MrzTd1 | Self::MrzTd3 => mrz(self, value),
            Self::VietQr => (if vietqr(value) { Grade::Likely } else { Grade::Wrong }, Cow::Borrowed(value)),
            Self::Compact => (Grade::Likely, Cow::Owned(compact(value))),
            Self::Name => (Grade::Likely, Cow::Owned(super::label::fold(value).into_bytes())),
            Self::Date => (date(value), Cow::Borrowed(value)),
            _ => {
                let digits = digits(value);
                (self.check_digits(&digits), Cow::Owned(self.normal(digits)))
            }
        }
    }

    fn check_digits(self, digits: &[u8]) -> Grade {
        match self {
            Self::PersonalId => personal_id(digits),
            Self::TaxCode => likely(tax_code(digits)),
            Self::MobilePhone => likely(mobile(digits)),
            Self::FixedPhone => likely(national(digits).is_some_and(|rest| rest.len() == 10 && rest.starts_with(b"2"))),
            Self::Card => likely(luhn(digits) && !all_the_same(digits)),
            Self::DomesticCard if luhn(digits) => Grade::Likely,
            Self::DomesticCard => Grade::Possible,
            _ => {
                if all_the_same(digits) {
                    Grade::Wrong
                } else {
                    Grade::Likely
                }
            }
        }
    }

    /// A phone number without what stands for the country or the trunk; all else as it is.
    fn normal(self, digits: Vec<u8>) -> Vec<u8> {
        match self {
            Self::MobilePhone | Self::FixedPhone => national(&digits).map_or(digits.clone(), <[u8]>::to_vec),
            _ => digits,
        }
    }
}

const fn likely(right: bool) -> Grade {
    if right { Grade::Likely } else { Grade::Wrong }
}

fn digits(value: &[u8]) -> Vec<u8> {
    value.iter().copied().filter(u8::is_ascii_digit).collect()
}

/// In capitals, without what parts letters and digits.
fn compact(value: &[u8]) -> Vec<u8> {
    value.iter().filter(|byte| !b" .-".contains(byte)).map(u8::to_ascii_uppercase).collect()
}

fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))
}

fn all_the_same(digits: &[u8]) -> bool {
    digits.windows(2).all(|two| matches!(two, [one, other] if one == other))
}

/// Prefix, century and year raise the grade; what is born abroad or later than tables know stays possible.
fn personal_id(digits: &[u8]) -> Grade {
    let [a, b, c, century, tens, ones, ..] = digits else { return Grade::Wrong };
    if digits.len() != 12 || all_the_same(digits) {
        return Grade::Wrong;
    }
    let province = PROVINCES.iter().any(|code| u32::from(*code) == number(&[*a, *b, *c]));
    let year = number(&[*tens, *ones]);
    let born = match century {
        b'0' | b'1' => true,
        b'2' | b'3' => year <= NEWEST_YEAR,
        _ => false,
    };
    if province && born { Grade::Likely } else { Grade::Possible }
}

/// A remainder of 0 has no check digit: no such code is given out.
fn tax_code(digits: &[u8]) -> bool {
    let Some((body, [check, branch @ ..])) = digits.split_at_checked(9) else { return false };
    let sum: u32 = body.iter().zip(TAX_WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let serial_is_given = body.get(2..).is_some_and(|serial| number(serial) > 0);
    let branch_is_given = branch.is_empty() || (branch.len() == 3 && number(branch) > 0);
    serial_is_given && branch_is_given && !sum.is_multiple_of(11) && 10 - sum % 11 == u32::from(check - b'0')
}

/// The digits behind 0, 84 or +84.
fn national(digits: &[u8]) -> Option<&[u8]> {
    digits.strip_prefix(b"0").or_else(|| digits.strip_prefix(b"84"))
}

fn mobile(digits: &[u8]) -> bool {
    let Some([first, second, rest @ ..]) = national(digits) else { return false };
    rest.len() == 7 && MOBILES.iter().any(|code| u32::from(*code) == number(&[*first, *second]))
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| match (u32::from(digit - b'0'), at % 2) {
            (digit, 0) => digit,
            (digit, _) => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    digits.len() >= 12 && sum.is_multiple_of(10)
}

/// Checks a zone whose lines may be parted by line ends; its value is the number of the document, or of the person.
fn mrz(form: Validator, value: &[u8]) -> (Grade, Cow<'_, [u8]>) {
    let zone: Vec<u8> = value.iter().copied().filter(|byte| !b"\r\n".contains(byte)).collect();
    let part = |range: std::ops::Range<usize>| zone.get(range).unwrap_or_default();
    let holds = |range: std::ops::Range<usize>| {
        mrz_digit(part(range.clone())) == part(range.end..range.end + 1).first().copied()
    };
    let (right, name) = match form {
        Validator::MrzTd1 => (zone.len() == 90 && holds(5..14) && holds(30..36) && holds(38..44), part(15..27)),
        _ => (zone.len() == 88 && holds(44..53) && holds(57..63) && holds(65..71), part(44..53)),
    };
    let name = if name.iter().all(u8::is_ascii_digit) {
        name
    } else {
        part(if form == Validator::MrzTd1 { 5..14 } else { 44..53 })
    };
    (likely(right), Cow::Owned(name.iter().copied().filter(|byte| *byte != b'<').collect()))
}

fn mrz_digit(field: &[u8]) -> Option<u8> {
    let worth = |byte: &u8| match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        b'A'..=b'Z' => Some(u32::from(byte - b'A') + 10),
        b'<' => Some(0),
        _ => None,
    };
    let sum = field
        .iter()
        .zip(MRZ_WEIGHTS.iter().cycle())
        .try_fold(0, |sum, (byte, weight)| Some(sum + worth(byte)? * weight))?;
    u8::try_from(sum % 10).ok().map(|digit| b'0' + digit)
}

/// The CRC-16 (polynomial 0x1021, from 0xFFFF) of all but the last four characters stands in these.
fn vietqr(value: &[u8]) -> bool {
    let Some((body, told)) = value.len().checked_sub(4).and_then(|at| value.split_at_checked(at)) else { return false };
    let crc = body.iter().fold(0xFFFF_u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 })
    });
    std::str::from_utf8(told).is_ok_and(|told| u16::from_str_radix(told, 16) == Ok(crc))
}

/// Day, month, year or year, month, day, parted by `/`, `-` or `.`.
fn date(value: &[u8]) -> Grade {
    let parts: Vec<&[u8]> = value.split(|byte| !byte.is_ascii_digit()).collect();
    let (day, month, year) = match parts.as_slice() {
        [year, month, day] if year.len() == 4 => (day, month, year),
        [day, month, year] if year.len() == 4 => (day, month, year),
        _ => return Grade::Wrong,
    };
    if [day, month].iter().any(|part| part.is_empty() || part.len() > 2) {
        return Grade::Wrong;
    }
    let (day, month, year) = (number(day), number(month), number(year));
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    likely((1900..=2100).contains(&year) && (1..=days).contains(&day))
}
