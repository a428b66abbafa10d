//! E-mail to a real SMTP server, sent like any other letter.

use std::time::{Duration, Instant as Stopwatch};

use calendar::Instant;
use channel::email::{Login, Security};
use channel::{EmailSettings, EmailTarget, Letter, Outcome, Receipt, Secret, Sender, Target, Thread, Timeouts};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::mail_server::MailServer;

const DELIVERED: Outcome = Outcome::Delivered { receipt: Receipt::Accepted };
/// Long enough for a server in Python on a busy machine.
const PATIENT: Timeouts = Timeouts { connect: Duration::from_secs(10), total: Duration::from_secs(15) };
const HASTY: Timeouts = Timeouts { connect: Duration::from_secs(10), total: Duration::from_millis(700) };

fn settings(port: u16) -> EmailSettings {
    EmailSettings {
        host: "localhost".into(),
        port: Some(port),
        security: Security::None { allow_plain: false },
        login: None,
        from: "Watchbell <watchbell@example.com>".into(),
        ca_pem: None,
    }
}

/// Over TLS, with the account that the server knows.
fn encrypted(server: &MailServer, security: Security, password: &str) -> EmailSettings {
    let login = Login { user: "watchbell".into(), password: Secret::new(password) };
    EmailSettings { security, login: Some(login), ca_pem: Some(server.ca_pem.clone()), ..settings(server.port) }
}

fn target(settings: &EmailSettings, timeouts: Timeouts) -> Target {
    Target::Email(EmailTarget::with_timeouts(settings, timeouts).unwrap())
}

fn letter() -> Letter {
    Letter {
        id: "dlv_1".into(),
        kind: "page.requested".into(),
        created_at: Instant::parse("2026-11-27T14:00:00Z").unwrap(),
        to: "ana@example.com".into(),
        thread: Some(Thread {
            incident: "INC-7".into(),
            key: "w1-7".into(),
            subject: "INC-7: Störung auf support-assistant".into(),
        }),
        subject: "SEV-1 INC-7: Störung auf support-assistant".into(),
        text: "INC-7 is open.\n".into(),
        link: Some("https://watchbell.example/incidents/INC-7".into()),
        acknowledge: None,
        data: serde_json::Value::Null,
    }
}

/// The plain text that a reader of the message sees.
fn plain(mail: &serde_json::Value) -> String {
    mail["plain"].as_str().unwrap().replace("\r\n", "\n")
}

async fn send(target: &Target, letter: &Letter) -> Outcome {
    Sender::new().unwrap().send(target, letter, letter.created_at).await
}

