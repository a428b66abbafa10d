//! The public status page: what strangers see, and above all what they do not.

use axum::body::Body;
use axum::http::Request;
use engine::View;
use serde_json::{Value, json};
use wcore::Command;
use wcore::event::Actor;

use crate::world::{Answer, World, request};

const DOCUMENTS: [&str; 8] = [
    "status",
    "summary",
    "components",
    "incidents",
    "incidents/unresolved",
    "scheduled-maintenances",
    "scheduled-maintenances/active",
    "scheduled-maintenances/upcoming",
];

async fn see(world: &World, path: &str) -> Answer {
    world.send(Request::get(path).body(Body::empty()).unwrap()).await
}

async fn document(world: &World, name: &str) -> Value {
    see(world, &format!("/api/v2/{name}.json")).await.json()
}

/// Everything that strangers can read.
async fn everything(world: &World) -> String {
    let mut all = see(world, "/status").await.text + &see(world, "/status/history.atom").await.text;
    for name in DOCUMENTS {
        all += &see(world, &format!("/api/v2/{name}.json")).await.text;
    }
    all
}

async fn act(world: &World, person: &str, incident: &str, command: &str, body: Value) {
    let token = world.person(person).await;
    let path = format!("/api/v1/incidents/{incident}/{command}");
    let answer = world.call("POST", &path, &token, body.to_string()).await;
    assert_eq!(answer.status, 200, "{person} {command} {answer:?}");
}

async fn tell(world: &World, text: &str) {
    act(world, "tom", "INC-1", "updates", json!({ "audience": "customers", "text": text })).await;
}

