//! Text of any charset becomes UTF-8: by its mark, by how it looks, or as it was declared. What is UTF-8 is never changed.

use encoding_rs::{
    BIG5, Decoder, EUC_JP, EUC_KR, Encoding, GB18030, SHIFT_JIS, UTF_16BE, UTF_16LE, WINDOWS_1252, WINDOWS_1258,
};

use memchr::memchr;

use super::escapes::Stage;
use super::vietnamese::Legacy;

/// Bytes by which a charset is told, from the first that is not plain ASCII on.
pub const SAMPLE: usize = 512;
/// Pairs of bytes, at least, by which UTF-16 is told.
const MIN_PAIRS: usize = 4;

/// Makes UTF-8 of a text, however cut.
pub struct Charset {
    declared: Option<&'static Encoding>,
    legacy: Option<Legacy>,
    /// Plain ASCII may yet be VIQR.
    viqr: bool,
    state: State,
    /// Bytes by which it is not told yet.
    held: Vec<u8>,
    /// Bytes of the text before those that are held.
    gone: usize,
}

enum State {
    /// Plain ASCII so far.
    Plain,
    Sampling,
    /// Plain ASCII that may be VIQR.
    Doubting,
    /// UTF-8, or nothing that is known.
    AsIs,
    Decoding(Box<Decoder>),
    Legacy(Box<dyn Stage>),
}

impl Charset {
    /// Begins a text that was declared to be of a charset, which may be wrong.
    pub fn new(declared: Option<&str>) -> Self {
        let legacy = declared.and_then(Legacy::named);
        let state = legacy.filter(|legacy| *legacy == Legacy::Viqr);
        Self {
            declared: declared.and_then(named),
            legacy,
            viqr: true,
            state: state.map_or(State::Plain, |viqr| State::Legacy(viqr.reader())),
            held: Vec::new(),
            gone: 0,
        }
    }

    /// Passes plain ASCII; what is behind it is held and sampled, from an even place on.
    fn pass_plain(&mut self, data: &[u8], last: bool, out: &mut Vec<u8>) {
        self.held.extend_from_slice(data);
        let mut plain = plain_bytes(&self.held);
        let whole = plain == self.held.len();
        if !whole {
            self.state = State::Sampling;
        }
        let mark = memchr(b'^', self.held.get(..plain).unwrap_or_default()).filter(|_| self.viqr);
        if mark.is_some() {
            self.state = State::Doubting;
        }
        if self.viqr && (whole || mark.is_some()) {
            plain = mark.unwrap_or(plain).saturating_sub(1); // the letter that a mark may stand behind
        }
        let odd = (self.gone + plain) % 2;
        let all = last && whole && mark.is_none();
        let ready = if all { self.held.len() } else { plain.saturating_sub(odd) };
        out.extend_from_slice(self.held.get(..ready).unwrap_or_default());
        self.held.drain(..ready);
        self.gone += ready;
    }

    fn decide(&mut self) -> State {
        let (encoding, mark) = match self.held.as_slice() {
            [0xEF, 0xBB, 0xBF, ..] if self.gone == 0 => (None, 3),
            [0xFF, 0xFE, ..] if self.gone == 0 => (Some(UTF_16LE), 2),
            [0xFE, 0xFF, ..] if self.gone == 0 => (Some(UTF_16BE), 2),
            sample => (self.told(sample), 0),
        };
        self.held.drain(..mark);
        if encoding.is_none() && mark == 0 && !is_utf8(self.held.get(..SAMPLE).unwrap_or(&self.held)) {
            let guessed = self.legacy.or_else(|| Legacy::guess(self.held.get(..SAMPLE).unwrap_or(&self.held)));
            return guessed.map_or(State::AsIs, |legacy| State::Legacy(legacy.reader()));
        }
        encoding.map_or(State::AsIs, |encoding| State::Decoding(Box::new(encoding.new_decoder_without_bom_handling())))
    }

    /// The charset that bytes look like; None: as they are.
    fn told(&self, sample: &[u8]) -> Option<&'static Encoding> {
        let sample = sample.get(..SAMPLE).unwrap_or(sample);
        if let Some(utf16) = self.declared.filter(|declared| *declared == UTF_16LE || *declared == UTF_16BE) {
            return Some(utf16);
        }
        utf16(sample).or(if is_utf8(sample) { None } else { self.declared })
    }
}

