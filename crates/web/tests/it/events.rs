//! Server-sent events: in order, resumable, and only what the reader may see.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::world::{ADMIN, World};

/// How long an event may take to arrive: a machine under load.
const PATIENCE: Duration = Duration::from_secs(10);
/// After so long without an event there is none.
const SILENCE: Duration = Duration::from_millis(300);

struct Stream {
    body: BodyDataStream,
    text: String,
}

#[derive(Debug)]
struct Event {
    id: Option<u64>,
    data: Value,
}

impl Stream {
    async fn open(world: &World, token: &str, last: Option<u64>) -> Stream {
        Stream::open_as(world, ("authorization", format!("Bearer {token}")), last).await
    }

    async fn open_as(world: &World, (header, value): (&str, String), last: Option<u64>) -> Stream {
        use tower::ServiceExt;
        let mut request = Request::get("/api/v1/events").header(header, value);
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        let response = world.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Stream { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next event within a time; `Err` on silence, `Ok(None)` at the end of the stream.
    async fn within(&mut self, patience: Duration) -> Result<Option<Event>, ()> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                let event = field("data:").map(|data| Event {
                    id: field("id:").map(|id| id.parse().unwrap()),
                    data: serde_json::from_str(data).unwrap(),
                });
                self.text = rest.to_owned();
                match event {
                    Some(event) => return Ok(Some(event)),
                    None => continue,
                }
            }
            match tokio::time::timeout(patience, self.body.next()).await.map_err(drop)? {
                Some(chunk) => self.text.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap()),
                None => return Ok(None),
            }
        }
    }

    /// The next one but for receipts of pages, which come when they come.
    async fn next(&mut self) -> Event {
        loop {
            let event = self.within(PATIENCE).await.expect("an event in time").expect("an event before the end");
            if event.data["events"][0]["step_received"].is_null() {
                return event;
            }
        }
    }
}

#[tokio::test]
async fn events_arrive_and_a_reconnect_misses_none() {
    let world = World::new().await;
    let mut live = Stream::open(&world, ADMIN, None).await;
    world.commitment("s-1").await;
    let opened = live.next().await;
    assert_eq!((&opened.data["incident"], &opened.data["by"]), (&json!("INC-1"), &json!("watchbell")));
    assert!(opened.data["events"][0]["opened"].is_object(), "{opened:?}");
    world.post("/api/v1/incidents/INC-1/notes", &json!({"text": "seen"})).await;
    let noted = live.next().await;
    assert_eq!(noted.data["events"], json!([{"noted": {"text": "seen"}}]));
    assert!(noted.id > opened.id && opened.id.is_some());

    let mut resumed = Stream::open(&world, ADMIN, opened.id).await;
    assert_eq!(resumed.next().await.data, noted.data);
    let mut whole = Stream::open(&world, ADMIN, Some(0)).await;
    assert_eq!(whole.next().await.data, opened.data);
    assert_eq!(whole.next().await.data, noted.data);
    assert!(whole.within(SILENCE).await.is_err(), "nothing more happened");
}

#[tokio::test]
async fn a_batch_is_acknowledged_only_as_a_whole() {
    let world = World::new().await;
    let metrics = ["hallucinated_commitment", "unsafe_advice", "tool_misuse"];
    let signals: Vec<Value> = metrics.iter().map(|metric| crate::world::signal(metric, metric)).collect();
    let mut live = Stream::open(&world, ADMIN, Some(0)).await;
    let answer = world.post("/v1/signals", &json!(signals)).await;
    assert_eq!(answer.json()["incidents"].as_array().unwrap().len(), 3, "{answer:?}");
    let events = [live.next().await, live.next().await, live.next().await];
    assert!(events.iter().all(|event| event.data["position"] == events[0].data["position"]));
    let ids = events.map(|event| event.id.is_some());
    assert_eq!(ids, [false, false, true]);
}

#[tokio::test]
async fn more_than_a_chunk_arrives_whole_and_in_order() {
    let world = World::new().await;
    world.commitment("s-1").await;
    for i in 0..300 {
        let note = json!({"text": i.to_string()});
        assert_eq!(world.post("/api/v1/incidents/INC-1/notes", &note).await.status, 200);
    }
    let mut all = Stream::open(&world, ADMIN, Some(0)).await;
    all.next().await;
    for i in 0..300 {
        assert_eq!(all.next().await.data["events"][0]["noted"]["text"], i.to_string());
    }
}

#[tokio::test]
async fn restricted_incidents_are_not_told() {
    let world = World::new().await;
    let bot = world.token(json!({"name": "bot", "scopes": ["incidents:read"]})).await;
    let mut stranger = Stream::open(&world, &bot, None).await;
    let mut all = Stream::open(&world, ADMIN, None).await;
    world.leak("l-1").await;
    assert_eq!(all.next().await.data["incident"], "INC-1");
    world.commitment("s-1").await;
    assert_eq!(stranger.next().await.data["incident"], "INC-2");
}

#[tokio::test]
async fn a_stream_ends_when_who_listens_may_see_less() {
    let world = World::new().await;
    world.post("/api/v1/users", &json!({"person": "ana", "role": "administrator"})).await;
    let link = world.post("/api/v1/sign-in-links", &json!({"person": "ana"})).await.json();
    let path = link["url"].as_str().unwrap().strip_prefix(crate::world::URL).unwrap().to_owned();
    let request = Request::post(path).header("sec-fetch-site", "same-origin").body(Body::empty()).unwrap();
    let signed_in = world.send(request).await;
    let cookie = signed_in.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let mut stream = Stream::open_as(&world, ("cookie", cookie), None).await;
    world.leak("l-1").await;
    assert_eq!(stream.next().await.data["incident"], "INC-1");
    while stream.within(Duration::from_millis(200)).await.is_ok() {}
    world.post("/api/v1/users", &json!({"person": "ana", "role": "viewer"})).await;
    world.leak("l-2").await;
    assert!(matches!(stream.within(PATIENCE).await, Ok(None)));
}

#[tokio::test]
async fn streams_end_with_their_credential_and_with_the_server() {
    let world = World::new().await;
    let bot = world.token(json!({"name": "bot", "scopes": ["incidents:read"]})).await;
    let tokens = world.get("/api/v1/tokens").await.json();
    let is_bot = |token: &&Value| token["name"] == "bot";
    let id = tokens["tokens"].as_array().unwrap().iter().find(is_bot).unwrap()["id"].as_str().unwrap().to_owned();
    let mut revoked = Stream::open(&world, &bot, None).await;
    let mut other = Stream::open(&world, ADMIN, None).await;
    world.call("DELETE", &format!("/api/v1/tokens/{id}"), ADMIN, "").await;
    world.commitment("s-1").await;
    assert!(matches!(revoked.within(PATIENCE).await, Ok(None)));
    assert_eq!(other.next().await.data["incident"], "INC-1");
    world.engine.shutdown().await;
    // Anything recorded on the way down still arrives; then it ends.
    while other.within(Duration::from_secs(30)).await.expect("the end in time").is_some() {}
}
