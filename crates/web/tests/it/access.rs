//! Who gets in, as whom, and who does not.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::Request;
use calendar::Duration;
use expect_test::expect;
use serde_json::{Value, json};
use web::Bootstrap;

use crate::world::{ADMIN, URL, World, request, signal};

#[test]
fn the_table_of_routes() {
    let lines = web::routes().into_iter().map(|(method, path, needs)| format!("{method:6} {path:40} {needs}\n"));
    expect![[r#"
        POST   /v1/signals                              signals:write, also as password or ?key=
        POST   /v2/enqueue                              signals:write, as routing_key
        POST   /v2/change/enqueue                       signals:write, as routing_key
        POST   /api/v2/alerts                           signals:write, also as password or ?key=
        POST   /intake/alertmanager                     signals:write, also as password or ?key=
        POST   /intake/grafana                          signals:write, also as password or ?key=
        PUT    /intake/grafana                          signals:write, also as password or ?key=
        POST   /intake/webhook/{name}                   signals:write, also as password or ?key=
        GET    /heartbeat/{key}                         signals:write, as part of the path
        POST   /heartbeat/{key}                         signals:write, as part of the path
        GET    /api/v1/incidents                        incidents:read
        POST   /api/v1/incidents                        incidents:write, to report
        GET    /api/v1/incidents/{id}                   incidents:read
        GET    /api/v1/incidents/{id}/timeline          incidents:read
        GET    /api/v1/incidents/{id}/decision          incidents:read
        POST   /api/v1/incidents/{id}/{command}         incidents:write, by command
        GET    /api/v1/clocks                           incidents:read
        GET    /api/v1/signals                          incidents:read
        GET    /api/v1/sources                          incidents:read
        GET    /api/v1/decisions                        incidents:read
        GET    /api/v1/deliveries                       incidents:read
        GET    /api/v1/events                           incidents:read
        GET    /api/v1/policy                           incidents:read
        POST   /api/v1/policy/plan                      admin
        POST   /api/v1/policy/apply                     admin
        GET    /api/v1/policy/versions                  incidents:read
        GET    /api/v1/policy/versions/{version}        incidents:read
        GET    /api/v1/playbooks                        incidents:read
        GET    /api/v1/playbooks/{id}                   incidents:read
        GET    /api/v1/roster                           incidents:read
        GET    /api/v1/reviews                          incidents:read
        POST   /api/v1/backtests                        admin
        POST   /api/v1/erasures                         admin
        GET    /api/v1/audit                            incidents:read
        GET    /audit                                   admin
        GET    /api/v1/hold                             incidents:read
        POST   /api/v1/hold                             incidents:write, to respond
        DELETE /api/v1/hold                             incidents:write, to respond
        POST   /api/v1/test-pages                       admin
        GET    /api/v1/tokens                           admin
        POST   /api/v1/tokens                           admin
        DELETE /api/v1/tokens/{id}                      admin
        POST   /api/v1/sign-in-links                    admin
        GET    /api/v1/users                            admin
        POST   /api/v1/users                            admin
        DELETE /api/v1/users/{person}                   admin
        GET    /api/v1/sessions                         admin, or a person's session
        DELETE /api/v1/sessions/{id}                    admin, or a person's session
        GET    /                                        incidents:read
        GET    /incidents                               incidents:read
        POST   /incidents                               incidents:write, to report
        GET    /incidents/new                           incidents:read
        GET    /incidents/{id}                          incidents:read
        GET    /incidents/{id}/{command}                incidents:read
        POST   /incidents/{id}/{command}                incidents:write, by command
        GET    /inbox                                   incidents:read
        GET    /deliveries                              incidents:read
        GET    /policy                                  incidents:read
        GET    /generator                               incidents:read
        GET    /playbooks                               incidents:read
        GET    /playbooks/{id}                          incidents:read
        GET    /policy/proof                            incidents:read
        GET    /assets/{name}                           nothing
        GET    /account                                 admin, or a person's session
        POST   /account/password                        admin, or a person's session
        POST   /account/test-page                       admin, or a person's session
        POST   /account/sessions/{id}                   admin, or a person's session
        POST   /hold                                    incidents:write, to respond
        POST   /hold/end                                incidents:write, to respond
        POST   /self-alerts/{code}/seen                 incidents:write, to respond
        GET    /mine                                    incidents:read
        GET    /matrix                                  incidents:read
        GET    /matrix.xlsx                             incidents:read
        GET    /review                                  incidents:read
        GET    /sources                                 incidents:read
        GET    /sources/{name}                          incidents:read
        POST   /sources/{name}/keys                     admin
        POST   /sources/{name}/test                     incidents:write, to report
        GET    /sign-in                                 nothing
        POST   /sign-in                                 nothing, but not from another site's page
        GET    /set-password/{code}                     nothing
        POST   /set-password/{code}                     nothing, but not from another site's page
        GET    /sign-in/{code}                          nothing
        POST   /sign-in/{code}                          nothing, but not from another site's page
        GET    /a/{code}                                nothing
        POST   /a/{code}                                nothing, but not from another site's page
        POST   /sign-out                                nothing, but not from another site's page
        GET    /docs/errors                             nothing
        GET    /docs/errors/{code}                      nothing
        GET    /livez                                   nothing
        GET    /readyz                                  nothing
        GET    /metrics                                 nothing
        GET    /status                                  nothing
        GET    /status/history.atom                     nothing
        GET    /api/v2/status.json                      nothing
        GET    /api/v2/summary.json                     nothing
        GET    /api/v2/components.json                  nothing
        GET    /api/v2/incidents.json                   nothing
        GET    /api/v2/incidents/unresolved.json        nothing
        GET    /api/v2/scheduled-maintenances.json      nothing
        GET    /api/v2/scheduled-maintenances/active.json nothing
        GET    /api/v2/scheduled-maintenances/upcoming.json nothing
        GET    /dev/clock                               nothing
        POST   /dev/clock                               nothing, but not from another site's page
    "#]]
    .assert_eq(&lines.collect::<String>());
}

/// A route outside of the table would stand behind no guard, and in no list.
#[test]
fn routes_are_mounted_by_the_table_only() {
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut mounted = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let mounts = [".route(", ".route_service(", ".nest(", ".nest_service(", ".merge(", ".fallback_service("];
            let lines = text.lines().filter(|line| mounts.iter().any(|mount| line.contains(mount)));
            let file = path.file_name().unwrap().to_string_lossy().into_owned();
            mounted.extend(lines.map(|line| format!("{file}: {}", line.trim())));
        }
    }
    let one =
        "router.rs: router = router.route(path, handler.route_layer(from_fn_with_state((app.clone(), needs), guard)));";
    assert_eq!(mounted, [one]);
}

