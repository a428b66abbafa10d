//! The webhook channel against real servers on free ports of the loopback interface.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant as Stopwatch};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use calendar::Instant;
use channel::signing::{SignedHeaders, SigningKeys};
use channel::webhook::Timeouts;
use channel::{Message, Outcome, Receipt, Secret, Webhook, WebhookTarget};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::receiver::Receiver;

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const DELIVERED: Outcome = Outcome::Delivered { receipt: Receipt::Accepted };

fn target(receiver: &Receiver) -> WebhookTarget {
    WebhookTarget::parse_internal(&receiver.url(), &Secret::new(SECRET)).unwrap()
}

fn now() -> Instant {
    Instant::parse("2026-11-27T14:00:05.9Z").unwrap()
}

fn message() -> Message {
    Message {
        id: "d-INC-7-0-1-ben".into(),
        kind: "page.requested".into(),
        created_at: Instant::parse("2026-11-27T14:00:00Z").unwrap(),
        body: serde_json::json!({"incident": "INC-7"}),
    }
}

async fn send(target: &WebhookTarget) -> Outcome {
    Webhook::new().unwrap().send(target, &message(), now()).await
}

#[tokio::test]
async fn a_message_arrives_signed() {
    let seen: Arc<Mutex<Vec<(HeaderMap, Bytes)>>> = Arc::default();
    let log = seen.clone();
    let record = post(async move |headers: HeaderMap, body: Bytes| {
        log.lock().unwrap().push((headers, body));
        StatusCode::NO_CONTENT
    });
    let receiver = Receiver::start(Router::new().route("/hook", record)).await;
    assert_eq!(send(&target(&receiver)).await, DELIVERED);

    let (headers, body) = seen.lock().unwrap().remove(0);
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("webhook-id"), "d-INC-7-0-1-ben");
    assert_eq!(header("webhook-timestamp"), "1795788005");
    assert_eq!(header("content-type"), "application/json");
    let (timestamp, signature) = (header("webhook-timestamp"), header("webhook-signature"));
    let signed = SignedHeaders { id: &header("webhook-id"), timestamp: &timestamp, signature: &signature };
    SigningKeys::parse(&Secret::new(SECRET)).unwrap().verify(&signed, &body, now()).unwrap();
}

