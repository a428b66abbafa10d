//! A day at the airline, lived through by the real engine on a test clock: what it recorded is the
//! past of the other tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use calendar::{Duration, Instant};
use engine::{Config, Documents, Engine, Secrets, TimeSource};
use journal::{IncidentFilter, Memory, Workspace};
use lab::backtest::Past;
use policy::model::{Policy, Role, Roster};
use policy::{Source, load, starter};
use tokio::sync::OnceCell;
use wcore::command::HoldingFields;
use wcore::event::{Actor, Entry, Evidence, Fact};
use wcore::raise::Declaration;
use wcore::signal::{Alert, AlertState, Unit};
use wcore::{Command, Signal};

/// A Tuesday.
const DATE: &str = "2026-11-24";

/// More rows than the day has.
const ALL: u32 = 10_000;

pub(crate) fn at(time: &str) -> Instant {
    Instant::parse(&format!("{DATE}T{time}:00Z")).unwrap()
}

pub(crate) fn policy() -> Policy {
    changed(|text| text)
}

/// The starter's policy with its text changed.
pub(crate) fn changed(change: impl FnOnce(String) -> String) -> Policy {
    let text = change(starter::POLICY.to_owned());
    let policy = Source { name: "policy.yaml", text: &text };
    load(policy, Source { name: "roster.yaml", text: starter::ROSTER }).policy.unwrap()
}

pub(crate) fn roster() -> Roster {
    let policy = Source { name: "policy.yaml", text: starter::POLICY };
    load(policy, Source { name: "roster.yaml", text: starter::ROSTER }).roster.unwrap()
}

/// What the journal holds of the day.
#[derive(Clone)]
pub(crate) struct Recorded {
    pub(crate) signals: Vec<(u64, Instant, Signal)>,
    pub(crate) incidents: Vec<(u64, Vec<Entry>)>,
    pub(crate) until: Instant,
}

impl Recorded {
    pub(crate) fn past(&self) -> Past {
        Past::new(self.signals.clone(), self.incidents.clone(), self.until)
    }
}

/// The day, lived through once for all tests.
pub(crate) async fn recorded() -> &'static Recorded {
    static DAY: OnceCell<Recorded> = OnceCell::const_new();
    DAY.get_or_init(|| async {
        let day = Day::begin("07:00");
        day.live().await;
        day.recorded().await
    })
    .await
}

/// An hour in which somebody declared an incident of that service.
pub(crate) async fn declared_of(service: Option<&str>) -> Recorded {
    let day = Day::begin("07:00");
    let no = day.declares("ana", ("unsure", "SEV-2"), service).await;
    day.does(no, "ana", Command::Acknowledge {}).await;
    day.until("08:00").await;
    day.recorded().await
}

struct Day {
    engine: Engine,
    clock: Arc<AtomicI64>,
}

/// An engine in memory, at that time of the day, that pages nobody outside.
pub(crate) fn engine(documents: Documents, time: &str) -> Engine {
    Day::with(documents, time).engine
}

impl Day {
    fn begin(time: &str) -> Day {
        Day::with(Documents { policy: starter::POLICY.to_owned(), roster: starter::ROSTER.to_owned() }, time)
    }

    fn with(documents: Documents, time: &str) -> Day {
        let clock = Arc::new(AtomicI64::new(at(time).as_micros()));
        let config = Config {
            workspace: Workspace(1),
            time: TimeSource::Test(Arc::clone(&clock)),
            public_url: "http://localhost".to_owned(),
            fault: None,
        };
        // Nobody is really paged: the pager has no address, and pages land in the inbox.
        let nowhere = Secrets::new(|name| Err(problem::Problem::new(&problem::SECRET_MISSING, name)));
        let engine = engine::start_with(&Memory::new(), documents, config, &nowhere).unwrap();
        Day { engine, clock }
    }

    /// Time passes; what falls due meanwhile happens at its instant.
    async fn until(&self, time: &str) {
        self.engine.advance(at(time).since(self.engine.now())).await.unwrap();
    }

    /// Time passes while the machine sleeps: what fell due happens on return, late.
    fn sleep_until(&self, time: &str) {
        self.clock.store(at(time).as_micros(), Ordering::SeqCst);
    }

    async fn signal(&self, metric: &str, fill: impl FnOnce(&mut Signal)) {
        let mut signal = Signal {
            source: "evals".to_owned(),
            metric: metric.to_owned(),
            service: "support-assistant".to_owned(),
            ..Signal::default()
        };
        fill(&mut signal);
        self.engine.signals(vec![signal], 0).await.unwrap();
    }

