//! Incoming webhooks of a chat, sent like any other letter.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant as Stopwatch};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use calendar::Instant;
use channel::{Letter, Outcome, Receipt, Secret, Sender, SlackTarget, Target, Timeouts};
use tokio::net::TcpListener;

use crate::receiver::Receiver;

fn letter() -> Letter {
    Letter {
        id: "dlv_1".into(),
        kind: "page.requested".into(),
        created_at: Instant::parse("2026-11-27T14:00:00Z").unwrap(),
        to: "#ai-incidents".into(),
        thread: None,
        subject: "SEV-1 INC-7: <!channel>".into(),
        text: "INC-7 is open.".into(),
        link: Some("https://watchbell.example/incidents/INC-7?a=1&b=2".into()),
        acknowledge: None,
        data: serde_json::json!({"incident": "INC-7"}),
    }
}

fn inside(url: &str) -> Target {
    Target::Slack(SlackTarget::parse_internal(&Secret::new(url)).unwrap())
}

async fn send(target: &Target) -> Outcome {
    let timeouts = Timeouts { total: Duration::from_millis(300), ..Timeouts::default() };
    Sender::with_timeouts(timeouts).unwrap().send(target, &letter(), letter().created_at).await
}

#[tokio::test]
async fn a_letter_arrives_as_one_text() {
    let seen: Arc<Mutex<Vec<(HeaderMap, Bytes)>>> = Arc::default();
    let log = seen.clone();
    let record = post(async move |headers: HeaderMap, body: Bytes| {
        log.lock().unwrap().push((headers, body));
        "ok"
    });
    let chat = Receiver::start(Router::new().route("/hook", record)).await;
    let target = inside(&chat.url());
    assert_eq!(send(&target).await, Outcome::Delivered { receipt: Receipt::Accepted });
    assert_eq!(target.receipt(), Receipt::Accepted);

    let (headers, body) = seen.lock().unwrap().remove(0);
    assert_eq!(headers["content-type"], "application/json");
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let text =
        "*SEV-1 INC-7: &lt;!channel&gt;*\nINC-7 is open.\n\nhttps://watchbell.example/incidents/INC-7?a=1&amp;b=2";
    assert_eq!(body, serde_json::json!({ "text": text }));
}

#[tokio::test]
async fn answers_are_judged() {
    let gone = Receiver::answering((StatusCode::NOT_FOUND, "no_service")).await;
    match send(&inside(&gone.url())).await {
        Outcome::Refused { disable: true, reason } => assert!(reason.contains("`no_service`"), "{reason}"),
        other => panic!("{other:?}"),
    }
    let busy = Receiver::answering((StatusCode::TOO_MANY_REQUESTS, [("retry-after", "30")], "rate_limited")).await;
    let after = Some(calendar::Duration::from_secs(30));
    assert_eq!(send(&inside(&busy.url())).await, Outcome::Retry { after, reason: "the receiver answered 429".into() });
    let portal = Receiver::answering("<html>please sign in</html>").await;
    assert!(matches!(send(&inside(&portal.url())).await, Outcome::Refused { disable: false, .. }));
}

#[tokio::test]
async fn no_way_leads_inside() {
    let chat = Receiver::answering("ok").await;
    let url = format!("https://localhost:{}/hook", chat.address.port());
    let guarded = Target::Slack(SlackTarget::parse(&Secret::new(url)).unwrap());
    match send(&guarded).await {
        Outcome::Refused { reason, disable: false } => assert!(reason.contains("[address-forbidden]"), "{reason}"),
        other => panic!("{other:?}"),
    }
    let outside = Receiver::answering((StatusCode::FOUND, [("location", chat.url())], "ok")).await;
    assert!(matches!(send(&inside(&outside.url())).await, Outcome::Refused { .. }));
    assert_eq!(chat.connections(), 0);
}

#[tokio::test]
async fn a_hanging_chat_is_given_up_in_time_and_its_url_is_not_shown() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = inside(&format!("http://{}/hook/hunter2", silent.local_addr().unwrap()));
    let started = Stopwatch::now();
    assert_eq!(send(&target).await, Outcome::Retry { after: None, reason: "no answer within 300ms".into() });
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(!format!("{target:?}").contains("hunter2"));
}
