//! People with accounts: passwords, sessions, and the table of who may do what.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::Request;
use calendar::Duration;
use expect_test::expect_file;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::world::{ADMIN, Answer, World, request};

const PASSWORD: &str = "correct horse battery";

async fn form(world: &World, path: &str, cookie: &str, fields: &str) -> Answer {
    let request = Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .header("cookie", cookie);
    world.send(request.body(Body::from(fields.to_owned())).unwrap()).await
}

/// Gives a person an account; answers the path of the link to choose a password.
async fn account(world: &World, person: &str, role: &str) -> String {
    let answer = world.post("/api/v1/users", &json!({ "person": person, "role": role })).await;
    assert!(answer.status.is_success(), "{answer:?}");
    answer.json()["url"].as_str().unwrap().strip_prefix(crate::world::URL).unwrap().to_owned()
}

async fn choose(world: &World, link: &str, password: &str) -> Answer {
    form(world, link, "", &format!("password={0}&again={0}", password.replace(' ', "+"))).await
}

async fn sign_in(world: &World, person: &str, password: &str) -> Answer {
    form(world, "/sign-in", "", &format!("person={person}&password={}", password.replace(' ', "+"))).await
}

fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

async fn look(world: &World, path: &str, cookie: &str) -> Answer {
    world.send(Request::get(path).header("cookie", cookie).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn people_choose_a_password_and_sign_in_by_it() {
    let world = World::new().await;
    let link = account(&world, "ana", "responder").await;
    assert!(link.starts_with("/set-password/"), "{link}");
    for _ in 0..2 {
        let page = look(&world, &link, "").await;
        assert!(page.status == 200 && page.text.contains("Ana Ruiz"), "looking uses nothing up: {page:?}");
    }
    assert_eq!(look(&world, &link.replace("/set-password/", "/sign-in/"), "").await.status, 410, "it signs nobody in");
    let weak = choose(&world, &link, "short").await;
    assert!(weak.status == 422 && weak.text.contains("At least 12"), "{weak:?}");
    let differ = form(&world, &link, "", "password=correct+horse+battery&again=other").await;
    assert_eq!(differ.status, 422);
    let chosen = choose(&world, &link, PASSWORD).await;
    assert_eq!(chosen.status, 303);
    assert_eq!(choose(&world, &link, PASSWORD).await.status, 410, "a link works once");
    let world = world.restarted().await;
    let entered = sign_in(&world, "ana", PASSWORD).await;
    assert_eq!(entered.status, 303);
    let page = look(&world, "/account", &cookie(&entered)).await;
    assert!(page.text.contains("responder") && page.text.contains("this one"), "{}", page.text);
    let users = world.get("/api/v1/users").await;
    assert_eq!(users.json()["users"][0]["has_password"], true);
    assert!(!users.text.contains("salt"), "hashes are not told");
}

#[tokio::test]
async fn wrong_names_and_passwords_read_the_same() {
    let world = World::new().await;
    let link = account(&world, "ana", "viewer").await;
    choose(&world, &link, PASSWORD).await;
    account(&world, "ben", "viewer").await;
    let mut pages = Vec::new();
    for (person, password) in [("ana", "wrong"), ("ben", PASSWORD), ("nobody", PASSWORD)] {
        let answer = sign_in(&world, person, password).await;
        assert_eq!(answer.status, 401, "{person}");
        pages.push(answer.text.replace(&format!("value=\"{person}\""), ""));
    }
    assert!(pages.windows(2).all(|two| two[0] == two[1]), "{pages:?}");
    let foreign = Request::post("/sign-in").header("sec-fetch-site", "cross-site").body(Body::empty()).unwrap();
    assert_eq!(world.send(foreign).await.status, 403);
}

#[tokio::test]
async fn guessing_ends_soon() {
    let world = World::new().await;
    let link = account(&world, "ana", "viewer").await;
    choose(&world, &link, PASSWORD).await;
    for _ in 0..10 {
        assert_eq!(sign_in(&world, "ana", "wrong").await.status, 401);
    }
    let refused = sign_in(&world, "ana", PASSWORD).await;
    assert_eq!(refused.status, 429, "even the right one: {refused:?}");
    world.engine.advance(Duration::from_mins(16)).await.unwrap();
    assert_eq!(sign_in(&world, "ana", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let world = World::new().await;
    let link = account(&world, "ana", "viewer").await;
    let first = cookie(&choose(&world, &link, PASSWORD).await);
    let second = cookie(&sign_in(&world, "ana", PASSWORD).await);
    let bens = world.sign_in("ben").await;
    let list = |cookie: String| {
        let world = &world;
        async move { look(world, "/api/v1/sessions", &cookie).await.json()["sessions"].as_array().unwrap().clone() }
    };
    assert_eq!((list(first.clone()).await.len(), list(bens.clone()).await.len()), (2, 1), "each sees their own");
    assert_eq!(world.get("/api/v1/sessions").await.json()["sessions"].as_array().unwrap().len(), 3);
    let id = list(bens.clone()).await[0]["id"].as_str().unwrap().to_owned();
    let end = |id: &str, cookie: &str| {
        let request = Request::delete(format!("/api/v1/sessions/{id}")).header("cookie", cookie);
        world.send(request.header("sec-fetch-site", "same-origin").body(Body::empty()).unwrap())
    };
    assert_eq!(end(&id, &first).await.verdict(), "404 session-unknown", "another person's");
    let sessions = list(first.clone()).await;
    for session in &sessions {
        // The one that asks ends last.
        let id = session["id"].as_str().unwrap();
        let page = look(&world, "/account", &first).await.text;
        assert!(page.contains(id), "{page}");
    }
    let changed = form(
        &world,
        "/account/password",
        &first,
        "current=correct+horse+battery&password=another+good+one&again=another+good+one",
    )
    .await;
    assert_eq!(changed.status, 303);
    assert_eq!(look(&world, "/account", &second).await.status, 401, "other sessions end");
    assert_eq!(look(&world, "/account", &first).await.status, 200);
    assert_eq!(sign_in(&world, "ana", PASSWORD).await.status, 401);
    let wrong =
        form(&world, "/account/password", &first, "current=x&password=another+good+two&again=another+good+two").await;
    assert_eq!(wrong.status, 401);
    let hers = world.token(json!({"name": "hers", "person": "ana", "scopes": ["incidents:read"]})).await;
    let again = account(&world, "ana", "responder").await;
    assert_eq!(world.call("GET", "/api/v1/clocks", &hers, "").await.status, 200);
    assert_eq!(look(&world, &again, "").await.status, 200);
    let removed = world.call("DELETE", "/api/v1/users/ana", ADMIN, "").await;
    assert_eq!(removed.status, 204);
    assert_eq!(world.call("GET", "/api/v1/clocks", &hers, "").await.status, 401, "nor does a token outlive it");
    assert_eq!(look(&world, &again, "").await.status, 410, "nor a link");
    assert_eq!(look(&world, "/account", &first).await.status, 401, "removing the account ends them all");
    assert_eq!(world.call("DELETE", "/api/v1/users/ana", ADMIN, "").await.verdict(), "404 account-unknown");
}

#[tokio::test]
async fn roles_count_from_the_moment_they_are_given() {
    let world = World::new().await;
    world.commitment("c-1").await;
    let link = account(&world, "tom", "viewer").await;
    let tom = cookie(&choose(&world, &link, PASSWORD).await);
    let tell = |audience: &str| {
        let body = json!({ "audience": audience, "text": "Answers are wrong." }).to_string();
        let request = request("POST", "/api/v1/incidents/INC-1/updates", "").header("cookie", &tom);
        world.send(request.header("sec-fetch-site", "same-origin").body(Body::from(body)).unwrap())
    };
    assert_eq!(tell("support").await.verdict(), "403 role-missing");
    account(&world, "tom", "responder").await;
    assert_eq!(tell("support").await.status, 200);
    let refused = tell("customers").await;
    assert_eq!(refused.verdict(), "403 role-missing");
    assert_eq!(refused.json()["detail"], "this needs the role publisher; yours is responder");
    let page = form(&world, "/incidents/INC-1/updates", &tom, "audience=customers&impact=x").await;
    assert_eq!(page.status, 403, "the pages ask the same table");
    account(&world, "tom", "publisher").await;
    assert_eq!(tell("customers").await.status, 200);
}

#[tokio::test]
async fn accounts_that_allow_less_than_the_policy_asks_are_told() {
    let world = World::new().await;
    // Tom owns publishing in the starter's policy.
    let made = world.post("/api/v1/users", &json!({ "person": "tom", "role": "viewer" })).await.json();
    let lacks = made["lacks"].as_str().unwrap();
    assert!(lacks.starts_with("tom is owner of publishing") && lacks.ends_with("asks for publisher"), "{lacks}");
    let users = world.get("/api/v1/users").await.json();
    assert_eq!(users["users"][0]["lacks"], lacks);
    let all = users["lacks"].to_string();
    assert!(all.contains(lacks) && all.contains("but has no account"), "{all}");
    assert!(world.get("/policy").await.text.contains(lacks));
    let ben = world.person("ben").await;
    assert!(!world.call("GET", "/policy", &ben, "").await.text.contains(lacks), "it is for administrators");
    let made = world.post("/api/v1/users", &json!({ "person": "tom", "role": "publisher" })).await.json();
    assert_eq!(made["lacks"], Value::Null);
    assert!(!world.get("/policy").await.text.contains("tom is owner"));
}

/// The one route of the table that is walked once for each command.
const COMMANDS: &str = "/api/v1/incidents/{id}/{command}";

/// One who asks: nobody, a role with a session, or a scope with a token.
struct Caller {
    name: &'static str,
    header: Option<(&'static str, String)>,
}

async fn callers(world: &World) -> Vec<Caller> {
    let mut callers = vec![Caller { name: "nobody", header: None }];
    let people = [
        ("viewer", "ana"),
        ("reporter", "ben"),
        ("responder", "mara"),
        ("publisher", "tom"),
        ("administrator", "noor"),
    ];
    for (role, person) in people {
        let link = account(world, person, role).await;
        let cookie = cookie(&choose(world, &link, PASSWORD).await);
        callers.push(Caller { name: role, header: Some(("cookie", cookie)) });
    }
    for scope in ["signals:write", "incidents:read", "incidents:write", "admin"] {
        let token = world.token(json!({ "name": scope, "scopes": [scope] })).await;
        callers.push(Caller { name: scope, header: Some(("authorization", format!("Bearer {token}"))) });
    }
    callers
}

/// Whether the door lets a request in; what it comes to behind the door is another matter.
async fn is_let_in(world: &World, caller: &Caller, (method, path): (&str, &str), body: &Value) -> bool {
    // Where the key stands in the body or in the path, a caller's own token stands there.
    let key = caller.header.as_ref().and_then(|(_, value)| value.strip_prefix("Bearer ")).unwrap_or("none");
    let path = path.replace("{key}", key);
    let (mut body, by_body) = (body.clone(), body.get("routing_key").is_some());
    if by_body {
        body["routing_key"] = key.into();
    }
    let mut builder = request(method, &path, "").header("sec-fetch-site", "same-origin");
    if let Some((name, value)) = &caller.header {
        builder = builder.header(*name, value);
    }
    let request = builder.body(Body::from(body.to_string())).unwrap();
    let response = world.router.clone().oneshot(request).await.unwrap();
    match response.status().as_u16() {
        status if by_body => status == 202,
        401 => false,
        403 => {
            let text = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
            let text = String::from_utf8_lossy(&text);
            !["role-missing", "scope-missing"].iter().any(|code| text.contains(code))
        }
        // Streams have no end: only the status is looked at.
        _ => true,
    }
}

/// What a route of the walk is sent: such that nothing happens that another row would notice.
fn sent(path: &str) -> Value {
    match path {
        "/v2/enqueue" => json!({ "routing_key": "", "event_action": "resolve", "dedup_key": "nothing/1" }),
        "/v2/change/enqueue" => json!({ "routing_key": "", "payload": { "summary": "walk", "source": "edge-1" } }),
        _ => json!({ "unknown": 1 }),
    }
}

/// Walks every route that the server has and every command with every role and every scope.
#[tokio::test]
async fn the_table_of_access() {
    let world = World::new().await;
    world.commitment("c-1").await;
    let callers = callers(&world).await;
    let names: Vec<&str> = callers.iter().map(|caller| caller.name).collect();
    let mut table = format!("{:48} {}\n", "", names.join(" "));
    let mut rows: Vec<(String, String, Value)> = Vec::new();
    for (method, path, _) in web::routes() {
        if path == COMMANDS {
            let each = web::commands().into_iter().map(|(word, _)| path.replace("{command}", word));
            rows.extend(each.map(|path| (method.clone(), path, sent(COMMANDS))));
            rows.push((method, path.replace("{command}", "updates"), json!({ "audience": "customers" })));
        } else {
            rows.push((method, path.to_owned(), sent(path)));
        }
    }
    // Signing out ends a caller.
    rows.sort_by_key(|(_, path, _)| path == "/sign-out");
    for (method, path, body) in rows {
        let at = path.replace("{id}", "INC-1").replace("{code}", "x").replace("{person}", "nobody");
        let at = at.replace("{command}", "notes").replace("{name}", "none");
        let mut row =
            format!("{:48}", format!("{method} {path}{}", if body["audience"].is_null() { "" } else { " (public)" }));
        for caller in &callers {
            let is_in = is_let_in(&world, caller, (&method, &at), &body).await;
            let _ = write!(row, " {:>1$}", if is_in { "yes" } else { "-" }, caller.name.len());
        }
        table += row.trim_end();
        table.push('\n');
    }
    expect_file!["../../../../docs/access-table.txt"].assert_eq(&table);
}
