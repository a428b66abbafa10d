//! The link of a page by mail: who may use it, for what, and how long.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

use axum::body::Body;
use axum::http::Request;
use calendar::Duration;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::world::{ADMIN, Answer, URL, World, request};

/// A mail server that takes everything; its mails as they came over the wire.
fn mail_server() -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, mails) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let sender = sender.clone();
            std::thread::spawn(move || drop(converse(stream, &sender)));
        }
    });
    (port, mails)
}

fn converse(mut stream: TcpStream, mails: &Sender<String>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    stream.write_all(b"220 ready\r\n")?;
    while let Some(line) = lines.next() {
        match line?.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "DATA" => {
                stream.write_all(b"354 go on\r\n")?;
                let mail: Vec<String> = lines.by_ref().flatten().take_while(|line| line != ".").collect();
                drop(mails.send(mail.join("\n")));
                stream.write_all(b"250 taken\r\n")?;
            }
            "QUIT" => return stream.write_all(b"221 bye\r\n"),
            _ => stream.write_all(b"250 fine\r\n")?,
        }
    }
    Ok(())
}

async fn look(world: &World, path: &str) -> Answer {
    world.send(Request::get(path).body(Body::empty()).unwrap()).await
}

async fn press(world: &World, path: &str, origin: &str) -> Answer {
    world.send(Request::post(path).header("origin", origin).body(Body::empty()).unwrap()).await
}

