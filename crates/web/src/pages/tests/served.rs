//! The pages over a real engine: a person takes an incident from its page to its review.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use calendar::{Duration, Instant};
use engine::{Config, Documents, Engine, TimeSource};
use journal::{Sqlite, Workspace};
use problem::Problem;
use tempfile::TempDir;
use tower::ServiceExt;

use super::sample;
use crate::{Access, AppConfig};

/// A server without its socket, on a clock that stands still.
pub(super) struct Server {
    pub(super) engine: Engine,
    access: Arc<Access>,
    router: Router,
    _folder: TempDir,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) location: String,
    pub(super) text: String,
    /// The cookie that came along, as it is sent back.
    pub(super) flash: String,
}

impl Server {
    pub(super) async fn new() -> Server {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(folder.path()).unwrap();
        let mut roster = policy::starter::ROSTER.to_owned();
        for person in ["ana", "ben", "mara", "noor", "tom", "ines"] {
            roster = roster.replace(&format!("{{webhook: pager, to: {person}}}, "), "");
        }
        let config = Config {
            workspace: Workspace::default(),
            time: TimeSource::test(Instant::parse(sample::START).unwrap()),
            public_url: "http://watchbell.test".to_owned(),
            fault: None,
        };
        let documents = Documents { policy: policy::starter::POLICY.to_owned(), roster };
        let engine = engine::start(&store, documents, config).unwrap();
        let access = Arc::new(Access::load(&engine).await.unwrap());
        let config = AppConfig { test_clock: true, ..AppConfig::new("http://watchbell.test") };
        let router = crate::router(engine.clone(), Arc::clone(&access), config);
        Server { engine, access, router, _folder: folder }
    }

    pub(super) async fn sign_in(&self, person: &str) -> String {
        let link = self.access.one_time_link(person, Duration::from_mins(10)).await.unwrap();
        let answer = self.router.clone().oneshot(Request::post(link).body(Body::empty()).unwrap()).await.unwrap();
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    pub(super) async fn send(&self, cookie: &str, method: &str, path: &str, body: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::COOKIE, cookie)
            .header(header::ACCEPT, "text/html")
            .header(header::ORIGIN, "http://watchbell.test")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body.to_owned()))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let location = response.headers().get(header::LOCATION).map(|at| at.to_str().unwrap().to_owned());
        let cookie = response.headers().get(header::SET_COOKIE).map(|cookie| cookie.to_str().unwrap().to_owned());
        let flash = cookie.and_then(|cookie| Some(cookie.split_once(';')?.0.to_owned())).unwrap_or_default();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status, location: location.unwrap_or_default(), text, flash }
    }

    pub(super) async fn get(&self, cookie: &str, path: &str) -> String {
        let answer = self.send(cookie, "GET", path, "").await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        answer.text
    }

    /// Sends a form of INC-1 and follows where it leads.
    pub(super) async fn act(&self, cookie: &str, word: &str, fields: &str) -> String {
        let answer = self.send(cookie, "POST", &format!("/incidents/INC-1/{word}"), fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{word}: {}", answer.text);
        self.engine.advance(Duration::from_mins(1)).await.unwrap();
        let shown = self.send(&format!("{cookie}; {}", answer.flash), "GET", &answer.location, "").await;
        assert_eq!((shown.status, shown.flash.as_str()), (StatusCode::OK, "watchbell-done="), "said once");
        shown.text
    }
}

