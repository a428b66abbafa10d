//! `test-page`, and test pages on a schedule: whether a page would arrive, shown by one that does.

use std::time::Duration as StdDuration;

use calendar::{Duration, Instant};
use engine::Engine;
use engine::audit::{Act, StoredAct};
use journal::DeliveryState;
use problem::Problem;
use serde::Deserialize;
use serde_json::{Value, json};
use wcore::event::Actor;

use crate::cli::TestPageArgs;
use crate::client::Client;
use crate::exit::Exit;

/// How long a scheduled test page may take where nothing else is said: a second contact is tried after that.
const WITHIN: Duration = Duration::from_mins(1);
/// More often would hide pages among tests.
const EVERY_MIN: Duration = Duration::from_mins(1);
/// Acts looked through for a test page of another node.
const ACTS: u32 = 200;
/// How often its outcome is looked at.
const LOOK_EVERY: StdDuration = StdDuration::from_millis(500);

/// Asks a server for one; success means that every contact gave its receipt.
pub(crate) async fn run(args: &TestPageArgs) -> anyhow::Result<Exit> {
    let client = Client::from_env(&args.server.server)?;
    let answer = client.post("/api/v1/test-pages", &json!({ "person": args.person, "wait_s": args.wait })).await?;
    let contacts = answer["contacts"].as_array().cloned().unwrap_or_default();
    if args.json {
        println!("{answer:#}");
    } else {
        contacts.iter().for_each(|contact| println!("{}", line(contact)));
    }
    let arrived = !contacts.is_empty() && contacts.iter().all(|contact| contact["state"] == "delivered");
    Ok(if arrived { Exit::Ok } else { Exit::Failure })
}

fn line(contact: &Value) -> String {
    let field = |name: &str| contact[name].as_str().unwrap_or_default();
    let took = contact["took_ms"].as_u64().map(|ms| format!(" after {ms} ms")).unwrap_or_default();
    format!("{:<10} {} {}{took}: {}", field("state"), field("channel"), field("address"), field("outcome"))
}

/// The table `[test_page]` of the settings file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Schedule {
    person: String,
    every: String,
    within: Option<String>,
}

impl Schedule {
    /// For `config show`.
    pub(crate) fn shown(&self) -> String {
        format!("to {}, every {}", self.person, self.every)
    }

    fn read(&self) -> Result<(StdDuration, StdDuration), Problem> {
        let length = |name: &str, text: &str, least: Duration| -> Result<StdDuration, Problem> {
            let length: Option<Duration> = text.parse().ok().filter(|length| *length >= least);
            let length = length
                .ok_or_else(|| failed(format!("`{name}` is `{text}`, and must be a length of at least {least:#}")))?;
            Ok(StdDuration::from_secs(length.as_secs().unsigned_abs()))
        };
        let within = self.within.clone().unwrap_or_else(|| format!("{WITHIN:#}"));
        let (every, within) =
            (length("every", &self.every, EVERY_MIN)?, length("within", &within, Duration::from_secs(1))?);
        if within > every {
            return Err(failed("`within` is longer than `every`".to_owned()));
        }
        Ok((every, within))
    }

    /// Sends them from now on. One that is set up wrongly stops nothing: people are told, and the server runs.
    pub(crate) fn start(&self, engine: &Engine) {
        match self.read() {
            Ok((every, within)) => {
                tokio::spawn(keep(engine.clone(), self.person.clone(), every, within));
            }
            Err(problem) => engine.complain(problem),
        }
    }
}

async fn keep(engine: Engine, person: String, every: StdDuration, within: StdDuration) {
    loop {
        tokio::time::sleep(every).await;
        let of = person.clone();
        let acts = engine.read(move |view| view.acts(None, ACTS)).await;
        // Where acts cannot be read, the page says so by failing.
        if acts.is_ok_and(|acts| sent_lately(&acts, &of, engine.now(), every)) {
            continue;
        }
        let problem = match engine.test_page(&person, Actor::Watchbell).await {
            Ok(id) => missing(&engine, &person, &id, within).await,
            Err(problem) if problem.code == &problem::STOPPING => return,
            Err(problem) => Some(failed(problem.to_string())),
        };
        if let Some(problem) = problem {
            engine.complain(problem);
        }
    }
}

/// Whether another node on the same journal has just sent it.
fn sent_lately(acts: &[StoredAct], person: &str, now: Instant, every: StdDuration) -> bool {
    let half = Duration::from_secs(i64::try_from(every.as_secs() / 2).unwrap_or(i64::MAX));
    let is_ours = |act: &Act| act.what == "page.tested" && act.by == Actor::Watchbell && act.about == person;
    acts.iter().any(|stored| is_ours(&stored.act) && now.since(stored.at) < half)
}

/// What to complain about, if no contact gave its receipt in time.
async fn missing(engine: &Engine, person: &str, id: &str, within: StdDuration) -> Option<Problem> {
    let end = tokio::time::Instant::now() + within;
    loop {
        let (of, request) = (person.to_owned(), id.to_owned());
        let found = match engine.read(move |view| view.test_page(&of, &request)).await {
            Ok(found) => found,
            Err(problem) => return Some(failed(problem.to_string())),
        };
        if found.iter().any(|delivery| delivery.state == DeliveryState::Delivered) {
            return None;
        }
        if tokio::time::Instant::now() >= end {
            let outcomes: Vec<String> =
                found.iter().map(|delivery| format!("{}: {}", delivery.channel, delivery.outcome)).collect();
            return Some(failed(format!("to `{person}` within {} s ({})", within.as_secs(), outcomes.join("; "))));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn failed(detail: String) -> Problem {
    Problem::new(&problem::TEST_PAGE_FAILED, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_nodes_one_sends_it() {
        let at = |text: &str| Instant::parse(text).unwrap();
        let act = |by: Actor, about: &str| StoredAct {
            position: 1,
            index: 0,
            at: at("2026-11-23T09:00:00Z"),
            act: Act::new(by, "page.tested", about),
        };
        let hour = StdDuration::from_secs(3_600);
        let cases = [
            (vec![act(Actor::Watchbell, "canary")], "2026-11-23T09:00:01Z", true),
            (vec![act(Actor::Watchbell, "canary")], "2026-11-23T09:59:59Z", false),
            (vec![act(Actor::Watchbell, "other")], "2026-11-23T09:00:01Z", false),
            (vec![act(Actor::Person("ana".to_owned()), "canary")], "2026-11-23T09:00:01Z", false),
            (vec![], "2026-11-23T09:00:01Z", false),
        ];
        for (acts, now, sent) in cases {
            assert_eq!(sent_lately(&acts, "canary", at(now), hour), sent, "{acts:?} at {now}");
        }
    }

    #[test]
    fn a_schedule_has_a_length_and_a_limit() {
        let cases = [
            ("person = 'canary'\nevery = '1h'", "3600 s, 60 s"),
            ("person = 'canary'\nevery = '15m'\nwithin = '30s'", "900 s, 30 s"),
            ("person = 'canary'\nevery = '10s'", "test-page-failed"),
            ("person = 'canary'\nevery = '5m'\nwithin = '10m'", "test-page-failed"),
            ("person = 'canary'\nevery = 'often'", "test-page-failed"),
        ];
        for (text, wanted) in cases {
            let schedule: Schedule = toml::from_str(text).unwrap();
            let found = match schedule.read() {
                Ok((every, within)) => format!("{} s, {} s", every.as_secs(), within.as_secs()),
                Err(problem) => problem.code.id.to_owned(),
            };
            assert_eq!(found, wanted, "{text}");
        }
    }
}
