//! A network between a store and its server that fails at the worst moment: in the middle of a commit.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread;

/// How a client asks for the end of its transaction in PostgreSQL's protocol, and how the server says that it did.
const COMMIT: &[u8] = b"COMMIT\0";

/// What happens to the next commit.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    /// It arrives, and so does its answer.
    None,
    /// It is lost on its way.
    Request,
    /// It arrives, and the answer is lost on its way.
    Answer,
}

/// A listener on this machine in front of a server's socket.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    next: Arc<AtomicU8>,
}

impl Proxy {
    pub(crate) fn before(socket: &Path) -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let next = Arc::new(AtomicU8::new(0));
        let (socket, cut) = (socket.to_owned(), Arc::clone(&next));
        thread::spawn(move || {
            for client in listener.incoming() {
                let server = UnixStream::connect(&socket).unwrap();
                pass(client.unwrap(), server, Arc::clone(&cut));
            }
        });
        Proxy { port, next }
    }

    /// Cuts the connection over which the next commit comes. Later ones pass.
    pub(crate) fn cut_next(&self, cut: Cut) {
        self.next.store(cut as u8, Ordering::SeqCst);
    }
}

fn pass(client: TcpStream, server: UnixStream, next: Arc<AtomicU8>) {
    let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let (mut to_client, mut from_server) = (client, server);
    let silent = Arc::new(AtomicBool::new(false));
    let silence = Arc::clone(&silent);
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 20];
        while let Ok(length @ 1..) = from_client.read(&mut buffer) {
            let asked = &buffer[..length];
            let cut = if names_commit(asked) { next.swap(Cut::None as u8, Ordering::SeqCst) } else { Cut::None as u8 };
            if cut == Cut::Request as u8 {
                break;
            }
            silence.fetch_or(cut == Cut::Answer as u8, Ordering::SeqCst);
            to_server.write_all(asked).unwrap();
        }
        end(&from_client, &to_server);
    });
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 20];
        while let Ok(length @ 1..) = from_server.read(&mut buffer) {
            let told = &buffer[..length];
            // The answer that is kept back says that the server has committed.
            if silent.load(Ordering::SeqCst) {
                if names_commit(told) {
                    break;
                }
            } else if to_client.write_all(told).is_err() {
                break;
            }
        }
        end(&to_client, &from_server);
    });
}

fn names_commit(bytes: &[u8]) -> bool {
    bytes.windows(COMMIT.len()).any(|window| window == COMMIT)
}

/// Either side may have gone already.
fn end(client: &TcpStream, server: &UnixStream) {
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}
