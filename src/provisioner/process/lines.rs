//! Bytes to lines, with a bound: a line of any length neither stalls nor fills the memory.

/// The longest line kept, in bytes; the rest of a longer one is dropped.
const LONGEST_LINE: usize = 1 << 20;

/// Cuts a stream of bytes into lines; never holds more than one bounded line.
#[derive(Default)]
pub(super) struct LineSplitter {
    line: Vec<u8>,
}

impl LineSplitter {
    pub(super) fn push(&mut self, bytes: &[u8], mut on_line: impl FnMut(&str)) {
        let mut pieces = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            let room = LONGEST_LINE.saturating_sub(self.line.len());
            self.line.extend_from_slice(&piece[..piece.len().min(room)]);
            if pieces.peek().is_some() {
                self.flush(&mut on_line);
            }
        }
    }

    pub(super) fn finish(&mut self, on_line: impl FnMut(&str)) {
        if !self.line.is_empty() {
            self.flush(on_line);
        }
    }

    fn flush(&mut self, mut on_line: impl FnMut(&str)) {
        on_line(String::from_utf8_lossy(&self.line).trim_end_matches('\r'));
        self.line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_cut_and_do_not_stall() {
        let mut splitter = LineSplitter::default();
        let mut lengths = Vec::new();
        splitter.push(&vec![b'x'; LONGEST_LINE + 5], |_| {});
        splitter.push(b"yy\nshort\r\n", |line| lengths.push(line.len()));
        splitter.finish(|_| panic!("nothing is left"));
        assert_eq!(lengths, [LONGEST_LINE, 5]);
    }
}
