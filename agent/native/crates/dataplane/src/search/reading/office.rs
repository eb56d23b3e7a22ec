//! Text of office documents (ECMA-376): tags become what they mean for rows and words.

use memchr::memchr;

use super::escapes::Stage;

/// Bytes of a tag's name.
const MAX_NAME: usize = 16;

/// Takes tags away. The runs of a paragraph are one text, however a program cut them.
#[derive(Default)]
pub struct Tags {
    /// The name of the tag that is read; None: text.
    tag: Option<Vec<u8>>,
    named: bool,
    /// Rows of tables around.
    rows: u32,
    /// White space was written last.
    blank: bool,
}

impl Tags {
    /// Writes what a tag means, unless there is white space already.
    fn close(&mut self, name: &[u8], out: &mut Vec<u8>) {
        let mark = match name {
            b"w:tr" | b"a:tr" => {
                self.rows = self.rows.saturating_add(1);
                b'\n'
            }
            b"/w:tr" | b"/a:tr" => {
                self.rows = self.rows.saturating_sub(1);
                b'\n'
            }
            b"/w:p" | b"/a:p" | b"w:br" | b"a:br" if self.rows == 0 => b'\n',
            b"/row" | b"/si" => b'\n',
            b"/w:p" | b"/a:p" | b"w:br" | b"a:br" | b"w:tab" | b"/w:tc" | b"/a:tc" | b"/c" | b"/is" => b' ',
            _ if name.starts_with(b"w:") || name.starts_with(b"/w:") => return,
            _ if name.starts_with(b"a:") || name.starts_with(b"/a:") => return,
            b"t" | b"/t" | b"r" | b"/r" | b"rPr" | b"/rPr" => return,
            _ => b' ',
        };
        if !self.blank || mark == b'\n' {
            out.push(mark);
            self.blank = true;
        }
    }
}

impl Stage for Tags {
    fn turn(&mut self, data: &[u8], _last: bool, out: &mut Vec<u8>) {
        let mut left = data;
        while !left.is_empty() {
            let Some(mut name) = self.tag.take() else {
                let (text, rest) =
                    left.split_at_checked(memchr(b'<', left).unwrap_or(left.len())).unwrap_or((left, &[]));
                out.extend_from_slice(text);
                self.blank = if text.is_empty() { self.blank } else { false };
                if !rest.is_empty() {
                    (self.tag, self.named) = (Some(Vec::new()), false);
                }
                left = rest.get(1..).unwrap_or_default();
                continue;
            };
            let end = memchr(b'>', left);
            let (inside, rest) = left.split_at_checked(end.unwrap_or(left.len())).unwrap_or((left, &[]));
            for byte in inside {
                self.named |= byte.is_ascii_whitespace() || (*byte == b'/' && !name.is_empty());
                if self.named || name.len() == MAX_NAME {
                    break;
                }
                name.push(*byte);
            }
            match end {
                Some(_) => self.close(&name, out),
                None => self.tag = Some(name),
            }
            left = rest.get(1..).unwrap_or_default();
        }
    }
}