    async fn does(&self, no: u64, who: &str, command: Command) {
        let by = Actor::Person(who.to_owned());
        if let Err(problem) = self.engine.command(no, command.clone(), by, None).await {
            panic!("{who} may not {command:?}: {problem}");
        }
    }

    async fn declares(&self, who: &str, (class, severity): (&str, &str), service: Option<&str>) -> u64 {
        let declaration = Declaration {
            title: "Something is odd".to_owned(),
            class: class.to_owned(),
            severity: Some(severity.to_owned()),
            service: service.map(str::to_owned),
            impact_started_at: None,
        };
        self.engine.declare(declaration, Actor::Person(who.to_owned()), None).await.unwrap().no
    }

    async fn live(&self) {
        self.morning().await;
        self.leak().await;
        self.afternoon().await;
        self.night().await;
    }

    /// Answers that are a little slow, and five invented refunds, one an hour.
    async fn morning(&self) {
        for (i, (time, seconds)) in [("08:00", 7.0), ("08:10", 7.5), ("08:20", 7.0)].into_iter().enumerate() {
            self.until(time).await;
            self.signal("latency_p95_seconds", |s| s.value = Some(seconds)).await;
            self.commitment(i).await;
        }
        for (i, time) in ["09:00", "10:00"].into_iter().enumerate() {
            self.until(time).await;
            self.commitment(i + 3).await;
        }
        self.signal("handoff_queue_minutes", |s| s.value = Some(25.0)).await;
        self.until("10:06").await;
        self.does(1, "tom", Command::Acknowledge {}).await;
        let text = "We correct what our assistant promised.".to_owned();
        let fields = HoldingFields { impact: "refunds of 500 euros".to_owned(), next_update_at: at("10:30") };
        let holding = Command::Update {
            audience: "customers".to_owned(),
            text: String::new(),
            next_update_at: None,
            statement: Some(fields),
        };
        self.does(1, "tom", holding).await;
        let draft = Command::Draft {
            audience: "customers".to_owned(),
            text: text.clone(),
            next_update_at: None,
            corrects: None,
        };
        self.does(1, "mara", draft).await;
        self.does(1, "tom", Command::Approve { update: 2 }).await;
        self.does(1, "tom", Command::Publish { update: 2 }).await;
        self.does(1, "tom", Command::Correct { update: 2, text: text + " All of it." }).await;
        self.tells(1, "tom", "support", "Refund answers are wrong.").await;
        self.does(1, "ben", Command::Mitigate { note: "refund answers switched off".to_owned() }).await;
        self.until("10:20").await;
        self.proves(1, "mara").await;
        self.does(1, "mara", Command::Resolve {}).await;
    }

    async fn commitment(&self, i: usize) {
        self.signal("hallucinated_commitment", |s| {
            s.unit = Some(Unit { kind: "conversation".to_owned(), id: format!("c-{i}") });
        })
        .await;
    }

    /// A leak that is contained late, with a pause, a lowered severity and a second look.
    async fn leak(&self) {
        self.until("11:00").await;
        let text = |s: &mut Signal| s.label = Some("confirmed".to_owned());
        self.signal("pii_leak", text).await;
        self.until("11:04").await;
        self.does(2, "ana", Command::Acknowledge {}).await;
        let fact = |fact, notice: Option<&str>| Command::Fact {
            fact,
            at: Some(at("11:01")),
            note: "read the transcript".to_owned(),
            notice: notice.map(str::to_owned),
            corrects: None,
            sure: false,
        };
        self.does(2, "ines", fact(Fact::AwareAt, None)).await;
        self.does(2, "ines", fact(Fact::SubmittedAt, Some("gdpr-33-1"))).await;
        let decide = Command::Decide { audience: "customers".to_owned(), inform: true, reason: "mail".to_owned() };
        self.does(2, "ines", decide).await;
        self.does(2, "ana", Command::Assign { role: Role::Remediation, person: "ben".to_owned() }).await;
        self.does(2, "ben", Command::Accept { role: Role::Remediation }).await;
        self.until("11:20").await;
        self.does(2, "ben", Command::Contain { customers_see: "Nothing".to_owned() }).await;
        self.does(2, "ben", Command::Pause { reason: "waiting for the provider".to_owned() }).await;
        self.until("11:50").await;
        self.does(2, "ben", Command::Unpause {}).await;
        self.does(2, "ana", Command::Note { text: "<b>one</b> customer".to_owned() }).await;
        let severity = || "SEV-2".to_owned();
        let lower = Command::Severity { severity: severity(), reason: "one customer".to_owned() };
        self.does(2, "ana", lower.clone()).await;
        self.does(2, "mara", Command::DeclineSeverity { reason: "not yet".to_owned() }).await;
        self.does(2, "ana", lower).await;
        self.does(2, "mara", Command::ConfirmSeverity { severity: severity() }).await;
        let waive = Command::Waive { clock: "accept:publishing".to_owned(), reason: "nobody is to be told".to_owned() };
        self.does(2, "ana", waive).await;
        self.does(2, "ben", Command::Mitigate { note: "filter".to_owned() }).await;
        self.until("12:00").await;
        self.proves(2, "mara").await;
        self.does(2, "mara", Command::Resolve {}).await;
        self.until("12:30").await;
        self.does(2, "mara", Command::Reopen { reason: "a second transcript".to_owned() }).await;
    }

