//! A server in a test: a real engine on SQLite, or on PostgreSQL where a server for tests is named, the starter policy, and time that stands still.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use calendar::{Duration, Instant};
use engine::{Config, Documents, Engine, TimeSource};
use journal::{Postgres, Scratch, Sqlite, Store, Workspace};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;
use web::{Access, AppConfig, Bootstrap};

/// The bootstrap token of every world.
pub(crate) const ADMIN: &str = "wb_test-administrator-token";
/// When every world begins: a Monday, on which Ben is on call.
pub(crate) const START: &str = "2026-11-23T09:00:00Z";
/// Where every world can be reached, as its answers say.
pub(crate) const URL: &str = "http://watchbell.test";

/// Names a PostgreSQL server; then every world keeps its journal there.
const ON_POSTGRES: &str = "WATCHBELL_TEST_ON_POSTGRES";

/// Where a world's journal is kept.
enum Shelf {
    Sqlite(TempDir),
    Postgres(Scratch),
}

impl Shelf {
    fn new() -> Shelf {
        match std::env::var(ON_POSTGRES) {
            Ok(server) => Shelf::Postgres(Scratch::on(&server)),
            Err(_) => Shelf::Sqlite(tempfile::tempdir().unwrap()),
        }
    }

    fn open(&self) -> Box<dyn Store> {
        match self {
            Shelf::Sqlite(folder) => Box::new(Sqlite::open(folder.path()).unwrap()),
            Shelf::Postgres(scratch) => Box::new(Postgres::open(scratch.url()).unwrap()),
        }
    }
}

/// A running server without its socket.
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) access: Arc<Access>,
    pub(crate) router: Router,
    shelf: Shelf,
}

/// What a request came to.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// Status and problem code, or only the status.
    pub(crate) fn verdict(&self) -> String {
        match serde_json::from_str::<Value>(&self.text).ok().and_then(|body| body["code"].as_str().map(str::to_owned)) {
            Some(code) => format!("{} {code}", self.status.as_u16()),
            None => self.status.as_u16().to_string(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl World {
    pub(crate) async fn new() -> World {
        World::with(|config| config).await
    }

    pub(crate) async fn with(configure: impl FnOnce(AppConfig) -> AppConfig) -> World {
        World::open(Shelf::new(), roster(), configure).await
    }

    /// A world in which Ben, who is on call at [`START`], is also paged by mail, through a server on this port.
    pub(crate) async fn mailed(port: u16) -> World {
        let channel = format!(
            "channels:\n  email: {{type: email, host: 127.0.0.1, port: {port}, security: none, from: w@example.com}}"
        );
        let roster = roster().replace("channels:", &channel).replace("{inbox: ben}", "{email: ben@example.com}");
        World::open(Shelf::new(), roster, |config| config).await
    }

    async fn open(shelf: Shelf, roster: String, configure: impl FnOnce(AppConfig) -> AppConfig) -> World {
        let engine = start(&*shelf.open(), roster);
        let access = Arc::new(Access::load(&engine).await.unwrap());
        let bootstrap = access.bootstrap(ADMIN).await.unwrap();
        assert_ne!(bootstrap, Bootstrap::Ignored);
        let config = AppConfig { dev: true, test_clock: true, ..AppConfig::new(URL) };
        let router = web::router(engine.clone(), Arc::clone(&access), configure(config));
        let world = World { engine, access, router, shelf };
        world.settle().await;
        world
    }

    /// Stops, and starts again on the same directory.
    pub(crate) async fn restarted(self) -> World {
        let World { engine, access, router, shelf } = self;
        engine.shutdown().await;
        drop((engine, access, router));
        World::open(shelf, roster(), |config| config).await
    }

    /// Waits until the engine has nothing left to do by itself.
    pub(crate) async fn settle(&self) {
        self.engine.advance(Duration::ZERO).await.unwrap();
    }

    /// Sends any request.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    /// A request with a token; JSON where there is a body.
    pub(crate) async fn call(&self, method: &str, path: &str, token: &str, body: impl Into<Vec<u8>>) -> Answer {
        self.send(request(method, path, token).body(Body::from(body.into())).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, ADMIN, "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path, ADMIN, body.to_string()).await
    }

    /// Makes a token and answers its secret.
    pub(crate) async fn token(&self, wish: Value) -> String {
        let answer = self.post("/api/v1/tokens", &wish).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// A token of a person who may read and act.
    pub(crate) async fn person(&self, person: &str) -> String {
        let scopes = ["incidents:read", "incidents:write"];
        self.token(json!({ "name": person, "scopes": scopes, "person": person })).await
    }

    /// Signs a person in and answers the cookie.
    pub(crate) async fn sign_in(&self, person: &str) -> String {
        let path = self.access.one_time_link(person, Duration::from_mins(10)).await.unwrap();
        let answer = self.send(Request::post(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
    }

    /// Sends a signal that opens an incident of a class that everybody may see.
    pub(crate) async fn commitment(&self, id: &str) -> Answer {
        let answer = self.post("/v1/signals", &signal("hallucinated_commitment", id)).await;
        self.settle().await;
        answer
    }

    /// Sends a signal that opens a restricted incident.
    pub(crate) async fn leak(&self, id: &str) -> Answer {
        let answer = self.post("/v1/signals", &signal("pii_leak", id)).await;
        self.settle().await;
        answer
    }

    /// The head's position.
    pub(crate) async fn position(&self) -> u64 {
        self.get("/api/v1/audit").await.json()["position"].as_u64().unwrap()
    }
}

pub(crate) fn request(method: &str, path: &str, token: &str) -> axum::http::request::Builder {
    let builder = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(path);
    let builder = builder.header(header::CONTENT_TYPE, "application/json");
    if token.is_empty() { builder } else { builder.header(header::AUTHORIZATION, format!("Bearer {token}")) }
}

pub(crate) fn signal(metric: &str, id: &str) -> Value {
    json!({ "id": id, "source": "evals", "metric": metric, "service": "support-assistant", "label": "confirmed" })
}

/// The starter's roster.
fn roster() -> String {
    // People without the pager: what cannot be delivered would be complained about all the time.
    let mut roster = policy::starter::ROSTER.to_owned();
    for person in ["ana", "ben", "mara", "noor", "tom", "ines"] {
        roster = roster.replace(&format!("{{webhook: pager, to: {person}}}, "), "");
    }
    roster
}

fn start(store: &dyn Store, roster: String) -> Engine {
    let documents = Documents { policy: policy::starter::POLICY.to_owned(), roster };
    let config = Config {
        workspace: Workspace::default(),
        time: TimeSource::test(Instant::parse(START).unwrap()),
        public_url: URL.to_owned(),
        fault: None,
    };
    engine::start(store, documents, config).unwrap()
}
