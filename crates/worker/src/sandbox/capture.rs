//! Output with a limit: the head and the tail are kept, for the beginning says what ran and the end
//! says how it went.

use std::collections::VecDeque;

use tokio::io::{AsyncRead, AsyncReadExt};

/// What was kept of one stream.
#[derive(Debug)]
pub(super) struct Capture {
    limit: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    dropped: u64,
}

impl Capture {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, head: Vec::new(), tail: VecDeque::new(), dropped: 0 }
    }

    /// Reads to the end; never stops reading, since a full pipe would stop the command.
    pub(super) async fn read(&mut self, stream: &mut (impl AsyncRead + Unpin)) {
        let mut buffer = vec![0; 16 << 10];
        // A broken pipe is the end of the stream as well.
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            self.push(&buffer[..count]);
        }
    }

    pub(super) fn truncated(&self) -> bool {
        self.dropped > 0
    }

    /// The text, with a note where something is missing.
    pub(super) fn into_text(self) -> String {
        let tail: Vec<u8> = self.tail.into();
        if self.dropped == 0 {
            return String::from_utf8_lossy(&[self.head, tail].concat()).into_owned();
        }
        format!(
            "{}\n[… {} bytes left out …]\n{}",
            String::from_utf8_lossy(&self.head),
            self.dropped,
            String::from_utf8_lossy(&tail)
        )
    }

    fn push(&mut self, bytes: &[u8]) {
        let half = self.limit / 2;
        let (first, rest) = bytes.split_at(bytes.len().min(half - self.head.len().min(half)));
        self.head.extend_from_slice(first);
        self.tail.extend(rest);
        let over = self.tail.len().saturating_sub(self.limit - half);
        self.tail.drain(..over);
        self.dropped += over as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_and_tail_are_kept() {
        let mut capture = Capture::new(10);
        for byte in b'a'..=b'z' {
            capture.push(&[byte]);
        }
        assert!(capture.truncated());
        assert_eq!(capture.into_text(), "abcde\n[… 16 bytes left out …]\nvwxyz");
    }

    #[test]
    fn what_fits_is_left_alone() {
        let mut capture = Capture::new(10);
        capture.push(b"0123456");
        capture.push(b"789");
        assert!(!capture.truncated());
        assert_eq!(capture.into_text(), "0123456789");
    }
}