#[tokio::test]
async fn a_hanging_receiver_is_given_up_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", silent.local_addr().unwrap());
    let target = WebhookTarget::parse_internal(&url, &Secret::new(SECRET)).unwrap();
    let timeouts = Timeouts { total: Duration::from_millis(300), ..Timeouts::default() };
    let started = Stopwatch::now();
    let outcome = Webhook::with_timeouts(timeouts).unwrap().send(&target, &message(), now()).await;
    assert_eq!(outcome, Outcome::Retry { after: None, reason: "no answer within 300ms".into() });
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn nobody_listening_is_worth_a_retry() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url = format!("http://{address}/hook?key=hunter2");
    let target = WebhookTarget::parse_internal(&url, &Secret::new(SECRET)).unwrap();
    match send(&target).await {
        Outcome::Retry { after: None, reason } => {
            assert!(reason.starts_with("no connection: "), "{reason}");
            assert!(!reason.contains("hunter2"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn answers_are_judged() {
    let gone = Receiver::answering(StatusCode::GONE).await;
    assert!(matches!(send(&target(&gone)).await, Outcome::Refused { disable: true, .. }));

    let busy = Receiver::answering((StatusCode::TOO_MANY_REQUESTS, [("retry-after", "17")])).await;
    let after = Some(calendar::Duration::from_secs(17));
    assert_eq!(send(&target(&busy)).await, Outcome::Retry { after, reason: "the receiver answered 429".into() });

    let dated = [("retry-after", "Fri, 27 Nov 2026 14:00:35 GMT")];
    let down = Receiver::answering((StatusCode::SERVICE_UNAVAILABLE, dated)).await;
    match send(&target(&down)).await {
        Outcome::Retry { after: Some(after), .. } => assert_eq!(after.as_millis(), 29_100),
        other => panic!("{other:?}"),
    }

    let unknown = Receiver::answering(StatusCode::NOT_FOUND).await;
    assert!(matches!(send(&target(&unknown)).await, Outcome::Refused { disable: false, .. }));
}

#[tokio::test]
async fn a_redirect_inwards_is_not_followed() {
    let inside = Receiver::answering(StatusCode::OK).await;
    for status in [StatusCode::FOUND, StatusCode::TEMPORARY_REDIRECT, StatusCode::PERMANENT_REDIRECT] {
        let location = format!("http://{}/hook", inside.address);
        let outside = Receiver::answering((status, [("location", location)])).await;
        assert!(matches!(send(&target(&outside)).await, Outcome::Refused { disable: false, .. }), "{status}");
        assert_eq!(outside.connections(), 1);
    }
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn a_name_that_leads_inside_is_never_connected_to() {
    let receiver = Receiver::answering(StatusCode::OK).await;
    let url = format!("http://localhost:{}/hook", receiver.address.port());
    let secret = Secret::new(SECRET);
    match send(&WebhookTarget::parse(&url, &secret).unwrap()).await {
        Outcome::Refused { reason, disable: false } => assert!(reason.contains("[address-forbidden]"), "{reason}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(receiver.connections(), 0);
    assert_eq!(send(&WebhookTarget::parse_internal(&url, &secret).unwrap()).await, DELIVERED);
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn a_connection_made_by_an_allowed_channel_does_not_open_the_way_for_another() {
    let receiver = Receiver::answering(StatusCode::OK).await;
    let url = format!("http://localhost:{}/hook", receiver.address.port());
    let secret = Secret::new(SECRET);
    let webhook = Webhook::new().unwrap();
    let allowed = WebhookTarget::parse_internal(&url, &secret).unwrap();
    assert_eq!(webhook.send(&allowed, &message(), now()).await, DELIVERED);
    let forbidden = WebhookTarget::parse(&url, &secret).unwrap();
    assert!(matches!(webhook.send(&forbidden, &message(), now()).await, Outcome::Refused { .. }));
}

#[tokio::test]
async fn connections_are_kept_alive() {
    let receiver = Receiver::answering("thank you").await;
    let webhook = Webhook::new().unwrap();
    for _ in 0..5 {
        assert_eq!(webhook.send(&target(&receiver), &message(), now()).await, DELIVERED);
    }
    assert_eq!(receiver.connections(), 1);
}

/// Accepts one connection, reads the head of the request, and answers with `body` endlessly
/// (or, when it is empty, never). Returns how much it could send.
async fn endless(listener: TcpListener, body: &'static [u8]) -> usize {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = [0; 1024];
    let _ = stream.read(&mut request).await.unwrap();
    stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await.unwrap();
    let mut sent = 0;
    if body.is_empty() {
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
    while !body.is_empty() && stream.write_all(body).await.is_ok() {
        sent += body.len();
    }
    sent
}

#[tokio::test]
async fn a_flood_of_an_answer_is_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let flood = tokio::spawn(endless(listener, b"10\r\n0123456789abcdef\r\n"));
    let target = WebhookTarget::parse_internal(&url, &Secret::new(SECRET)).unwrap();
    assert_eq!(send(&target).await, DELIVERED);
    // The connection is closed, so that the flood ends by itself within the socket's buffers.
    let sent = tokio::time::timeout(Duration::from_secs(10), flood).await.unwrap().unwrap();
    assert!(sent < 16 * 1024 * 1024, "{sent} bytes were taken");
}

#[tokio::test]
async fn an_answer_that_never_ends_still_counts_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let trickle = tokio::spawn(endless(listener, b""));
    let target = WebhookTarget::parse_internal(&url, &Secret::new(SECRET)).unwrap();
    let started = Stopwatch::now();
    assert_eq!(send(&target).await, DELIVERED);
    assert!(started.elapsed() < Duration::from_secs(5));
    tokio::time::timeout(Duration::from_secs(10), trickle).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_message_that_cannot_be_sent_is_refused_without_a_connection() {
    let receiver = Receiver::answering(StatusCode::OK).await;
    let webhook = Webhook::new().unwrap();
    let large = Message { body: "x".repeat(channel::MESSAGE_BYTES_MAX).into(), ..message() };
    let forged = Message { id: "d-1\r\nhost: elsewhere".into(), ..message() };
    for message in [large, forged] {
        let outcome = webhook.send(&target(&receiver), &message, now()).await;
        assert!(matches!(outcome, Outcome::Refused { disable: false, .. }), "{outcome:?}");
    }
    assert_eq!(receiver.connections(), 0);
}
