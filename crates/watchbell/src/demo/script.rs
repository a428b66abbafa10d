//! The story: signals arrive, an incident opens, people do their work, well and less well.
//!
//! Each scene has its minute. The people act over the API with tokens of their own, and only
//! where nobody else has done it before them.

use std::collections::BTreeMap;

use anyhow::Context as _;
use calendar::{Duration, Instant};
use engine::TimeSource;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Client;

/// What happens in a scene.
type Scene = (f64, &'static str, Deed);

/// One deed of the story.
#[derive(Clone, Copy)]
enum Deed {
    /// Ordinary traffic: evaluations that are good.
    Traffic,
    /// The change that causes it.
    Change,
    /// A customer's conversation in which the assistant invents a refund.
    Commitment(u32),
    /// A slow answer, measured three times.
    Slow,
    /// An act on the first incident: who, which action, and what.
    Act(Who, &'static str, Body),
}

/// Who acts.
#[derive(Clone, Copy)]
enum Who {
    Commander,
    Publisher,
    Validator,
    Fixer,
}

/// What a request says.
#[derive(Clone, Copy)]
enum Body {
    Empty,
    Accept(&'static str),
    /// The lead, to a person.
    Assign(&'static str),
    Contain,
    Mitigate,
    Update {
        audience: &'static str,
        text: &'static str,
        next_minutes: Option<i64>,
    },
    /// Evidence taken so many minutes ago.
    Validate {
        passed: bool,
        minutes_ago: i64,
        text: &'static str,
    },
    Review,
    /// The playbook of the incident.
    Playbook,
    /// A step of it, with a note.
    Step(u32, &'static str),
}

/// The playbook that is followed.
const PLAYBOOK: &str = "hallucinated-policy";

const SCENES: &[Scene] = &[
    (0.5, "Evaluations of the support assistant arrive; all is well.", Deed::Traffic),
    (2.0, "A new version of the assistant's prompt goes live.", Deed::Change),
    (3.0, "A customer is promised a refund that does not exist.", Deed::Commitment(1)),
    (4.0, "A second conversation.", Deed::Commitment(2)),
    (4.5, "Evaluations go on.", Deed::Traffic),
    (5.5, "A third.", Deed::Commitment(3)),
    (6.0, "A fourth. One more distinct conversation and the policy calls it SEV-1.", Deed::Commitment(4)),
    (8.0, "The fifth: SEV-1. Whoever is on call is paged.", Deed::Commitment(5)),
    (11.0, "The same customer writes again: a duplicate changes nothing.", Deed::Commitment(5)),
    (14.5, "The engineer on call takes it; paging stops.", Deed::Act(Who::Fixer, "acknowledge", Body::Empty)),
    (
        16.0,
        "The engineer hands the lead to the support lead,",
        Deed::Act(Who::Commander, "assign", Body::Assign("tom")),
    ),
    (17.0, "who accepts it.", Deed::Act(Who::Commander, "accept", Body::Accept("commander"))),
    (18.0, "The validator accepts the proof.", Deed::Act(Who::Validator, "accept", Body::Accept("validation"))),
    (
        19.0,
        "The playbook is started: eight steps, each with an owner and a time.",
        Deed::Act(Who::Commander, "start-checklist", Body::Playbook),
    ),
    (
        20.0,
        "Its first step is done, with a note where the evidence lies.",
        Deed::Act(Who::Fixer, "tick-step", Body::Step(1, "Five transcripts with their sources, evidence folder 42.")),
    ),
    (
        21.0,
        "Executives hear, two minutes before their window closes.",
        Deed::Act(
            Who::Publisher,
            "updates",
            Body::Update {
                audience: "executives",
                text: "The support assistant promised refunds that our policy does not have. Five customers so far. \
                       It is being contained; next word in an hour.",
                next_minutes: Some(60),
            },
        ),
    ),
    (26.0, "Answers have become slow as well.", Deed::Slow),
    (
        28.0,
        "Support hears at last: five minutes late, and that stays on record.",
        Deed::Act(
            Who::Publisher,
            "updates",
            Body::Update {
                audience: "support",
                text: "Do not confirm refunds that the assistant promised. Hand such chats to the refunds team. \
                       A macro is in the shared folder.",
                next_minutes: None,
            },
        ),
    ),
    (33.0, "Contained: the assistant no longer talks about money.", Deed::Act(Who::Fixer, "contain", Body::Contain)),
    (
        34.0,
        "That was the playbook's second step.",
        Deed::Act(Who::Fixer, "tick-step", Body::Step(2, "Route refund-to-person is live; test chat 7 met it.")),
    ),
    (
        36.0,
        "Customers read it on the status page, with the next update promised.",
        Deed::Act(
            Who::Publisher,
            "updates",
            Body::Update {
                audience: "customers",
                text: "Some answers of our chat assistant about refunds were wrong. We have switched such answers off; \
                       our team replies instead. Next update within 30 minutes.",
                next_minutes: Some(30),
            },
        ),
    ),
    (
        55.0,
        "Support hears in time.",
        Deed::Act(
            Who::Publisher,
            "updates",
            Body::Update {
                audience: "support",
                text: "Cause found: the new prompt. It is being rolled back.",
                next_minutes: None,
            },
        ),
    ),
    (60.0, "Mitigated: the prompt is rolled back.", Deed::Act(Who::Fixer, "mitigate", Body::Mitigate)),
    (
        62.0,
        "Whoever fixed it tries to sign it off, and is refused.",
        Deed::Act(
            Who::Fixer,
            "validations",
            Body::Validate { passed: true, minutes_ago: 1, text: "Looks good to me." },
        ),
    ),
    (
        65.0,
        "The validator brings an evaluation from before the fix, and is refused.",
        Deed::Act(
            Who::Validator,
            "validations",
            Body::Validate { passed: true, minutes_ago: 30, text: "Evaluation set refunds-v4, 200 cases." },
        ),
    ),
    (70.0, "Evaluations of the old prompt arrive; all is well.", Deed::Traffic),
    (
        78.0,
        "A fresh evaluation passes.",
        Deed::Act(
            Who::Validator,
            "validations",
            Body::Validate {
                passed: true,
                minutes_ago: 2,
                text: "Evaluation set refunds-v4, 200 of 200 cases correct.",
            },
        ),
    ),
    (
        79.0,
        "Support hears the good news.",
        Deed::Act(
            Who::Publisher,
            "updates",
            Body::Update {
                audience: "support",
                text: "Fixed and proven. Usual rules apply again.",
                next_minutes: None,
            },
        ),
    ),
    (
        80.0,
        "So do executives.",
        Deed::Act(
            Who::Publisher,
            "updates",
            Body::Update {
                audience: "executives",
                text: "Fixed and proven; five customers are being called.",
                next_minutes: None,
            },
        ),
    ),
    (81.0, "Resolved.", Deed::Act(Who::Commander, "resolve", Body::Empty)),
    (
        100.0,
        "The closing notice to customers.",
        Deed::Act(
            Who::Publisher,
            "updates",
            Body::Update {
                audience: "customers",
                text: "Answers about refunds are correct again. We have written to everyone who got a wrong one. \
                       No data was affected.",
                next_minutes: None,
            },
        ),
    ),
    (115.0, "The review is held, and the incident closes.", Deed::Act(Who::Commander, "reviews", Body::Review)),
];

/// The story, ready to be told.
pub(super) struct Story {
    client: Client,
    people: BTreeMap<String, Client>,
    time: TimeSource,
    start: Instant,
    seed: u64,
    sent: u32,
}

impl Story {
    pub(super) fn new(client: Client, time: TimeSource, seed: u64) -> Story {
        let start = time.now();
        Story { client, people: BTreeMap::new(), time, start, seed, sent: 0 }
    }

    /// Tells it to its end.
    pub(super) async fn tell(mut self) -> anyhow::Result<()> {
        for (minute, words, deed) in SCENES {
            let at = self.start + Duration::from_millis((minute * 60_000.0) as i64);
            if let Some(wait) = self.time.until(at) {
                tokio::time::sleep(wait).await;
            }
            println!("{:>5.1} min  {words}", minute);
            self.play(*deed).await.with_context(|| format!("the scene at minute {minute} failed"))?;
        }
        Ok(())
    }

    async fn play(&mut self, deed: Deed) -> anyhow::Result<()> {
        match deed {
            Deed::Traffic => {
                let signals: Vec<Value> = (0..20).map(|i| self.groundedness(i)).collect();
                self.signals(json!(signals)).await
            }
            Deed::Change => {
                let change = json!({
                    "source": "deploys", "metric": "change.prompt", "service": "support-assistant", "label": "live",
                    "summary": "Prompt 42: friendlier tone", "labels": {"prompt": "42"},
                });
                self.signals(change).await
            }
            Deed::Commitment(customer) => self.signals(self.commitment(customer)).await,
            Deed::Slow => {
                let slow = |i: u32| {
                    json!({
                        "id": format!("latency-{i}"), "source": "traces", "metric": "latency_p95_seconds",
                        "service": "support-assistant", "value": 9.5 + f64::from(i),
                    })
                };
                self.signals(json!([slow(1), slow(2), slow(3)])).await
            }
            Deed::Act(who, action, body) => self.act(who, action, body).await,
        }
    }

    fn groundedness(&mut self, i: u32) -> Value {
        self.sent += 1;
        let spread = (u64::from(self.sent) * 7_919 + self.seed * 104_729) % 30;
        json!({
            "id": format!("g-{}", self.sent), "source": "evals", "metric": "groundedness",
            "service": "support-assistant", "value": 0.70 + (spread as f64) / 100.0,
            "unit": {"kind": "conversation", "id": format!("c-{}-{}", self.seed, 1_000 + self.sent + i)},
            "evaluator": {"kind": "llm", "name": "judge", "version": "3"}, "labels": {"channel": "chat"},
        })
    }

    fn commitment(&self, customer: u32) -> Value {
        let conversation = format!("c-{}-{customer}", self.seed);
        json!({
            "id": format!("commitment-{conversation}"), "source": "evals", "metric": "hallucinated_commitment",
            "service": "support-assistant", "label": "suspected",
            "summary": "The assistant promised a refund outside the policy",
            "unit": {"kind": "conversation", "id": conversation},
            "evaluator": {"kind": "llm", "name": "policy-judge", "version": "2"}, "labels": {"channel": "chat"},
        })
    }

    async fn signals(&self, signals: Value) -> anyhow::Result<()> {
        let answer = self.client.post("/v1/signals", &signals).await?;
        for id in answer["incidents"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            println!("           → {id}");
        }
        Ok(())
    }

    /// Someone acts on the first incident. A refusal is part of the story; so is coming too late.
    async fn act(&mut self, who: Who, action: &str, body: Body) -> anyhow::Result<()> {
        let incident = self.client.get("/api/v1/incidents/INC-1").await?;
        let person = holder(&incident, who);
        let body = self.body(body);
        let bytes = serde_json::to_vec(&body).context("failed to encode the request")?;
        let client = self.person(&person).await?;
        let path = format!("/api/v1/incidents/INC-1/{action}");
        let (status, answer) = client.exchange(Method::POST, &path, Some(bytes)).await?;
        if status.is_success() {
            println!("           {person}: done, INC-1 is {}", answer["status"].as_str().unwrap_or("unchanged"));
            return Ok(());
        }
        let text = |field: &str| answer[field].as_str().unwrap_or_default();
        println!("           {person}: refused, {}: {} [{}]", text("title"), text("detail"), text("code"));
        anyhow::ensure!(status.is_client_error(), "the server answered {status}");
        Ok(())
    }

    fn body(&self, body: Body) -> Value {
        let now = self.time.now();
        match body {
            Body::Empty => json!({}),
            Body::Playbook => json!({"playbook": PLAYBOOK}),
            Body::Step(step, note) => json!({"checklist": PLAYBOOK, "step": step, "note": note}),
            Body::Assign(person) => json!({"role": "commander", "person": person}),
            Body::Accept(role) => json!({"role": role}),
            Body::Contain => json!({"customers_see": "Questions about refunds go straight to a person."}),
            Body::Mitigate => json!({"note": "Prompt 42 rolled back to 41."}),
            Body::Update { audience, text, next_minutes } => {
                let next = next_minutes.map(|minutes| now + Duration::from_mins(minutes));
                json!({"audience": audience, "text": text, "next_update_at": next})
            }
            Body::Validate { passed, minutes_ago, text } => {
                let observed_at = now - Duration::from_mins(minutes_ago);
                json!({"passed": passed, "evidence": {"kind": "evaluation", "text": text, "observed_at": observed_at}})
            }
            Body::Review => json!({
                "cause": "Prompt 42 went live without the refund cases in its evaluation set.",
                "action": "Release gate: refunds-v4 must pass before a prompt goes live. Owner mara, by Friday.",
            }),
        }
    }

    /// A client that acts for a person.
    async fn person(&mut self, person: &str) -> anyhow::Result<&Client> {
        if !self.people.contains_key(person) {
            let wish = json!({
                "name": format!("demo {person}"), "person": person, "scopes": ["incidents:read", "incidents:write"],
            });
            let created = self.client.post("/api/v1/tokens", &wish).await?;
            let token = created["token"].as_str().context("the server gave no token")?.to_owned();
            let client = self.client.with_token(token);
            self.people.insert(person.to_owned(), client);
        }
        self.people.get(person).context("the client was inserted above")
    }
}

/// Who holds the role, as the incident says; the starter's people where it is vacant.
fn holder(incident: &Value, who: Who) -> String {
    let (role, otherwise) = match who {
        Who::Commander => ("commander", "ben"),
        Who::Publisher => ("publishing", "tom"),
        Who::Validator => ("validation", "mara"),
        Who::Fixer => ("remediation", "ben"),
    };
    incident["roles"][role]["person"].as_str().unwrap_or(otherwise).to_owned()
}
