//! HTTP/1.1 on one kept connection: as much of it as the load needs, and nothing that costs.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    /// What was read and not used yet.
    buffer: Vec<u8>,
}

/// An answer with its whole body.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

/// The bytes of a request; `headers` are whole lines.
pub fn request(method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n{headers}\r\n{body}"
    )
    .into_bytes()
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    /// Fails unless the status says success.
    pub fn expect_success(self) -> Result<Self> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        bail!("answered {}: {}", self.status, String::from_utf8_lossy(&self.body))
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_slice(&self.body).context("the body is no JSON")
    }
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("connect")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(8192) })
    }

    /// Sends a request and reads its answer.
    pub async fn send(&mut self, request: &[u8]) -> Result<Answer> {
        self.stream.write_all(request).await.context("send a request")?;
        let (status, head) = self.head().await?;
        let body = match header(&head, "content-length") {
            Some(length) => {
                let length: usize = length.parse().context("a content-length")?;
                while self.buffer.len() < length {
                    self.fill().await?;
                }
                self.buffer.drain(..length).collect()
            }
            None if header(&head, "transfer-encoding").is_some() => self.chunks().await?,
            None => Vec::new(),
        };
        Ok(Answer { status, head, body })
    }

    /// Sends a request for a stream; what comes is read with [`Connection::until`].
    pub async fn open_stream(&mut self, request: &[u8]) -> Result<()> {
        self.stream.write_all(request).await.context("send a request")?;
        let (status, _) = self.head().await?;
        if status != 200 {
            bail!("the stream answered {status}");
        }
        Ok(())
    }

    /// Reads on until these bytes have come, and forgets what came before.
    pub async fn until(&mut self, wanted: &[u8]) -> Result<()> {
        loop {
            if let Some(at) = find(&self.buffer, wanted) {
                self.buffer.drain(..at + wanted.len());
                return Ok(());
            }
            self.fill().await?;
        }
    }

    async fn head(&mut self) -> Result<(u16, String)> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
                let head = String::from_utf8(head).context("a head of an answer")?;
                let status = head.get(9..12).and_then(|status| status.parse().ok());
                return Ok((status.context("a status line")?, head));
            }
            self.fill().await?;
        }
    }

    async fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let end = loop {
                match find(&self.buffer, b"\r\n") {
                    Some(end) => break end,
                    None => self.fill().await?,
                }
            };
            let length = std::str::from_utf8(&self.buffer[..end])?.trim();
            let length = usize::from_str_radix(length, 16).context("the length of a chunk")?;
            let whole = end + 2 + length + 2;
            while self.buffer.len() < whole {
                self.fill().await?;
            }
            body.extend_from_slice(&self.buffer[end + 2..end + 2 + length]);
            self.buffer.drain(..whole);
            if length == 0 {
                return Ok(body);
            }
        }
    }

    async fn fill(&mut self) -> Result<()> {
        if self.stream.read_buf(&mut self.buffer).await.context("read an answer")? == 0 {
            bail!("the connection was closed");
        }
        Ok(())
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.split("\r\n").find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_whatever_their_case() {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 12\r\nX-Next-Cursor: abc\r\n\r\n";
        assert_eq!(header(head, "Content-Length"), Some("12"));
        assert_eq!(header(head, "x-next-cursor"), Some("abc"));
        assert_eq!(header(head, "transfer-encoding"), None);
        assert_eq!(find(b"abcabd", b"abd"), Some(3));
    }
}