/// The heading of the step that the page asks for.
fn next_step(page: &str) -> &str {
    let from = page.split_once("<h2 id=\"next\">").unwrap().1;
    from.split_once("</h2>").unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_self_alert_that_was_seen_comes_back_when_it_occurs_again() {
    let server = Server::new().await;
    let ana = server.sign_in("ana").await;
    let complain = async || {
        server.engine.complain(Problem::new(&problem::CLOCK_BACKWARDS, "by a minute"));
        server.engine.advance(Duration::from_mins(1)).await.unwrap();
        server.get(&ana, "/").await
    };
    let last_of = |board: &str| {
        // The board has other alerts, too.
        let form = board.split_once("/self-alerts/clock-backwards/seen").unwrap().1;
        form.split_once("name=\"last_at\" value=\"").unwrap().1.split_once('"').unwrap().0.to_owned()
    };
    let board = complain().await;
    let last = last_of(&board);
    assert!(complain().await.contains("clock-backwards"));
    let seen = async |last: &str| {
        let answer = server.send(&ana, "POST", "/self-alerts/clock-backwards/seen", &format!("last_at={last}")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        server.get(&ana, "/").await
    };
    let board = seen(&last).await;
    assert!(board.contains("clock-backwards"), "what occurred since was not seen");
    let last = last_of(&board);
    assert!(!seen(&last).await.contains("clock-backwards"));
    let acts = server.engine.read(|view| view.acts(None, 10)).await.unwrap();
    assert!(acts.iter().any(|stored| stored.act.what == "self-alert.seen" && stored.act.about == "clock-backwards"));
    assert!(complain().await.contains("clock-backwards"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_goes_from_its_declaration_to_its_review() {
    let server = Server::new().await;
    let (ana, mara) = (server.sign_in("ana").await, server.sign_in("mara").await);
    assert!(server.get(&ana, "/").await.contains("Nothing is burning"));
    let declared = server.send(&ana, "POST", "/incidents", "title=Wrong+refunds&class=hallucinated_commitment").await;
    assert_eq!(declared.location, "/incidents/INC-1");
    server.engine.advance(Duration::from_mins(1)).await.unwrap();
    assert!(server.get(&ana, "/").await.contains("1 open"));
    assert_eq!(next_step(&server.get(&ana, "/incidents/INC-1").await), "Acknowledge");
    assert_eq!(next_step(&server.act(&ana, "acknowledge", "once=1").await), "Contain");
    assert_eq!(next_step(&server.act(&ana, "contain", "customers_see=A+person+answers").await), "Mitigate");
    assert_eq!(next_step(&server.act(&ana, "mitigate", "note=Rolled+back").await), "Validate");
    let proof = "kind=evaluation&set=refunds-v3&text=200+of+200&observed_at=";
    let failed = server.act(&mara, "validations", &format!("{proof}&passed=false")).await;
    assert!(failed.contains("Validation failed"));
    assert_eq!(next_step(&failed), "Mitigate");
    server.act(&ana, "mitigate", "note=Rolled+back+for+good").await;
    assert_eq!(next_step(&server.act(&mara, "validations", &format!("{proof}&passed=true")).await), "Resolve");
    assert_eq!(next_step(&server.act(&ana, "resolve", "").await), "Review");
    let over = server.act(&ana, "reviews", "cause=Prompt&action=A+gate").await;
    assert_eq!(next_step(&over), "The action is done");
    let done = server.act(&ana, "action-done", "note=It+runs").await;
    assert!(done.contains("Reviewed and closed"));
    assert!(server.get(&ana, "/?show=closed").await.contains("Wrong refunds"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_stands_at_its_form_with_what_was_typed() {
    let server = Server::new().await;
    let ana = server.sign_in("ana").await;
    server.send(&ana, "POST", "/incidents", "title=Wrong+refunds&class=hallucinated_commitment").await;
    server.act(&ana, "mitigate", "note=Rolled+back").await;
    let fields = "kind=evaluation&set=refunds-v3&text=Looks+%3Cfine%3E&passed=true";
    let refused = server.send(&ana, "POST", "/incidents/INC-1/validations", fields).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text.contains("/docs/errors/separation-of-duties"));
    assert!(refused.text.contains("Looks &lt;fine&gt;"), "what was typed is kept, as text");
    let declared = server.send(&ana, "POST", "/incidents", "title=&class=hallucinated_commitment&severity=SEV-2").await;
    assert_eq!(declared.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(declared.text.contains("<option value=\"SEV-2\" selected>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_sent_twice_is_one_command() {
    let server = Server::new().await;
    let ana = server.sign_in("ana").await;
    for _ in 0..2 {
        let answer = server.send(&ana, "POST", "/incidents", "title=Twice&class=unsure&once=00112233").await;
        assert_eq!(answer.location, "/incidents/INC-1");
        let note = server.send(&ana, "POST", "/incidents/INC-1/notes", "text=Only+once&once=44556677").await;
        assert_eq!(note.status, StatusCode::SEE_OTHER);
    }
    let page = server.get(&ana, "/incidents/INC-1").await;
    assert_eq!(page.matches("Only once").count(), 1);
    assert!(!page.contains("Declared again"));
}

#[tokio::test(flavor = "multi_thread")]
async fn restricted_incidents_stay_between_those_involved() {
    let server = Server::new().await;
    let ines = server.sign_in("ines").await;
    server.send(&ines, "POST", "/incidents", "title=Addresses+shown&class=pii_leak").await;
    server.engine.advance(Duration::from_mins(1)).await.unwrap();
    assert!(server.get(&ines, "/incidents/INC-1").await.contains("Addresses shown"));
    // The other engineer of the rotation holds no role in it this week.
    let others = sample::names();
    let on_call = others.roster.resolve(&policy::model::Party::Schedule("ai-oncall".to_owned()), server.engine.now());
    let outsider = if on_call == ["ana"] { "ben" } else { "ana" };
    let outsider = server.sign_in(outsider).await;
    assert_eq!(server.send(&outsider, "GET", "/incidents/INC-1", "").await.status, StatusCode::NOT_FOUND);
    assert_eq!(server.send(&outsider, "POST", "/incidents/INC-1/acknowledge", "").await.status, StatusCode::NOT_FOUND);
    for path in ["/", "/inbox", "/deliveries", "/?show=closed"] {
        assert!(!server.get(&outsider, path).await.contains("INC-1"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_see_nothing() {
    let server = Server::new().await;
    for path in ["/", "/incidents/INC-1", "/inbox", "/deliveries", "/policy", "/policy/proof", "/incidents/new"] {
        let answer = server.send("", "GET", path, "").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        assert!(answer.text.contains("You are not signed in"), "{path}");
    }
    let style = server.send("", "GET", &super::super::assets::STYLE.path(), "").await;
    assert_eq!(style.status, StatusCode::OK);
}
