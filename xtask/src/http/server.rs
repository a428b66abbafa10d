//! A server that answers as it is told: receivers of webhooks, and the null server of `bench`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::message::{Buffered, Message};

/// What to do with a request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Answers with a status, further header lines and no body.
    Status(u16, Vec<(String, String)>),
    /// Answers 200 with a body.
    Says(String),
    /// Answers 204 after a while.
    Late(Duration),
    /// Keeps the connection open and says nothing for so long.
    Hang(Duration),
}

/// A running server; it ends when dropped.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) addr: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// Listens on a free port of the loopback interface.
    pub(crate) async fn start(answer: impl Fn(Message) -> Answer + Send + Sync + 'static) -> Result<Server> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let answer = Arc::new(answer);
        let task = tokio::spawn(async move {
            // Dropping the set ends the connections together with the server.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let answer = Arc::clone(&answer);
                connections.spawn(async move {
                    // A sender that goes away mid-request is what these tests provoke.
                    let _ = serve(stream, &*answer).await;
                });
            }
        });
        Ok(Server { addr, task })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, answer: &(impl Fn(Message) -> Answer + Sync)) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut connection = Buffered::new(stream);
    while let Some(message) = connection.read().await? {
        let (status, headers, body) = match answer(message) {
            Answer::Status(status, headers) => (status, headers, String::new()),
            Answer::Says(body) => (200, Vec::new(), body),
            Answer::Late(time) => {
                tokio::time::sleep(time).await;
                (204, Vec::new(), String::new())
            }
            Answer::Hang(time) => {
                tokio::time::sleep(time).await;
                continue;
            }
        };
        let mut head = format!("HTTP/1.1 {status} -\r\ncontent-length: {}\r\n", body.len());
        headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
        head.push_str("\r\n");
        head.push_str(&body);
        connection.stream.write_all(head.as_bytes()).await?;
    }
    Ok(())
}
