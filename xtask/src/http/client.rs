//! Requests: a kept-alive connection for load, and an API client for checks.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::message::{Buffered, Message};

/// Longest wait for one answer: a server under test that is slower has failed.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Rows asked for at once when a list is read to its end: as many as every list gives.
const PAGE_ROWS: u32 = 200;
/// The same for signals, which come in larger numbers.
const PAGE_SIGNALS: u32 = 1_000;

/// A kept-alive connection.
pub(crate) struct Connection(Buffered);

impl Connection {
    /// Connects.
    pub(crate) async fn open(addr: SocketAddr) -> Result<Connection> {
        let stream = TcpStream::connect(addr).await.with_context(|| format!("failed to connect to {addr}"))?;
        stream.set_nodelay(true)?;
        Ok(Connection(Buffered::new(stream)))
    }

    /// Sends a whole request, and reads the answer's status and body.
    pub(crate) async fn send(&mut self, request: &[u8]) -> Result<Reply> {
        let exchange = async {
            self.0.stream.write_all(request).await?;
            self.0.read().await?.context("the server closed the connection without an answer")
        };
        let message = timeout(ANSWER_TIMEOUT, exchange).await.context("no answer in time")??;
        let status = message.start.split(' ').nth(1).and_then(|word| word.parse().ok());
        Ok(Reply { status: status.with_context(|| format!("no status in `{}`", message.start))?, message })
    }

    /// Sends a whole request, and reads the answer, head and all, until `needle` is in it.
    pub(crate) async fn send_until(&mut self, request: &[u8], needle: &str) -> Result<String> {
        let exchange = async {
            self.0.stream.write_all(request).await?;
            self.0.read_until(needle).await
        };
        timeout(ANSWER_TIMEOUT, exchange).await.with_context(|| format!("`{needle}` did not come in time"))?
    }

    /// Sends a whole request, and reads no more of the answer than its status.
    pub(crate) async fn send_for_status(&mut self, request: &[u8]) -> Result<u16> {
        let exchange = async {
            self.0.stream.write_all(request).await?;
            self.0.read_status().await
        };
        timeout(ANSWER_TIMEOUT, exchange).await.context("no answer in time")?
    }
}

/// The bytes of a request.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    /// HTTP status.
    pub(crate) status: u16,
    /// The rest.
    pub(crate) message: Message,
}

impl Reply {
    /// Any 2xx.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.message.body).into_owned()
    }

    /// The body as JSON; null if it is not.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.message.body).unwrap_or(Value::Null)
    }
}

/// The API of a server, with a token. One connection per request: simple, and for checks enough.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    /// Where it listens.
    pub(crate) addr: SocketAddr,
    token: String,
}

impl Api {
    /// The API at `addr`.
    pub(crate) fn new(addr: SocketAddr, token: &str) -> Api {
        Api { addr, token: token.to_owned() }
    }

    /// The same API with another token.
    pub(crate) fn with_token(&self, token: &str) -> Api {
        Api::new(self.addr, token)
    }

    /// Sends one request, whatever its answer.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Reply> {
        let bytes = body.map(Value::to_string).unwrap_or_default();
        let bearer = format!("Bearer {}", self.token);
        let headers =
            [("authorization", bearer.as_str()), ("content-type", "application/json"), ("connection", "close")];
        let mut connection = Connection::open(self.addr).await?;
        connection.send(&request(method, path, &headers, bytes.as_bytes())).await
    }

    /// Reads the server-sent events from the beginning of the journal until `needle` is in them.
    pub(crate) async fn events_until(&self, needle: &str) -> Result<String> {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str()), ("last-event-id", "0")];
        let mut connection = Connection::open(self.addr).await?;
        connection.send_until(&request("GET", "/api/v1/events", &headers, b""), needle).await
    }

    /// Reads, and insists on success.
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        let reply = self.call("GET", path, None).await?;
        ensure!(reply.is_success(), "GET {path} answered {}: {}", reply.status, reply.text());
        Ok(reply.json())
    }

    /// Posts, and insists on success.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let reply = self.call("POST", path, Some(body)).await?;
        ensure!(reply.is_success(), "POST {path} answered {}: {}", reply.status, reply.text());
        Ok(reply.json())
    }

    /// Reads a list to its end; `path` may have a query.
    pub(crate) async fn list(&self, path: &str, plural: &str) -> Result<Vec<Value>> {
        let mut rows = Vec::new();
        self.pages(path, plural, |page| rows.extend(page)).await?;
        Ok(rows)
    }

    /// The rows of a list, which may be more than fit into memory.
    pub(crate) async fn count(&self, path: &str, plural: &str) -> Result<u64> {
        let mut rows = 0;
        self.pages(path, plural, |page| rows += page.len() as u64).await?;
        Ok(rows)
    }

    /// Reads a list to its end, page by page.
    async fn pages(&self, path: &str, plural: &str, mut page_read: impl FnMut(Vec<Value>)) -> Result<()> {
        let rows_at_once = if plural == "signals" { PAGE_SIGNALS } else { PAGE_ROWS };
        let joint = if path.contains('?') { '&' } else { '?' };
        let mut cursor: Option<String> = None;
        loop {
            let after = cursor.as_ref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let mut page = self.get(&format!("{path}{joint}limit={rows_at_once}{after}")).await?;
            match page[plural].take() {
                Value::Array(rows) => page_read(rows),
                other => bail!("{path} has no array `{plural}` but {other}"),
            }
            let next = match &page["next"] {
                Value::Null => return Ok(()),
                Value::String(next) => next.clone(),
                other => other.to_string(),
            };
            ensure!(cursor.as_ref() != Some(&next), "{path}: the cursor {next} leads to itself");
            cursor = Some(next);
        }
    }
}
