//! Reading one message, request or answer, from a connection.

use anyhow::{Context, Result, bail, ensure};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// Longest head accepted, in bytes: ten times what either side sends.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Longest body accepted, in bytes: a page of a list is far below.
const MAX_BODY_BYTES: usize = 256 * 1024 * 1024;
/// Read from the socket at once, in bytes.
const READ_BYTES: usize = 64 * 1024;

/// A message as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Request line or status line.
    pub(crate) start: String,
    /// Headers, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body, without transfer coding.
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// The value of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A connection with what was read beyond the last message.
pub(super) struct Buffered {
    pub(super) stream: TcpStream,
    buffer: Vec<u8>,
}

impl Buffered {
    pub(super) fn new(stream: TcpStream) -> Buffered {
        Buffered { stream, buffer: Vec::with_capacity(READ_BYTES) }
    }

    /// The next message; `None` where the other side closed before one began.
    pub(super) async fn read(&mut self) -> Result<Option<Message>> {
        let head_bytes = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            ensure!(self.buffer.len() < MAX_HEAD_BYTES, "the head is longer than {MAX_HEAD_BYTES} bytes");
            if self.fill().await? == 0 {
                ensure!(self.buffer.is_empty(), "the connection closed within a head");
                return Ok(None);
            }
        };
        let head = String::from_utf8_lossy(&self.buffer[..head_bytes - 4]).into_owned();
        self.buffer.drain(..head_bytes);
        let mut lines = head.split("\r\n");
        let start = lines.next().unwrap_or_default().to_owned();
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers: Vec<(String, String)> =
            headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        let mut message = Message { start, headers, body: Vec::new() };
        if message.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            message.body = self.chunks().await?;
        } else if let Some(length) = message.header("content-length") {
            message.body = self.take(length.parse().context("content-length is no number")?).await?;
        }
        Ok(Some(message))
    }

    /// The status of the next answer, whose headers and body are skipped without being looked at:
    /// what a load generator can afford.
    pub(super) async fn read_status(&mut self) -> Result<u16> {
        let head_bytes = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            ensure!(self.buffer.len() < MAX_HEAD_BYTES, "the head is longer than {MAX_HEAD_BYTES} bytes");
            ensure!(self.fill().await? > 0, "the connection closed without an answer");
        };
        let head = std::str::from_utf8(&self.buffer[..head_bytes]).context("the head is no text")?;
        let status = head.get(9..12).and_then(|digits| digits.parse().ok()).context("the answer has no status")?;
        let length = head.split("\r\n").filter_map(|line| line.split_once(':'));
        let mut length = length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length: usize = length.next().context("the answer has no content-length")?.1.trim().parse()?;
        while self.buffer.len() < head_bytes + length {
            ensure!(self.fill().await? > 0, "the connection closed within a body");
        }
        self.buffer.drain(..head_bytes + length);
        Ok(status)
    }

    /// Everything that comes until `needle` is in it: for streams, which do not end.
    pub(super) async fn read_until(&mut self, needle: &str) -> Result<String> {
        while find(&self.buffer, needle.as_bytes()).is_none() {
            ensure!(self.buffer.len() <= MAX_BODY_BYTES, "the stream is too long");
            ensure!(self.fill().await? > 0, "the stream ended without `{needle}`");
        }
        Ok(String::from_utf8_lossy(&self.buffer).into_owned())
    }

    async fn fill(&mut self) -> Result<usize> {
        self.buffer.reserve(READ_BYTES);
        Ok(self.stream.read_buf(&mut self.buffer).await?)
    }

    async fn take(&mut self, bytes: usize) -> Result<Vec<u8>> {
        ensure!(bytes <= MAX_BODY_BYTES, "a body of {bytes} bytes is too large");
        while self.buffer.len() < bytes {
            if self.fill().await? == 0 {
                bail!("the connection closed within a body");
            }
        }
        let rest = self.buffer.split_off(bytes);
        Ok(std::mem::replace(&mut self.buffer, rest))
    }

    async fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = loop {
                if let Some(end) = find(&self.buffer, b"\r\n") {
                    break self.take(end + 2).await?;
                }
                ensure!(self.fill().await? > 0, "the connection closed within a chunk");
            };
            let size = String::from_utf8_lossy(&line);
            let size = usize::from_str_radix(size.trim().split(';').next().unwrap_or_default(), 16)?;
            let chunk = self.take(size + 2).await?;
            body.extend_from_slice(&chunk[..size]);
            ensure!(body.len() <= MAX_BODY_BYTES, "the body is too large");
            if size == 0 {
                return Ok(body);
            }
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
