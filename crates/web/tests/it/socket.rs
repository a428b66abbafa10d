//! Over a real socket: limits of connections, answers to bodies that are cut off, the end.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use web::Limits;

use crate::world::{ADMIN, World, signal};

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

async fn listen(world: &World) -> Server {
    listen_within(world, Limits::default()).await
}

async fn listen_within(world: &World, limits: Limits) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let serve = web::serve_within(limits, listener, world.router.clone(), async { drop(stopped.await) });
    Server { address, stop, task: tokio::spawn(serve) }
}

fn head(path: &str, length: usize) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ADMIN}\r\ncontent-length: {length}\r\n\r\n")
}

/// Reads until the answer holds `until`, or the connection ends.
async fn read_until(stream: &mut TcpStream, until: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while !text.contains(until) {
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut buffer));
        match read.await.expect("an answer in time") {
            Ok(0) | Err(_) => break,
            Ok(length) => text.push_str(&String::from_utf8_lossy(&buffer[..length])),
        }
    }
    text
}

#[tokio::test]
async fn a_connection_is_kept_and_answers_in_turn() {
    let world = World::new().await;
    let server = listen(&world).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    for id in ["a", "b"] {
        let body = signal("latency", id).to_string();
        stream.write_all(format!("{}{body}", head("/v1/signals", body.len())).as_bytes()).await.unwrap();
        let answer = read_until(&mut stream, "\"rejected\"").await;
        assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    }
}

/// An attempt to sign in as it comes through a proxy on this machine: the status of its answer.
async fn sign_in_from(server: &Server, sender: &str, person: &str, password: &str) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let body = format!("person={person}&password={password}");
    let head = format!(
        "POST /sign-in HTTP/1.1\r\nhost: x\r\nx-forwarded-for: {sender}\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    read_until(&mut stream, "\r\n").await.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn nobody_locks_somebody_else_out() {
    let world = World::new().await;
    let made = world.post("/api/v1/users", &serde_json::json!({ "person": "ana", "role": "responder" })).await.json();
    let link = made["url"].as_str().unwrap().strip_prefix(crate::world::URL).unwrap().to_owned();
    let chosen = axum::http::Request::post(link).header("content-type", "application/x-www-form-urlencoded");
    let password = "correct-horse-battery";
    let chosen = chosen.body(format!("password={password}&again={password}").into()).unwrap();
    assert_eq!(world.send(chosen).await.status, 303);
    let server = listen(&world).await;
    for person in ["ana", "invented"] {
        for sender in ["192.0.2.1", "192.0.2.2"] {
            for _ in 0..10 {
                assert_eq!(sign_in_from(&server, sender, person, "wrong").await, "401", "{person}");
            }
            assert_eq!(sign_in_from(&server, sender, person, password).await, "429", "{person} at {sender}");
        }
    }
    assert_eq!(sign_in_from(&server, "198.51.100.7", "ana", password).await, "303", "her own phone");
    assert_eq!(sign_in_from(&server, "198.51.100.7", "invented", password).await, "401");
}

#[tokio::test]
async fn a_10_mb_body_is_answered_though_the_sender_only_writes() {
    let world = World::new().await;
    let before = world.position().await;
    let server = listen(&world).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(head("/v1/signals", 10_000_000).as_bytes()).await.unwrap();
    stream.write_all(&vec![b' '; 10_000_000]).await.expect("the server reads on");
    let answer = read_until(&mut stream, "body-too-large").await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert_eq!(world.position().await, before);
}

#[tokio::test]
async fn what_breaks_off_leaves_nothing_behind() {
    let world = World::new().await;
    let server = listen(&world).await;
    let before = world.position().await;
    for sent in [
        "GARBAGE\r\n\r\n".to_owned(),
        head("/v1/signals", 500) + "{\"source\":",
        "POST /v1/signals HTTP/1.1\r\nhost".to_owned(),
        format!("GET /api/v1/incidents HTTP/1.1\r\nhost: x\r\ncookie: {}\r\n\r\n", "x".repeat(100_000)),
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        // The server may already have closed.
        drop(stream.write_all(sent.as_bytes()).await);
        drop(stream.shutdown().await);
        let answer = read_until(&mut stream, "\0").await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert_eq!(world.position().await, before);
    assert_eq!(world.commitment("after").await.status, 202);
}

#[tokio::test]
async fn the_end_waits_for_requests_and_not_for_idle_connections() {
    let world = World::new().await;
    let server = listen(&world).await;
    let _idle = TcpStream::connect(server.address).await.unwrap();
    let body = signal("hallucinated_commitment", "last").to_string();
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let (first, second) = body.split_at(20);
    stream.write_all(format!("{}{first}", head("/v1/signals", body.len())).as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.stop.send(()).unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    stream.write_all(second.as_bytes()).await.unwrap();
    let answer = read_until(&mut stream, "INC-1").await;
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    let ended = tokio::time::timeout(Duration::from_secs(15), server.task).await;
    assert!(ended.expect("the end in time").unwrap().is_ok());
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn streams_of_events_do_not_hold_the_end_up() {
    let world = World::new().await;
    let server = listen(&world).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let get = format!("GET /api/v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ADMIN}\r\n\r\n");
    stream.write_all(get.as_bytes()).await.unwrap();
    read_until(&mut stream, "text/event-stream").await;
    let started = std::time::Instant::now();
    server.stop.send(()).unwrap();
    assert!(server.task.await.unwrap().is_ok());
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn who_asks_and_never_reads_is_cut_off() {
    let world = World::new().await;
    let server = listen_within(&world, Limits { write_time_max: Duration::from_millis(200) }).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    // The list of problems many times over is more than the two systems keep for a client.
    let asked = "GET /docs/errors HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100);
    let cut = async { while stream.write_all(asked.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(20), cut).await.expect("the server closes the connection");
    let mut other = TcpStream::connect(server.address).await.unwrap();
    other.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let answer = read_until(&mut other, "\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