#[tokio::test]
async fn an_incident_is_public_once_customers_were_told() {
    let world = World::new().await;
    assert_eq!(
        document(&world, "status").await["status"],
        json!({"indicator": "none", "description": "All Systems Operational"})
    );
    let components = document(&world, "components").await;
    let names =
        |list: &Value| list["components"].as_array().unwrap().iter().map(|c| c["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&components), [json!("Agent tools"), json!("Chat support")]);
    world.commitment("c-1").await;
    act(&world, "ana", "INC-1", "updates", json!({ "audience": "support", "text": "Internal words" })).await;
    assert_eq!(document(&world, "incidents").await["incidents"], json!([]), "nobody outside was told");
    tell(&world, "The chat names refunds that do not exist. Ask a person before you rely on one.").await;
    act(&world, "ana", "INC-1", "contain", json!({ "customers_see": "A notice" })).await;
    tell(&world, "The chat hands questions on refunds to people.").await;
    act(&world, "ana", "INC-1", "mitigate", json!({ "note": "Secret rollback" })).await;
    let summary = document(&world, "summary").await;
    assert_eq!(summary["status"]["indicator"], "critical");
    let incident = &summary["incidents"][0];
    assert_eq!(incident["name"], "Chat support: The chat names refunds that do not exist");
    assert_eq!((&incident["status"], &incident["impact"]), (&json!("monitoring"), &json!("critical")));
    let phases: Vec<&Value> = incident["incident_updates"].as_array().unwrap().iter().map(|u| &u["status"]).collect();
    assert_eq!(phases, ["identified", "investigating"], "newest first, as it was then");
    let chat = &summary["components"][1];
    assert_eq!((&chat["name"], &chat["status"]), (&json!("Chat support"), &json!("degraded_performance")));
    assert_eq!(incident["components"][0]["id"], chat["id"]);
    assert_eq!(incident["incident_updates"][0]["affected_components"][0]["old_status"], "major_outage");
    let all = everything(&world).await;
    for internal in
        ["INC-1", "Internal words", "Secret rollback", "A notice", "hallucinated", "Invented", "Tom", "Ana", "SEV-1"]
    {
        assert!(!all.contains(internal), "{internal}");
    }
}

#[tokio::test]
async fn what_is_over_stays_in_the_history() {
    let world = World::new().await;
    world.commitment("c-1").await;
    tell(&world, "Answers are wrong.").await;
    act(&world, "ana", "INC-1", "mitigate", json!({ "note": "Rolled back" })).await;
    world.engine.advance(calendar::Duration::from_mins(10)).await.unwrap();
    let evidence = json!({ "kind": "evaluation", "text": "200 conversations", "observed_at": world.engine.now() });
    act(&world, "mara", "INC-1", "validations", json!({ "passed": true, "evidence": evidence })).await;
    world.engine.advance(calendar::Duration::from_hours(5)).await.unwrap();
    act(&world, "ana", "INC-1", "resolve", json!({})).await;
    tell(&world, "Answers are right again.").await;
    let unresolved = document(&world, "incidents/unresolved").await;
    assert_eq!(unresolved["incidents"], json!([]));
    let incident = &document(&world, "incidents").await["incidents"][0];
    assert_eq!(
        (&incident["status"], &incident["incident_updates"][0]["status"]),
        (&json!("resolved"), &json!("resolved"))
    );
    assert!(incident["resolved_at"].is_string() && incident["monitoring_at"].is_string(), "{incident}");
    assert_eq!(document(&world, "status").await["status"]["indicator"], "none");
    let feed = see(&world, "/status/history.atom").await;
    assert_eq!(feed.header("content-type"), Some("application/atom+xml; charset=utf-8"));
    assert!(feed.text.starts_with("<?xml") && feed.text.contains("Answers are right again."), "{}", feed.text);
}

#[tokio::test]
async fn restricted_incidents_are_nowhere() {
    let world = World::new().await;
    world.leak("l-1").await;
    let before = everything(&world).await;
    act(
        &world,
        "ines",
        "INC-1",
        "decide",
        json!({ "audience": "customers", "inform": true, "reason": "They must know" }),
    )
    .await;
    // A restricted class wants a second person for every word.
    let words = Command::Draft {
        audience: "customers".to_owned(),
        text: "Personal data was disclosed.".to_owned(),
        next_update_at: None,
        corrects: None,
    };
    for (who, command) in
        [("ana", words), ("tom", Command::Approve { update: 1 }), ("tom", Command::Publish { update: 1 })]
    {
        world.engine.command(1, command, Actor::Person(who.to_owned()), None).await.unwrap();
    }
    let told = world.get("/api/v1/incidents/INC-1").await.json();
    assert!(told["updates"][0]["visible_at"].is_string(), "it was published: {told}");
    assert_eq!(everything(&world).await, before);
}

#[tokio::test]
async fn hostile_words_are_only_words() {
    let world = World::new().await;
    world.commitment("c-1").await;
    tell(&world, "<img src=x onerror=alert(1)> & ]]> \"quotes\"\u{7} <script>x</script>").await;
    let page = see(&world, "/status").await.text;
    assert!(page.contains("&lt;img src=x") && !page.contains("<img") && !page.contains("<script"), "{page}");
    assert!(!page.contains('\u{7}'), "no format can carry control characters");
    let feed = see(&world, "/status/history.atom").await.text;
    assert!(!feed.contains("<img") && !feed.contains("<script") && feed.contains("&amp;lt;img"), "{feed}");
    let incident = &document(&world, "incidents").await["incidents"][0];
    assert!(incident["incident_updates"][0]["body"].as_str().unwrap().starts_with("<img src=x"));
}

#[tokio::test]
async fn links_and_reordered_text_do_nothing() {
    let world = World::new().await;
    world.commitment("c-1").await;
    tell(
        &world,
        "javascript:alert(1) https://evil.test/ \u{202E}desrever\u{202C} \u{2067}x\u{2069} <a href=javascript:x>y</a>",
    )
    .await;
    let all = everything(&world).await;
    assert!(all.contains("desrever"), "the words are shown: {all}");
    for control in ['\u{202A}', '\u{202B}', '\u{202D}', '\u{202E}', '\u{202C}', '\u{2066}', '\u{2067}', '\u{2069}'] {
        assert!(!all.contains(control), "{control:?}");
    }
    for link in ["href=\"javascript", "href=\"https://evil.test", "<a href=javascript"] {
        assert!(!see(&world, "/status").await.text.contains(link), "{link}");
    }
}

#[tokio::test]
async fn corrections_stand_beside_what_they_correct() {
    let world = World::new().await;
    world.commitment("c-1").await;
    tell(&world, "Refunds are wrong. We are on it.").await;
    world.engine.advance(calendar::Duration::from_mins(5)).await.unwrap();
    act(&world, "tom", "INC-1", "corrections", json!({ "update": 1, "text": "Only fares are wrong." })).await;
    let page = see(&world, "/status").await.text;
    assert!(page.contains("<strong>Correction</strong>") && page.contains("<strong>Corrected</strong>"), "{page}");
    assert!(page.contains("Refunds are wrong. We are on it.") && page.contains("Only fares are wrong."), "both stay");
    let incident = &document(&world, "incidents").await["incidents"][0];
    assert_eq!(incident["name"], "Chat support: Only fares are wrong", "it is named by what is right");
    let updates = incident["incident_updates"].as_array().unwrap();
    assert_eq!(updates[0]["body"], "Correction: Only fares are wrong.");
    for update in updates {
        let id = update["id"].as_str().unwrap();
        assert!(page.contains(&format!("id=\"{id}\"")) && page.contains(&format!("href=\"#{id}\"")), "{id}");
    }
}

#[tokio::test]
async fn readers_may_keep_what_has_not_changed() {
    let world = World::new().await;
    for path in ["/status", "/status/history.atom", "/api/v2/summary.json"] {
        let first = see(&world, path).await;
        assert_eq!(first.status, 200, "{path}");
        let cache = first.header("cache-control").unwrap();
        assert!(cache.starts_with("public, max-age="), "{path} {cache}");
        let tag = first.header("etag").unwrap().to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let again = request("GET", path, "").header("if-none-match", &known).body(Body::empty()).unwrap();
            let again = world.send(again).await;
            assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""), "{path} {known}");
        }
    }
    let tag = see(&world, "/status").await.header("etag").unwrap().to_owned();
    world.commitment("c-1").await;
    assert_eq!(see(&world, "/status").await.header("etag"), Some(tag.as_str()), "nothing public has happened");
    tell(&world, "Answers are wrong.").await;
    assert_ne!(see(&world, "/status").await.header("etag"), Some(tag.as_str()));
    let json = see(&world, "/api/v2/status.json").await;
    assert_eq!(json.header("access-control-allow-origin"), Some("*"));
    assert_eq!(see(&world, "/status").await.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn ids_survive_a_restart() {
    let world = World::new().await;
    world.commitment("c-1").await;
    tell(&world, "Answers are wrong.").await;
    let before = document(&world, "incidents").await;
    let world = world.restarted().await;
    assert_eq!(document(&world, "incidents").await, before);
}

#[tokio::test]
async fn the_export_is_what_the_server_shows() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    world.commitment("c-1").await;
    tell(&world, "Answers are wrong.").await;
    let shown = see(&world, "/status").await.text;
    let export = || {
        let folder = folder.path().to_owned();
        world.engine.read(move |view: &View| web::status::export(view, crate::world::URL, &folder))
    };
    assert!(export().await.unwrap() > 10);
    let file = |path: &str| std::fs::read_to_string(folder.path().join(path)).unwrap();
    assert_eq!(file("index.html"), shown);
    assert_eq!(file("status/history.atom"), see(&world, "/status/history.atom").await.text);
    for name in DOCUMENTS {
        assert_eq!(file(&format!("api/v2/{name}.json")), see(&world, &format!("/api/v2/{name}.json")).await.text);
    }
    let links = shown.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    for link in links.filter(|link| !link.starts_with('#')) {
        assert!(folder.path().join(link).is_file(), "{link}");
        assert_eq!(see(&world, &format!("/{link}")).await.status, 200, "{link}");
    }
    assert_eq!(export().await.unwrap(), 0, "what has not changed is not written");
}

#[tokio::test]
async fn the_kept_export_follows() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let keeper =
        tokio::spawn(web::status::keep(world.engine.clone(), crate::world::URL.to_owned(), folder.path().to_owned()));
    world.commitment("c-1").await;
    tell(&world, "Answers are wrong.").await;
    let mut page = String::new();
    for _ in 0..200 {
        page = std::fs::read_to_string(folder.path().join("index.html")).unwrap_or_default();
        if page.contains("Answers are wrong.") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    assert!(page.contains("Answers are wrong."), "{page}");
    keeper.abort();
}