/// Writes a pass as the outbox does, for tests without a mail server.
async fn pass(world: &World, code: &str, person: &str, expires_at: &str) -> String {
    let hash: String = Sha256::digest(code.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let body = json!({ "person": person, "incident": 1, "expires_at": expires_at }).to_string();
    world.engine.put_document("passes", &hash, Some(body.into_bytes())).await.unwrap();
    format!("/a/{code}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_by_mail_is_acknowledged_by_its_one_button() {
    let (port, mails) = mail_server();
    let world = World::mailed(port).await;
    world.commitment("c-1").await;
    let link = format!("{URL}/a/");
    // Ben also hears that the pager has no address here.
    // Long lines are folded by a `=` on the way (RFC 2045, 6.7).
    let next = || mails.recv_timeout(std::time::Duration::from_secs(20)).unwrap().replace("=\n", "");
    let mail = std::iter::repeat_with(next).find(|mail| mail.contains(&link)).unwrap();
    let link = mail.split(&link).nth(1).unwrap();
    let code: String = link.chars().take_while(char::is_ascii_hexdigit).collect();
    assert_eq!(code.len(), 64, "{mail}");
    let path = format!("/a/{code}");
    let stored = world.engine.read(|view| view.documents("passes")).await.unwrap();
    let rows = world.get("/api/v1/deliveries").await.text;
    let kept: String = stored.iter().map(|(id, body)| format!("{id} {}", String::from_utf8_lossy(body))).collect();
    assert!(stored.len() == 1 && !kept.contains(&code) && !rows.contains(&code), "only its hash is kept: {kept}");
    let before = world.position().await;
    for _ in 0..3 {
        let page = look(&world, &path).await;
        assert!(page.status == 200 && page.text.contains("You are <strong>Ben Okoye"), "{page:?}");
    }
    assert_eq!(world.position().await, before, "opening it changes nothing");
    assert_eq!(press(&world, &path, "https://evil.test").await.status, 403);
    assert_eq!(world.position().await, before);
    for _ in 0..2 {
        let pressed = press(&world, &path, URL).await;
        assert_eq!((pressed.status.as_u16(), pressed.header("location")), (303, Some(path.as_str())));
        assert_eq!(pressed.header("set-cookie"), None, "it signs nobody in");
    }
    assert!(look(&world, &path).await.text.contains("You took it"));
    let incident = world.get("/api/v1/incidents/INC-1").await.json();
    assert_eq!(incident["acknowledged"]["by"], "ben");
    assert_eq!(incident["roles"]["commander"]["person"], "ben", "who takes it leads");
}

#[tokio::test]
async fn passes_end_and_are_not_guessed() {
    let world = World::new().await;
    world.commitment("c-1").await;
    let path = pass(&world, "c0ffee", "ana", "2026-11-23T10:00:00Z").await;
    assert_eq!(look(&world, &path).await.status, 200);
    world.engine.advance(Duration::from_hours(1)).await.unwrap();
    for path in [path.as_str(), "/a/guess", &format!("/a/{}", "0".repeat(64)), &format!("/a/{}", "x".repeat(500))] {
        assert_eq!(look(&world, path).await.verdict(), "410 acknowledge-link-ended", "{path}");
        assert_eq!(press(&world, path, URL).await.verdict(), "410 acknowledge-link-ended", "{path}");
    }
    let mut guesses = 0;
    while look(&world, "/a/guess").await.status == 410 {
        guesses += 1;
        assert!(guesses < 100, "guessing ends");
    }
    assert_eq!(look(&world, "/a/guess").await.verdict(), "429 guesses-too-many");
}

#[tokio::test]
async fn a_pass_gives_no_more_than_its_persons_role() {
    let world = World::new().await;
    world.leak("l-1").await;
    let answer = world.post("/api/v1/users", &json!({ "person": "tom", "role": "viewer" })).await;
    assert!(answer.status.is_success());
    let toms = pass(&world, "70a5", "tom", "2026-11-24T09:00:00Z").await;
    assert_eq!(press(&world, &toms, URL).await.verdict(), "403 role-missing");
    // Who was paged for a restricted incident takes it, and may read it from then on.
    let ana = world.person("ana").await;
    assert_eq!(world.call("GET", "/api/v1/incidents/INC-1", &ana, "").await.status, 404);
    let anas = pass(&world, "a4a", "ana", "2026-11-24T09:00:00Z").await;
    let page = look(&world, &anas).await.text;
    assert!(page.contains("pii_leak") && page.contains("SEV-1"), "what the mail said: {page}");
    assert_eq!(press(&world, &anas, URL).await.status, 303);
    assert_eq!(world.call("GET", "/api/v1/incidents/INC-1", &ana, "").await.status, 200);
    let account = world.post("/api/v1/users", &json!({ "person": "ana", "role": "responder" })).await;
    assert!(account.status.is_success());
    let removed = world.call("DELETE", "/api/v1/users/ana", ADMIN, "").await;
    assert!(removed.status.is_success(), "{removed:?}");
    assert_eq!(press(&world, &anas, URL).await.verdict(), "410 acknowledge-link-ended");
    let gone = pass(&world, "dead", "nobody", "2026-11-24T09:00:00Z").await;
    assert_eq!(look(&world, &gone).await.verdict(), "401 person-left");
}

#[tokio::test]
async fn a_pass_opens_nothing_but_its_button() {
    let world = World::new().await;
    world.commitment("c-1").await;
    // Noor has no account: being paged is enough to take it, and to do nothing else.
    let path = pass(&world, "c0de", "noor", "2026-11-24T09:00:00Z").await;
    for path in ["/", "/incidents/INC-1", "/api/v1/incidents", "/account"] {
        let by_token = world.call("GET", path, "c0de", "").await;
        assert_eq!(by_token.status, 401, "{path}");
        let by_cookie = request("GET", path, "").header("cookie", "watchbell_session=c0de");
        assert_eq!(world.send(by_cookie.body(Body::empty()).unwrap()).await.status, 401, "{path}");
    }
    for path in ["/sign-in/c0de", "/set-password/c0de"] {
        assert_eq!(press(&world, path, URL).await.status.as_u16() / 100, 4, "{path}");
        assert_eq!(look(&world, path).await.status, 410, "{path}");
    }
    for path in ["/a/c0de/resolve", "/a/c0de?command=resolve&then=publish", "/a/c0de"] {
        press(&world, path, URL).await;
    }
    assert_eq!(press(&world, &path, URL).await.status, 303);
    let timeline = world.get("/api/v1/incidents/INC-1/timeline").await.json();
    let acts: Vec<_> = timeline["entries"].as_array().unwrap().iter().filter(|one| one["by"] != "watchbell").collect();
    let hers: Vec<_> = acts.iter().filter(|one| one["by"].to_string().contains("noor")).collect();
    assert_eq!(hers.len(), 1, "one act: {timeline:#}");
    assert!(hers[0]["events"].to_string().contains("acknowledged"), "{:#}", hers[0]);
    let incident = world.get("/api/v1/incidents/INC-1").await.json();
    assert_eq!((&incident["status"], &incident["acknowledged"]["by"]), (&"acknowledged".into(), &"noor".into()));
}

#[tokio::test]
async fn signing_in_leads_back_to_what_was_asked_for() {
    let world = World::new().await;
    let asked = request("GET", "/incidents/INC-1/acknowledge", "").header("accept", "text/html");
    let page = world.send(asked.body(Body::empty()).unwrap()).await;
    assert!(page.status == 401 && page.text.contains("/sign-in?next=/incidents/INC-1/acknowledge"), "{page:?}");
    let form = look(&world, "/sign-in?next=/incidents/INC-1/acknowledge").await.text;
    assert!(form.contains("name=\"next\" value=\"/incidents/INC-1/acknowledge\""), "{form}");
    assert!(!look(&world, "/sign-in?next=//evil.test").await.text.contains("evil"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_page_goes_to_one_person_and_says_what_became_of_it() {
    let (port, mails) = mail_server();
    let world = World::mailed(port).await;
    let sent = world.post("/api/v1/test-pages", &json!({ "person": "ben" })).await.json();
    // Ben also hears that the pager has no address here.
    let next = || mails.recv_timeout(std::time::Duration::from_secs(20)).unwrap();
    let mail = std::iter::repeat_with(next).find(|mail| mail.contains("Subject: TEST Watchbell")).unwrap();
    assert!(mail.contains("nothing has happened") && !mail.contains("INC-"), "{mail}");
    let by_mail = sent["contacts"].as_array().unwrap().iter().find(|contact| contact["channel"] == "email").unwrap();
    assert_eq!(by_mail["state"], "delivered", "{sent}");
    assert!(by_mail["took_ms"].is_u64(), "{sent}");
    let nobody = world.post("/api/v1/test-pages", &json!({ "person": "zoe" })).await;
    assert_eq!(nobody.verdict(), "422 test-page-nobody");
    let long = world.post("/api/v1/test-pages", &json!({ "person": "ben", "wait_s": 600 })).await;
    assert_eq!(long.verdict(), "400 query-invalid");
}
