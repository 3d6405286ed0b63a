//! Server-sent events, decoded in one pass.
//!
//! Not `eventsource-stream`: that crate drops an event whose closing blank line is missing at the
//! end of the stream (some servers end so), waits for ever behind a byte that is not UTF-8, and
//! scans a long line again with every read.

/// Turns bytes, cut anywhere, into the `data` of events. Other fields carry nothing for us: both
/// formats repeat the event's type inside its data.
#[derive(Debug, Default)]
pub(super) struct SseDecoder {
    /// Bytes not yet decoded; everything before `scanned` holds no end of line.
    buffer: Vec<u8>,
    scanned: usize,
    /// The data lines of the event being read.
    data: String,
    has_data: bool,
    /// The last line ended in CR: an LF right behind it belongs to that end.
    after_carriage_return: bool,
}

impl SseDecoder {
    /// Takes bytes and hands every event that they complete to `event`, which may stop it with an
    /// error or with `Ok(false)`.
    pub(super) fn push<E>(
        &mut self,
        bytes: &[u8],
        mut event: impl FnMut(String) -> Result<bool, E>,
    ) -> Result<bool, E> {
        self.buffer.extend_from_slice(bytes);
        let buffer = std::mem::take(&mut self.buffer);
        let mut start = 0;
        let mut at = self.scanned;
        while let Some(&byte) = buffer.get(at) {
            at += 1;
            if byte != b'\n' && byte != b'\r' {
                continue;
            }
            let line_feed_of_pair = byte == b'\n' && self.after_carriage_return && at - 1 == start;
            self.after_carriage_return = byte == b'\r';
            if !line_feed_of_pair
                && let Some(data) = self.line(&buffer[start..at - 1])
                && !event(data)?
            {
                return Ok(false);
            }
            start = at;
        }
        self.buffer = buffer;
        self.buffer.drain(..start);
        self.scanned = self.buffer.len();
        Ok(true)
    }

    /// The event that the end of the stream completes, if one was begun.
    pub(super) fn finish(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.buffer);
        self.line(&rest).or_else(|| self.line(b""))
    }

    fn line(&mut self, line: &[u8]) -> Option<String> {
        if line.is_empty() {
            let complete = std::mem::take(&mut self.has_data);
            return complete.then(|| std::mem::take(&mut self.data));
        }
        let value = line.strip_prefix(b"data:")?;
        let value = value.strip_prefix(b" ").unwrap_or(value);
        if self.has_data {
            self.data.push('\n');
        }
        self.has_data = true;
        self.data.push_str(&String::from_utf8_lossy(value));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(pieces: &[&[u8]]) -> Vec<String> {
        let mut decoder = SseDecoder::default();
        let mut events = Vec::new();
        for piece in pieces {
            decoder
                .push::<()>(piece, |data| {
                    events.push(data);
                    Ok(true)
                })
                .unwrap();
        }
        events.extend(decoder.finish());
        events
    }

    #[test]
    fn every_line_ending_and_every_cut_gives_the_same_events() {
        for text in [
            ": hello\nevent: x\ndata: a é\ndata:b\n\nid: 1\n\ndata:  c\n\n",
            ": hello\r\nevent: x\r\ndata: a é\r\ndata:b\r\n\r\nid: 1\r\n\r\ndata:  c\r\n\r\n",
            ": hello\revent: x\rdata: a é\rdata:b\r\rid: 1\r\rdata:  c\r\r",
        ] {
            for cut in 0..=text.len() {
                let (head, tail) = text.as_bytes().split_at(cut);
                assert_eq!(decode(&[head, tail]), ["a é\nb", " c"], "{text:?} at {cut}");
            }
        }
    }

    #[test]
    fn an_event_without_its_blank_line_counts_at_the_end() {
        assert_eq!(decode(&[b"data: a\n\ndata: b"]), ["a", "b"]);
        assert_eq!(decode(&[b"data: a\n\ndata: b\n"]), ["a", "b"]);
        assert_eq!(decode(&[b""]), Vec::<String>::new());
    }

    #[test]
    fn bytes_that_are_not_utf8_stop_nothing() {
        assert_eq!(decode(&[b"data: a\xffb\n\ndata: c\n\n"]), ["a\u{fffd}b", "c"]);
    }
}