    /// A provider that recovers by itself, a declaration, and answers that are slow indeed.
    async fn afternoon(&self) {
        self.until("13:00").await;
        for (time, state) in [("13:00", AlertState::Firing), ("13:03", AlertState::Resolved)] {
            self.until(time).await;
            self.signal("provider_error_share", |s| {
                s.value = Some(0.4);
                s.alert = Some(Alert { key: "a1".to_owned(), state });
            })
            .await;
        }
        self.until("13:30").await;
        let no = self.declares("ana", ("unsure", "SEV-2"), Some("agent-copilot")).await;
        self.declares("tom", ("unsure", "SEV-1"), Some("agent-copilot")).await;
        self.until("13:45").await;
        self.does(no, "ana", Command::Acknowledge {}).await;
        for time in ["14:00", "14:05", "14:10"] {
            self.until(time).await;
            self.signal("latency_p95_seconds", |s| s.value = Some(9.0)).await;
        }
    }

    /// The machine sleeps while clocks fall due; then a false page after hours.
    async fn night(&self) {
        self.until("15:00").await;
        let review = |cause: &str| Command::Review {
            cause: cause.to_owned(),
            action: "a rule for prices".to_owned(),
            owner: Some("ben".to_owned()),
            due_at: Some(at("19:00")),
        };
        self.does(1, "tom", review("Prices were missing")).await;
        self.sleep_until("17:30");
        self.signal("pii_leak", |s| s.label = Some("confirmed".to_owned())).await;
        self.until("18:00").await;
        self.signal("spend_of_daily_budget", |s| s.value = Some(3.0)).await;
        self.until("18:20").await;
        self.does(6, "ana", Command::Acknowledge {}).await;
        let hand_over =
            Command::HandOver { role: Role::Remediation, person: "ben".to_owned(), note: "a test run".to_owned() };
        self.does(6, "ana", Command::Assign { role: Role::Remediation, person: "ana".to_owned() }).await;
        self.does(6, "ana", hand_over).await;
        self.does(6, "ben", Command::Decline { role: Role::Remediation, reason: "asleep".to_owned() }).await;
        self.does(6, "ana", Command::BreakGlass { reason: "nothing to prove".to_owned() }).await;
        self.does(6, "tom", Command::Confirm {}).await;
        self.does(6, "tom", review("False alarm: a load test")).await;
        self.does(6, "ben", Command::ActionDone { note: "load tests are announced".to_owned() }).await;
        self.until("20:00").await;
    }

    async fn tells(&self, no: u64, who: &str, audience: &str, text: &str) {
        let command = Command::Update {
            audience: audience.to_owned(),
            text: text.to_owned(),
            next_update_at: None,
            statement: None,
        };
        self.does(no, who, command).await;
    }

    async fn proves(&self, no: u64, who: &str) {
        let evidence = Evidence {
            kind: "evaluation".to_owned(),
            text: "set 7".to_owned(),
            link: None,
            observed_at: self.engine.now(),
        };
        self.does(no, who, Command::Validate { passed: true, evidence }).await;
    }

    async fn recorded(&self) -> Recorded {
        let until = self.engine.now() + Duration::from_secs(1);
        let read = self.engine.read(move |view| {
            let signals = view.signals(0, ALL)?.into_iter().map(|s| (s.position, s.recorded_at, s.signal)).collect();
            let mut incidents = Vec::new();
            for incident in view.incidents(&IncidentFilter::default(), ALL)? {
                let entries = view.timeline(incident.no)?.into_iter().map(|stored| stored.entry).collect();
                incidents.push((incident.no, entries));
            }
            Ok(Recorded { signals, incidents, until })
        });
        let recorded = read.await.unwrap();
        self.engine.shutdown().await;
        recorded
    }
}
