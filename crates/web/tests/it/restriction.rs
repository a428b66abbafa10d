//! What somebody outside can tell of restricted incidents: nothing from any list, and from numbers
//! only what the documentation says.

use serde_json::{Value, json};

use crate::world::{World, signal};

/// Opens an incident per letter, each of a service of its own: `r` a restricted one, `o` an open one.
async fn incidents(world: &World, kinds: &str) {
    for (n, kind) in kinds.chars().enumerate() {
        let metric = if kind == 'r' { "pii_leak" } else { "hallucinated_commitment" };
        let mut one = signal(metric, &format!("{metric}-{n}"));
        one["service"] = json!(format!("service-{n}"));
        assert_eq!(world.post("/v1/signals", &one).await.status, 202);
        world.settle().await;
    }
}

fn items(page: &Value) -> Vec<Value> {
    page.as_object().unwrap().values().find_map(Value::as_array).unwrap().clone()
}

/// Every page of a list. Each but the last must be full, and the last must say that it is.
async fn walk(world: &World, path: &str, token: &str, limit: usize) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    for _ in 0..100 {
        let sign = if path.contains('?') { '&' } else { '?' };
        let page = world.call("GET", &format!("{path}{sign}limit={limit}{cursor}"), token, "").await;
        assert_eq!(page.status, 200, "{path}: {page:?}");
        let page = page.json();
        let found = items(&page);
        let count = found.len();
        all.extend(found);
        match page["next"].as_str() {
            Some(next) => {
                assert!(count == limit, "{path}: a short page with `next`: {page}");
                cursor = format!("&cursor={next}");
            }
            None => return all,
        }
    }
    panic!("{path} has no end");
}

/// People to whom messages about an incident are made out.
async fn told(world: &World, id: &str) -> Vec<String> {
    let list = world.get(&format!("/api/v1/deliveries?incident={id}")).await.json();
    items(&list).iter().map(|one| one["person"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn pages_of_lists_are_full_though_most_is_hidden() {
    let world = World::new().await;
    incidents(&world, "roror").await;
    let told: Vec<String> =
        [told(&world, "INC-1").await, told(&world, "INC-3").await, told(&world, "INC-5").await].concat();
    let mut involved: Vec<String> = told;
    for id in ["INC-1", "INC-3", "INC-5"] {
        let incident = world.get(&format!("/api/v1/incidents/{id}")).await.json();
        assert_eq!(incident["restricted"], true);
        involved
            .extend(incident["roles"].as_object().unwrap().values().map(|h| h["person"].as_str().unwrap().to_owned()));
    }
    let outsider = ["ana", "ben", "mara", "noor", "tom", "ines"].into_iter().find(|p| !involved.iter().any(|i| i == p));
    let outsider = world.person(outsider.expect("somebody is not involved")).await;
    let machine = world.token(json!({"name": "bot", "scopes": ["incidents:read"]})).await;
    let hidden = ["INC-1", "INC-3", "INC-5", "pii_leak", "service-0", "service-2", "service-4"];
    for path in
        ["incidents", "incidents?status=open", "clocks", "clocks?state=open", "deliveries", "decisions", "signals"]
    {
        let path = format!("/api/v1/{path}");
        for token in [&outsider, &machine] {
            let all = walk(&world, &path, token, 2).await;
            assert!(!all.is_empty(), "{path}");
            let text = Value::Array(all.clone()).to_string();
            assert!(!hidden.iter().any(|word| text.contains(word)), "{path}: {text}");
            // Cut into pages or whole, it is the same list.
            assert_eq!(walk(&world, &path, token, 200).await, all, "{path}");
        }
    }
    let listed = walk(&world, "/api/v1/incidents", &outsider, 2).await;
    assert_eq!(listed.iter().map(|one| one["id"].clone()).collect::<Vec<_>>(), [json!("INC-4"), json!("INC-2")]);
    // A page for people, in the same way: what is counted is what is seen.
    for page in
        ["/", "/?show=closed", "/deliveries", "/inbox", "/mine", "/review", "/review?format=csv", "/review?format=json"]
    {
        let answer = world.call("GET", page, &outsider, "").await;
        assert_eq!(answer.status, 200, "{page}");
        let none = ["INC-1", "INC-3", "INC-5", "service-0", "service-2", "service-4"];
        assert!(!none.iter().any(|word| answer.text.contains(word)), "{page}: {}", answer.text);
    }
    assert!(world.call("GET", "/", &outsider, "").await.text.contains("2 open"));
    for (hidden, absent) in [("", ""), ("/timeline", "/timeline"), ("/decision", "/decision")] {
        let hidden = world.call("GET", &format!("/api/v1/incidents/INC-5{hidden}"), &outsider, "").await;
        let absent = world.call("GET", &format!("/api/v1/incidents/INC-6{absent}"), &outsider, "").await;
        assert_eq!(hidden.status, 404);
        assert_eq!(hidden.text.replace("INC-5", "INC-6"), absent.text);
    }
}

#[tokio::test]
async fn whoever_was_paged_may_see_it() {
    let world = World::new().await;
    incidents(&world, "r").await;
    let mut late = Vec::new();
    for person in ["ana", "ben", "mara", "noor", "tom", "ines"] {
        let token = world.person(person).await;
        if world.call("GET", "/api/v1/incidents/INC-1", &token, "").await.status == 404 {
            late.push((person, token));
        }
    }
    world.post("/dev/clock", &json!({"advance": "3h"})).await;
    let told = told(&world, "INC-1").await;
    let incident = world.get("/api/v1/incidents/INC-1").await.json();
    let holds = |person: &str| incident["roles"].as_object().unwrap().values().any(|h| h["person"] == person);
    let mut only_paged = 0;
    for (person, token) in &late {
        let was_told = told.iter().any(|one| one == person);
        only_paged += usize::from(was_told && !holds(person));
        let wanted = if was_told || holds(person) { 200 } else { 404 };
        for path in ["/api/v1/incidents/INC-1", "/incidents/INC-1", "/incidents/INC-1/acknowledge"] {
            assert_eq!(world.call("GET", path, token, "").await.status, wanted, "{person} {path}");
        }
        let listed = walk(&world, "/api/v1/incidents", token, 2).await.len();
        assert_eq!(listed, usize::from(wanted == 200), "{person}");
    }
    assert!(only_paged > 0, "somebody was paged who holds no role: {told:?}");
    let (person, token) = late.iter().find(|(person, _)| told.iter().any(|one| one == person)).unwrap();
    let taken = world.call("POST", "/api/v1/incidents/INC-1/acknowledge", token, "{}").await;
    assert_eq!((taken.status.as_u16(), taken.json()["acknowledged"]["by"].as_str()), (200, Some(*person)));
}