/// Every row of the table refuses who is nobody, and whose token allows something else.
#[tokio::test]
async fn every_route_is_shut_to_those_who_lack_what_it_needs() {
    let world = World::new().await;
    world.commitment("seed").await;
    let title = world.get("/api/v1/incidents/INC-1").await.json()["title"].as_str().unwrap().to_owned();
    let scopes = ["signals:write", "incidents:read", "incidents:write"];
    let mut all_but = BTreeMap::new();
    for scope in scopes.into_iter().chain(["admin"]) {
        let others: Vec<&str> = scopes.into_iter().filter(|other| *other != scope).collect();
        all_but.insert(scope, world.token(json!({"name": "wrong", "scopes": others})).await);
    }
    world.settle().await;
    let before = world.position().await;
    for (method, path, needs) in web::routes() {
        let path = path.replace("{id}", "INC-1").replace("{command}", "notes").replace("{code}", "overloaded");
        let answer = world.call(&method, &path, "", r#"{"text":"x"}"#).await;
        let strangers = answer.status.as_u16();
        if needs == "nothing" {
            // What asks for nothing only reads, and says nothing of an incident that nobody published.
            assert_eq!(method, "GET", "{path}");
            assert!(matches!(strangers, 200 | 404 | 410), "{path}: {strangers}");
            assert!(!answer.text.contains("INC-1") && !answer.text.contains(&title), "{path}: {}", answer.text);
            continue;
        }
        if needs.starts_with("nothing") {
            // What changes something refuses other sites' pages before anything else.
            let foreign = request(&method, &path, "").header("origin", "https://evil.test");
            let foreign = world.send(foreign.body(Body::from("x")).unwrap()).await;
            assert_eq!(foreign.verdict(), "403 cross-site-request", "{method} {path}");
            continue;
        }
        if needs.ends_with("as routing_key") {
            // Its key stands in the body; `emulation` shuts it to strangers.
            assert_eq!(strangers, 400, "{method} {path}");
            continue;
        }
        assert_eq!(strangers, 401, "{method} {path}");
        let scope = needs.split(',').next().unwrap();
        let wrong = &all_but[scope];
        let path = path.replace("{key}", wrong);
        let answer = world.call(&method, &path, wrong, r#"{"text":"x"}"#).await;
        assert_eq!(answer.verdict(), "403 scope-missing", "{method} {path}");
    }
    assert_eq!(world.position().await, before);
}

#[tokio::test]
async fn scopes_open_what_they_name() {
    let world = World::new().await;
    world.commitment("seed").await;
    let sender = world.token(json!({"name": "evals", "scopes": ["signals:write"]})).await;
    let reader = world.token(json!({"name": "board", "scopes": ["incidents:read"]})).await;
    let actor = world.token(json!({"name": "bot", "scopes": ["incidents:write"]})).await;
    let note = json!({"text": "seen"}).to_string();
    let one = signal("latency", "s-1").to_string();
    for (method, path, body, allowed) in [
        ("POST", "/v1/signals", one.as_str(), &sender),
        ("GET", "/api/v1/incidents", "", &reader),
        ("GET", "/api/v1/incidents/INC-1/timeline", "", &reader),
        ("GET", "/api/v1/signals", "", &reader),
        ("POST", "/api/v1/incidents/INC-1/notes", note.as_str(), &actor),
        ("GET", "/api/v1/tokens", "", &ADMIN.to_owned()),
    ] {
        for token in [&sender, &reader, &actor] {
            let wanted = if token == allowed { "2" } else { "403 scope-missing" };
            let verdict = world.call(method, path, token, body).await.verdict();
            assert!(verdict.starts_with(wanted), "{method} {path}: {verdict}");
        }
        assert_eq!(world.call(method, path, "", body).await.verdict(), "401 token-missing", "{path}");
        assert_eq!(world.call(method, path, "wb_guess", body).await.verdict(), "401 token-unknown", "{path}");
        assert!(world.call(method, path, ADMIN, body).await.verdict().starts_with('2'), "{path}");
    }
    let refused = world.call("GET", "/api/v1/incidents", "", "").await;
    assert_eq!(refused.header("www-authenticate"), Some("Bearer realm=\"watchbell\""));
}

#[tokio::test]
async fn tokens_end() {
    let world = World::new().await;
    let wish = json!({"name": "short", "scopes": ["incidents:read"], "expires_at": "2026-11-23T10:00:00Z"});
    let token = world.token(wish).await;
    assert_eq!(world.call("GET", "/api/v1/clocks", &token, "").await.verdict(), "200");
    world.post("/dev/clock", &json!({"advance": "1h"})).await;
    assert_eq!(world.call("GET", "/api/v1/clocks", &token, "").await.verdict(), "401 token-expired");

    let token = world.token(json!({"name": "revoked", "scopes": ["incidents:read"]})).await;
    let id = world.get("/api/v1/tokens?limit=1").await.json()["tokens"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(world.call("DELETE", &format!("/api/v1/tokens/{id}"), ADMIN, "").await.verdict(), "204");
    assert_eq!(world.call("GET", "/api/v1/clocks", &token, "").await.verdict(), "401 token-unknown");
    assert_eq!(
        world.call("DELETE", &format!("/api/v1/tokens/{id}"), ADMIN, "").await.verdict(),
        "404 credential-unknown"
    );
}

#[tokio::test]
async fn secrets_are_told_once_and_survive_a_restart() {
    let world = World::new().await;
    let token = world.token(json!({"name": "evals", "scopes": ["incidents:read", "signals:write"]})).await;
    let cookie = world.sign_in("ana").await;
    let list = world.get("/api/v1/tokens").await;
    assert!(!list.text.contains(&token) && !list.text.contains(ADMIN), "{}", list.text);
    let ends: Vec<Value> = list.json()["tokens"].as_array().unwrap().iter().map(|one| one["last4"].clone()).collect();
    assert!(ends.contains(&json!(token[token.len() - 4..])), "{ends:?}");
    let stored = world.engine.read(|view| Ok([view.documents("tokens")?, view.documents("sessions")?])).await.unwrap();
    let secret = cookie.split_once('=').unwrap().1.to_owned();
    for (id, body) in stored.iter().flatten() {
        let text = format!("{id} {}", String::from_utf8_lossy(body));
        assert!(!text.contains(&token) && !text.contains(&secret) && !text.contains(ADMIN), "{text}");
    }
    let world = world.restarted().await;
    assert_eq!(world.call("GET", "/api/v1/clocks", &token, "").await.verdict(), "200");
    let page = request("GET", "/api/v1/clocks", "").header("cookie", cookie).body(Body::empty()).unwrap();
    assert_eq!(world.send(page).await.verdict(), "200");
}

#[tokio::test]
async fn the_bootstrap_token_opens_an_empty_store_only() {
    let world = World::new().await;
    assert_eq!(world.access.bootstrap(ADMIN).await, Ok(Bootstrap::Known));
    let other = "another-token-of-good-length";
    assert_eq!(world.access.bootstrap(other).await, Ok(Bootstrap::Ignored));
    assert_eq!(world.call("GET", "/api/v1/clocks", other, "").await.verdict(), "401 token-unknown");

    let id = world.get("/api/v1/tokens").await.json()["tokens"][0]["id"].as_str().unwrap().to_owned();
    world.call("DELETE", &format!("/api/v1/tokens/{id}"), ADMIN, "").await;
    for weak in ["", "short", "with spaces, though long enough"] {
        assert_eq!(world.access.bootstrap(weak).await.unwrap_err().code.id, "token-weak", "{weak}");
    }
    assert_eq!(world.access.bootstrap(other).await, Ok(Bootstrap::Stored));
    assert_eq!(world.call("GET", "/api/v1/tokens", other, "").await.verdict(), "200");
}

#[tokio::test]
async fn sources_may_use_basic_authentication_or_a_key() {
    let world = World::new().await;
    let token = world.token(json!({"name": "am", "scopes": ["signals:write"]})).await;
    let basic = format!("Basic {}", base64(format!("alertmanager:{token}").as_bytes()));
    let body = r#"{"version":"4","alerts":[]}"#;
    for (path, authorization, wanted) in [
        (format!("/intake/alertmanager?key={token}"), "", "200"),
        ("/intake/alertmanager".to_owned(), basic.as_str(), "200"),
        ("/intake/alertmanager?key=wb_guess".to_owned(), "", "401 token-unknown"),
        ("/intake/alertmanager?other=1".to_owned(), "", "401 token-missing"),
        // What is for senders of signals does not open the API.
        (format!("/api/v1/incidents?key={token}"), "", "401 token-missing"),
        ("/api/v1/incidents".to_owned(), basic.as_str(), "401 token-unknown"),
    ] {
        let method = if path.starts_with("/api") { "GET" } else { "POST" };
        let mut builder = request(method, &path, "");
        if !authorization.is_empty() {
            builder = builder.header("authorization", authorization);
        }
        assert_eq!(world.send(builder.body(Body::from(body)).unwrap()).await.verdict(), wanted, "{path}");
    }
}

#[tokio::test]
async fn a_sign_in_link_works_once_and_only_by_its_button() {
    let world = World::new().await;
    let link = world.post("/api/v1/sign-in-links", &json!({"person": "ana"})).await;
    assert_eq!(link.status, 201);
    let path = link.json()["url"].as_str().unwrap().strip_prefix(URL).unwrap().to_owned();
    let get = || Request::get(&path).header("accept", "text/html").body(Body::empty()).unwrap();
    // Mail scanners open links, more than once.
    for _ in 0..3 {
        let page = world.send(get()).await;
        assert_eq!((page.status.as_u16(), page.header("set-cookie")), (200, None));
    }
    let foreign = Request::post(&path).header("origin", "https://evil.test").body(Body::empty()).unwrap();
    assert_eq!(world.send(foreign).await.status, 403);
    let own = Request::post(&path).header("origin", URL).body(Body::empty()).unwrap();
    let entered = world.send(own).await;
    assert_eq!((entered.status.as_u16(), entered.header("location")), (303, Some("/")));
    let cookie = entered.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    assert_eq!(world.send(get()).await.status, 410);
    assert_eq!(world.send(Request::post(&path).body(Body::empty()).unwrap()).await.status, 410);

    let late = world.access.one_time_link("ana", Duration::from_mins(10)).await.unwrap();
    world.post("/dev/clock", &json!({"advance": "10m"})).await;
    assert_eq!(world.send(Request::post(late).body(Body::empty()).unwrap()).await.verdict(), "410 sign-in-link-spent");
}

#[tokio::test]
async fn strangers_pages_cannot_use_a_session() {
    let world = World::new().await;
    world.commitment("seed").await;
    let cookie = world.sign_in("ana").await;
    for (headers, wanted) in [
        (vec![("origin", URL)], "200"),
        (vec![("sec-fetch-site", "same-origin")], "200"),
        (vec![("origin", "http://localhost:7"), ("host", "localhost:7")], "200"),
        (vec![], "403 cross-site-request"),
        (vec![("origin", "https://evil.test")], "403 cross-site-request"),
        (vec![("origin", "null")], "403 cross-site-request"),
        (vec![("sec-fetch-site", "cross-site")], "403 cross-site-request"),
        (vec![("sec-fetch-site", "same-site")], "403 cross-site-request"),
        (vec![("origin", "http://watchbell.test.evil.test")], "403 cross-site-request"),
    ] {
        let mut builder = request("POST", "/api/v1/incidents/INC-1/notes", "").header("cookie", &cookie);
        for (name, value) in &headers {
            builder = builder.header(*name, *value);
        }
        let answer = world.send(builder.body(Body::from(r#"{"text":"x"}"#)).unwrap()).await;
        assert_eq!(answer.verdict(), wanted, "{headers:?}");
    }
    // A token is sent by no browser on its own.
    let by_token = request("POST", "/api/v1/incidents/INC-1/notes", ADMIN).header("origin", "https://evil.test");
    assert_eq!(world.send(by_token.body(Body::from(r#"{"text":"x"}"#)).unwrap()).await.verdict(), "200");
}

#[tokio::test]
async fn sessions_act_as_their_person_and_end() {
    let world = World::new().await;
    world.commitment("seed").await;
    let cookie = world.sign_in("ana").await;
    let send = |method: &str, path: &str| {
        let builder = request(method, path, "").header("cookie", &cookie).header("origin", URL);
        builder.body(Body::empty()).unwrap()
    };
    let acknowledged = world.send(send("POST", "/api/v1/incidents/INC-1/acknowledge")).await;
    assert_eq!(acknowledged.json()["acknowledged"]["by"], "ana");
    assert_eq!(world.send(send("GET", "/api/v1/tokens")).await.verdict(), "403 role-missing");
    assert_eq!(world.send(send("POST", "/v1/signals")).await.verdict(), "403 role-missing");

    let out = world.send(send("POST", "/sign-out")).await;
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(world.send(send("GET", "/api/v1/incidents")).await.verdict(), "401 session-ended");

    let cookie = world.sign_in("ana").await;
    world.post("/dev/clock", &json!({"advance": "12h"})).await;
    let later = request("GET", "/api/v1/incidents", "").header("cookie", cookie).body(Body::empty()).unwrap();
    assert_eq!(world.send(later).await.verdict(), "401 session-ended");
}

#[tokio::test]
async fn restricted_incidents_are_seen_by_those_involved() {
    let world = World::new().await;
    world.leak("l-1").await;
    // What no trigger fires for tells as much of the same conversation.
    let cleared = json!({"source": "evals", "metric": "pii_leak", "label": "cleared", "service": "support-assistant"});
    assert_eq!(world.post("/v1/signals", &cleared).await.status, 202);
    let incident = world.get("/api/v1/incidents/INC-1").await.json();
    assert_eq!(incident["restricted"], true);
    let holders: Vec<&str> =
        incident["roles"].as_object().unwrap().values().map(|h| h["person"].as_str().unwrap()).collect();
    let outsider = ["ana", "ben", "mara", "noor", "tom", "ines"].into_iter().find(|p| !holders.contains(p)).unwrap();
    let (inside, outside) = (world.person(holders[0]).await, world.person(outsider).await);
    let machine = world.token(json!({"name": "bot", "scopes": ["incidents:read", "incidents:write"]})).await;
    // Watchbell's messages about itself are nobody's incident.
    let about = |item: &&Value| item.get("incident").is_none_or(|incident| !incident.is_null());
    let items = |list: &Value| list.as_object().unwrap().values().find_map(Value::as_array).unwrap().clone();
    let count = |list: &Value| items(list).iter().filter(about).count();
    for path in ["incidents", "incidents?status=open", "clocks", "decisions", "deliveries", "signals"] {
        let seen = world.get(&format!("/api/v1/{path}")).await.json();
        assert!(count(&seen) > 0, "{path}: {seen}");
        for token in [&outside, &machine] {
            let seen = world.call("GET", &format!("/api/v1/{path}"), token, "").await.json();
            assert_eq!(count(&seen), 0, "{path}: {seen}");
        }
    }
    for path in ["", "/timeline", "/decision"] {
        let path = format!("/api/v1/incidents/INC-1{path}");
        assert_eq!(world.call("GET", &path, &inside, "").await.verdict(), "200", "{path}");
        assert_eq!(world.call("GET", &path, &outside, "").await.verdict(), "404 incident-unknown", "{path}");
        assert_eq!(world.call("GET", &path, &machine, "").await.verdict(), "404 incident-unknown", "{path}");
    }
    // One that does not exist and one that is hidden read the same.
    let hidden = world.call("GET", "/api/v1/incidents/INC-1", &outside, "").await.text;
    let missing = world.call("GET", "/api/v1/incidents/INC-2", &outside, "").await.text;
    assert_eq!(hidden.replace("INC-1", "INC-2"), missing);
    let note = r#"{"text":"x"}"#;
    let path = "/api/v1/incidents/INC-1/notes";
    assert_eq!(world.call("POST", path, &outside, note).await.verdict(), "404 incident-unknown");
    assert_eq!(world.call("POST", path, &inside, note).await.verdict(), "200");
    // Declaring the same again tells only that it was taken, not that there is one already.
    let again = json!({"title": "another leak", "class": "pii_leak", "service": "support-assistant"}).to_string();
    let declared = world.call("POST", "/api/v1/incidents", &outside, again).await;
    assert_eq!((declared.verdict(), declared.header("location")), ("202".to_owned(), None));
    assert_eq!(declared.json(), json!({"id": null, "restricted": true}));
}

#[tokio::test]
async fn addresses_are_for_administrators_and_their_owners() {
    let world = World::new().await;
    let ana = world.person("ana").await;
    let contact = |roster: &Value, person: &str| {
        let people = roster["people"].as_array().unwrap();
        people.iter().find(|p| p["id"] == person).unwrap()["contacts"][0]["to"].clone()
    };
    let (all, own) =
        (world.get("/api/v1/roster").await.json(), world.call("GET", "/api/v1/roster", &ana, "").await.json());
    assert_eq!((contact(&all, "ana"), contact(&all, "ben")), (json!("ana"), json!("ben")));
    assert_eq!((contact(&own, "ana"), contact(&own, "ben")), (json!("ana"), Value::Null));
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[tokio::test]
async fn every_act_of_access_is_on_record() {
    let world = World::new().await;
    let token = world.token(json!({ "name": "ci", "scopes": ["signals:write"] })).await;
    world.post("/api/v1/users", &json!({ "person": "ben", "role": "viewer" })).await;
    world.post("/api/v1/users", &json!({ "person": "ben", "role": "responder" })).await;
    world.sign_in("ben").await;
    let audit = world.get("/api/v1/audit?limit=50").await.json();
    let told: Vec<String> = audit["acts"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|act| {
            let field = |name: &str| act[name].as_str().unwrap().to_owned();
            let about = if field("what").starts_with("token") { String::new() } else { field("about") };
            format!("{} {} {about} {}", field("by"), field("what"), field("note"))
        })
        .collect();
    assert_eq!(
        told[2..],
        [
            "watchbell token.created  from the environment",
            "bootstrap token.created  ci: signals:write",
            "bootstrap user.created ben viewer",
            "bootstrap user.role_changed ben responder from viewer",
            "ben session.begun ben ",
        ]
    );
    assert!(!audit.to_string().contains(&token), "no secrets");
    let by_ben = world.get("/api/v1/audit?actor=ben").await.json();
    assert_eq!(by_ben["acts"].as_array().unwrap().len(), 1);
    let reader = world.person("ben").await;
    assert_eq!(world.call("GET", "/api/v1/audit", &reader, "").await.json()["acts"], json!([]));
    let page = world.get("/audit").await;
    assert!(page.status == 200 && page.text.contains("user.role_changed"), "{page:?}");
    let csv = world.get("/audit?format=csv&what=session.begun").await;
    assert!(
        csv.text.starts_with("position,at,by,what,about,note\r\n") && csv.text.contains("session.begun"),
        "{csv:?}"
    );
}

#[tokio::test]
async fn a_hold_is_announced_on_every_page() {
    let world = World::new().await;
    let begun = world.post("/api/v1/hold", &json!({ "seconds": 1_800, "reason": "a storm <b>" })).await;
    assert_eq!(begun.json()["hold"]["reason"], "a storm <b>");
    let page = world.get("/").await;
    assert!(page.text.contains("a storm &lt;b&gt;. Clocks go on."), "{}", page.text);
    assert_eq!(world.call("DELETE", "/api/v1/hold", ADMIN, "").await.json()["hold"], json!(null));
    assert!(!world.get("/").await.text.contains("a storm"));
    world.leak("l-1").await;
    let begun = world.post("/api/v1/hold", &json!({ "seconds": 60, "reason": "INC-1 pages too much" })).await;
    assert_eq!(begun.json()["hold"]["reason"], "an incident pages too much", "everybody reads it");
}

#[tokio::test]
async fn messages_are_held_and_let_go_on_the_page_of_deliveries() {
    let world = World::new().await;
    let ben = world.sign_in("ben").await;
    let form = |path: &str, body: &'static str| {
        let request = Request::post(path).header("cookie", &ben).header("origin", URL);
        world.send(request.header("content-type", "application/x-www-form-urlencoded").body(Body::from(body)).unwrap())
    };
    let page = || world.send(Request::get("/deliveries").header("cookie", &ben).body(Body::empty()).unwrap());
    assert!(page().await.text.contains("action=\"/hold\""));
    let unsure = form("/hold", "minutes=30&reason=a+storm").await;
    assert_eq!(unsure.status, 400, "{unsure:?}");
    assert!(unsure.text.contains("The box is not ticked") && unsure.text.contains("a storm"), "what was typed stays");
    assert_eq!(form("/hold", "minutes=600&reason=a+storm&sure=yes").await.status, 422);
    assert!(world.engine.held().is_none());
    assert_eq!(form("/hold", "minutes=30&reason=a+storm&sure=yes").await.status, 303);
    assert!(page().await.text.contains("action=\"/hold/end\""));
    assert_eq!(form("/hold/end", "").await.status, 303);
    assert!(world.engine.held().is_none());
    let over = form("/hold/end", "").await;
    assert!(over.text.contains("nothing-held"), "{}", over.text);
    assert!(!page().await.text.contains("href=\"/audit\""), "the audit is for administrators");
}
