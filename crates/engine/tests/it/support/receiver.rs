//! A webhook receiver on a local port: keeps what it gets, and answers by path as it is told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// How a request is answered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reply {
    Status(u16),
    /// 503 with `Retry-After`, in seconds.
    Later(u32),
    /// 200, after so many milliseconds.
    Slow(u64),
    /// Never.
    Hang,
}

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    /// `webhook-id`: the idempotency key.
    pub(crate) id: String,
    pub(crate) body: serde_json::Value,
}

impl Received {
    /// A field of the message's data, as text.
    pub(crate) fn data(&self, field: &str) -> &str {
        self.body["data"][field].as_str().unwrap_or("")
    }
}

/// The receiver.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    received: Vec<Received>,
    replies: BTreeMap<String, VecDeque<Reply>>,
}

impl Receiver {
    pub(crate) async fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Receiver { port: listener.local_addr().unwrap().port(), state: Arc::default() };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        receiver
    }

    /// From now on, requests of that path get these replies in turn; the last one stays.
    pub(crate) fn replies(&self, path: &str, replies: impl IntoIterator<Item = Reply>) {
        self.state.lock().unwrap().replies.insert(path.to_owned(), replies.into_iter().collect());
    }

    /// What came to a path, in order.
    pub(crate) fn received(&self, path: &str) -> Vec<Received> {
        self.state.lock().unwrap().received.iter().filter(|received| received.path == path).cloned().collect()
    }

    /// The pages of a path, as `ana: escalation step 1`.
    pub(crate) fn pages(&self, path: &str) -> Vec<String> {
        let words = |page: &Received| format!("{}: {}", page.data("person"), page.data("reason"));
        self.received(path).iter().map(words).collect()
    }

    async fn serve(self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        while let Some(received) = read(&mut stream).await {
            let reply = self.take(received);
            let (status, header) = match reply {
                Reply::Status(status) => (status, String::new()),
                Reply::Later(seconds) => (503, format!("retry-after: {seconds}\r\n")),
                Reply::Slow(pause_ms) => {
                    tokio::time::sleep(std::time::Duration::from_millis(pause_ms)).await;
                    (200, String::new())
                }
                Reply::Hang => std::future::pending().await,
            };
            let answer = format!("HTTP/1.1 {status} x\r\n{header}content-length: 0\r\n\r\n");
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    fn take(&self, received: Received) -> Reply {
        let mut state = self.state.lock().unwrap();
        let replies = state.replies.entry(received.path.clone()).or_default();
        let reply = if replies.len() > 1 { replies.pop_front() } else { replies.front().copied() };
        state.received.push(received);
        reply.unwrap_or(Reply::Status(200))
    }
}

/// One request; `None` at the end of the connection.
async fn read(stream: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok().filter(|length| *length > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    stream.read_exact(&mut body).await.ok()?;
    let id = headers.get("webhook-id").cloned().unwrap_or_default();
    Some(Received { path, id, body: serde_json::from_slice(&body).ok()? })
}