#[tokio::test]
async fn a_letter_arrives_whole_and_threaded() {
    let server = MailServer::start(&["accept"]);
    let target = target(&settings(server.port), PATIENT);
    // What could end a message early, as plain ASCII lines and encoded.
    for text in
        ["one\r\n.\r\nMAIL FROM:<evil@example.com>\n.\n..two dots", &format!("Grüße 👋\n.\n{}", "x".repeat(2_000))]
    {
        assert_eq!(send(&target, &Letter { text: text.to_owned(), ..letter() }).await, DELIVERED);
        let wanted = "SEV-1 INC-7: Störung auf support-assistant\n\n".to_owned()
            + &text.replace("\r\n", "\n")
            + "\n\nhttps://watchbell.example/incidents/INC-7\n";
        assert_eq!(plain(&server.taken()), wanted);
    }
    let ascii = Letter { subject: "SEV-1 INC-7".into(), text: "<b>\n.\r\n.\n".into(), ..letter() };
    assert_eq!(send(&target, &ascii).await, DELIVERED);

    let mail = server.taken();
    assert_eq!(plain(&mail), "SEV-1 INC-7\n\n<b>\n.\n.\n\nhttps://watchbell.example/incidents/INC-7\n");
    assert_eq!(mail["sender"], "watchbell@example.com");
    assert_eq!(mail["recipients"], serde_json::json!(["ana@example.com"]));
    assert_eq!(mail["hello"], "example.com");
    let html = mail["html"].as_str().unwrap();
    assert!(html.contains("&lt;b&gt;<br>.<br>.<br>"), "{html}");
    assert!(html.contains(r#"<a href="https://watchbell.example/incidents/INC-7">"#), "{html}");
    let header = |name: &str| {
        let mut found = mail["headers"].as_array().unwrap().iter().filter(|pair| pair[0] == name);
        let value = found.next().unwrap_or_else(|| panic!("no {name} in {mail}"))[1].as_str().unwrap().to_owned();
        assert!(found.next().is_none(), "{name} stands twice");
        value
    };
    for (name, wanted) in [
        ("From", "Watchbell <watchbell@example.com>"),
        ("To", "ana@example.com"),
        ("Subject", "INC-7: Störung auf support-assistant"),
        ("Date", "Fri, 27 Nov 2026 14:00:00 +0000"),
        ("Message-ID", "<dlv_1@example.com>"),
        ("In-Reply-To", "<incident.w1-7@example.com>"),
        ("References", "<incident.w1-7@example.com>"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Watchbell-Incident", "INC-7"),
    ] {
        assert_eq!(header(name), wanted, "{name}");
    }
    assert!(server.is_done());
}

#[tokio::test]
async fn the_connection_is_kept_for_the_next_letter() {
    let server = MailServer::start(&["accept"]);
    let target = target(&settings(server.port), PATIENT);
    for _ in 0..3 {
        assert_eq!(send(&target, &letter()).await, DELIVERED);
    }
    let (first, _, last) = (server.taken(), server.taken(), server.taken());
    assert_eq!(first["peer"], last["peer"]);
    assert_eq!(first["headers"], last["headers"], "a second attempt is the same message");
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_replaced() {
    let server = MailServer::start(&["close-idle", "0.2"]);
    let target = target(&settings(server.port), PATIENT);
    assert_eq!(send(&target, &letter()).await, DELIVERED);
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(send(&target, &letter()).await, DELIVERED);
    assert_ne!(server.taken()["peer"], server.taken()["peer"]);
}

#[tokio::test]
async fn a_server_that_refuses_for_now_gets_it_later() {
    let server = MailServer::start(&["later", "1.5"]);
    let target = target(&settings(server.port), PATIENT);
    let reason = "the mail server answered 451 (4.7.1)".to_owned();
    assert_eq!(send(&target, &letter()).await, Outcome::Retry { after: None, reason });
    tokio::time::sleep(Duration::from_millis(1_600)).await;
    assert_eq!(send(&target, &letter()).await, DELIVERED);
    assert_eq!(server.taken()["recipients"], serde_json::json!(["ana@example.com"]));
    assert!(server.is_done());
}

#[tokio::test]
async fn what_the_server_refuses_for_good_is_refused() {
    let server = MailServer::start(&["accept"]);
    let target = target(&settings(server.port), PATIENT);
    let unknown = Letter { to: "nobody@example.com".into(), ..letter() };
    let reason = "the mail server answered 550 (5.1.1)".to_owned();
    assert_eq!(send(&target, &unknown).await, Outcome::Refused { reason, disable: false });
    // A name beyond ASCII, and a server that does not know such names.
    let foreign = Letter { to: "änne@example.com".into(), ..letter() };
    assert!(matches!(send(&target, &foreign).await, Outcome::Refused { disable: false, .. }));
    let several = Letter { to: "ana@example.com, ben@example.com".into(), ..letter() };
    match send(&target, &several).await {
        Outcome::Refused { reason, disable: false } => assert!(reason.contains("[mail-address-invalid]"), "{reason}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(send(&target, &letter()).await, DELIVERED);
    assert_eq!(server.taken()["recipients"], serde_json::json!(["ana@example.com"]));
    assert!(server.is_done());
}

#[tokio::test]
async fn an_answer_that_came_too_late_is_not_taken_for_the_next_one() {
    let server = MailServer::start(&["hang", "1.2"]);
    let target = target(&settings(server.port), HASTY);
    let started = Stopwatch::now();
    let reason = "the mail server did not take it within 700ms".to_owned();
    assert_eq!(send(&target, &letter()).await, Outcome::Retry { after: None, reason });
    assert!(started.elapsed() < Duration::from_secs(5));
    // By now the first letter's `250` has come.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let unknown = Letter { to: "nobody@example.com".into(), ..letter() };
    assert!(matches!(send(&target, &unknown).await, Outcome::Refused { .. }));
}

#[tokio::test]
async fn a_server_that_does_not_greet_is_given_up_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let timeouts = Timeouts { connect: Duration::from_millis(300), ..PATIENT };
    let settings = EmailSettings { host: "127.0.0.1".into(), ..settings(silent.local_addr().unwrap().port()) };
    let reason = "no connection to the mail server within 300ms".to_owned();
    assert_eq!(send(&target(&settings, timeouts), &letter()).await, Outcome::Retry { after: None, reason });
    drop(silent);
    match send(&target(&settings, timeouts), &letter()).await {
        Outcome::Retry { after: None, reason } => assert!(reason.contains("refused"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn encrypted_mail_needs_the_right_server_and_the_right_password() {
    for (behaviour, security) in [("starttls", Security::StartTls), ("tls", Security::Tls)] {
        let server = MailServer::start(&[behaviour]);
        let good = encrypted(&server, security, "correct horse");
        assert_eq!(send(&target(&good, PATIENT), &letter()).await, DELIVERED, "{behaviour}");
        let mail = server.taken();
        assert_eq!((&mail["encrypted"], &mail["login"]), (&true.into(), &true.into()), "{behaviour}");

        let wrong = encrypted(&server, security, "hunter2");
        let reason = "the mail server answered 535 (5.7.8) to the login".to_owned();
        let refused = Outcome::Refused { reason, disable: false };
        assert_eq!(send(&target(&wrong, PATIENT), &letter()).await, refused, "{behaviour}");

        let stranger = EmailSettings { ca_pem: None, ..good };
        match send(&target(&stranger, PATIENT), &letter()).await {
            Outcome::Retry { reason, .. } => assert!(reason.contains("certificate"), "{behaviour}: {reason}"),
            other => panic!("{behaviour}: {other:?}"),
        }
        assert!(server.is_done(), "{behaviour}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_encrypt_gets_nothing() {
    let server = MailServer::start(&["accept"]);
    let settings = encrypted(&server, Security::StartTls, "correct horse");
    match send(&target(&settings, PATIENT), &letter()).await {
        Outcome::Refused { reason, .. } => assert!(reason.contains("STARTTLS"), "{reason}"),
        other => panic!("{other:?}"),
    }
    assert!(server.is_done());
}

/// Answers like a mail server, but once more than it was asked.
async fn talkative(listener: TcpListener) {
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 hello\r\n").await.unwrap();
    let mut line = String::new();
    while stream.read_line(&mut line).await.is_ok_and(|bytes| bytes > 0) {
        let answer: &[u8] = match line.get(..4) {
            Some("EHLO") => b"250 hello\r\n250 slipped in\r\n",
            Some("DATA") => b"354 go on\r\n",
            _ => b"250 fine\r\n",
        };
        stream.write_all(answer).await.unwrap();
        line.clear();
    }
}

#[tokio::test]
async fn an_answer_that_was_slipped_in_does_not_make_a_delivery() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = EmailSettings { host: "127.0.0.1".into(), ..settings(listener.local_addr().unwrap().port()) };
    let server = tokio::spawn(talkative(listener));
    let reason = "the mail server's answers are out of step".to_owned();
    assert_eq!(send(&target(&settings, PATIENT), &letter()).await, Outcome::Retry { after: None, reason });
    server.abort();
}