impl Stage for Charset {
    fn turn(&mut self, data: &[u8], last: bool, out: &mut Vec<u8>) {
        match &mut self.state {
            State::Plain => self.pass_plain(data, last, out),
            State::Sampling | State::Doubting => self.held.extend_from_slice(data),
            State::Legacy(reader) => return reader.turn(data, last, out),
            State::AsIs => return out.extend_from_slice(data),
            State::Decoding(decoder) => return decode(decoder, data, last, out),
        }
        let sampled = last || self.held.len() >= SAMPLE;
        if matches!(self.state, State::Doubting) && sampled {
            self.viqr = Legacy::is_viqr(self.held.get(..SAMPLE).unwrap_or(&self.held));
            self.state = if self.viqr { State::Legacy(Legacy::Viqr.reader()) } else { State::Plain };
            let held = std::mem::take(&mut self.held);
            return self.turn(&held, last, out);
        }
        if matches!(self.state, State::Sampling) && sampled {
            self.state = self.decide();
            let held = std::mem::take(&mut self.held);
            self.turn(&held, last, out);
        }
    }
}

/// Tells whether bytes are UTF-8; a letter may be cut off at the end.
fn is_utf8(sample: &[u8]) -> bool {
    str::from_utf8(sample).map_or_else(|error| error.error_len().is_none(), |_| true)
}

/// The charset of a name that programs declare.
fn named(name: &str) -> Option<&'static Encoding> {
    Some(match name {
        "utf-16" | "utf16" | "utf-16le" => UTF_16LE,
        "utf-16be" => UTF_16BE,
        "windows-1258" | "cp1258" | "x-cp1258" => WINDOWS_1258,
        "windows-1252" | "cp1252" | "iso-8859-1" | "latin1" => WINDOWS_1252,
        "gb18030" | "gbk" | "gb2312" => GB18030,
        "big5" => BIG5,
        "shift_jis" => SHIFT_JIS,
        "euc-jp" => EUC_JP,
        "euc-kr" => EUC_KR,
        _ => return None,
    })
}

/// How many bytes at the beginning are printable ASCII or white space.
fn plain_bytes(data: &[u8]) -> usize {
    let mut done = 0;
    for block in data.chunks(64) {
        if block.iter().fold(false, |strange, byte| strange | is_strange(*byte)) {
            return done + block.iter().position(|byte| is_strange(*byte)).unwrap_or_default();
        }
        done += block.len();
    }
    done
}

const fn is_strange(byte: u8) -> bool {
    byte >= 0x80 || (byte < 0x20 && !matches!(byte, 0x09..=0x0D | 0x1B))
}

/// Tells UTF-16 of Latin letters, the Vietnamese ones among them, by the high bytes of its characters.
fn utf16(sample: &[u8]) -> Option<&'static Encoding> {
    let (mut pairs, mut zeros) = (0, [0, 0]);
    let mut high = [0, 0];
    for pair in sample.chunks_exact(2) {
        let [first, second] = [pair.first().copied().unwrap_or(1), pair.last().copied().unwrap_or(1)];
        pairs += 1;
        zeros = [zeros[0] + usize::from(first == 0), zeros[1] + usize::from(second == 0)];
        high[0] += usize::from(is_high(first) && second != 0);
        high[1] += usize::from(is_high(second) && first != 0);
    }
    let [big, little] = [0, 1].map(|at: usize| {
        let (high, zeros) = (high.get(at).copied().unwrap_or(0), zeros.get(at).copied().unwrap_or(0));
        pairs >= MIN_PAIRS && high * 10 >= pairs * 9 && zeros * 4 >= pairs
    });
    if little {
        return Some(UTF_16LE);
    }
    big.then_some(UTF_16BE)
}

/// The high byte of a letter of Vietnamese in Unicode.
const fn is_high(byte: u8) -> bool {
    matches!(byte, 0x00 | 0x01 | 0x03 | 0x1E)
}

fn decode(decoder: &mut Decoder, data: &[u8], last: bool, out: &mut Vec<u8>) {
    let mut text = [0; 4096];
    let mut left = data;
    loop {
        let (result, read, written, _) = decoder.decode_to_utf8(left, &mut text, last);
        out.extend_from_slice(text.get(..written).unwrap_or_default());
        left = left.get(read..).unwrap_or_default();
        if result == encoding_rs::CoderResult::InputEmpty {
            return;
        }
    }
}
