//! What people and programs say, in the engine's words.

use calendar::{Duration, Instant};
use serde_json::{Value, json};
use wcore::Signal;
use wcore::signal::{Alert, AlertState, Unit};

use crate::clients::{MARK, Wish};
use crate::plan::{Act, Fault, METRICS, PEOPLE, Plan, SECOND, Verb};
use crate::random::Random;

/// A request with signals.
pub(crate) fn signals(act: &Act, now: Instant) -> Wish {
    let Act::Signals { what, ids, clears, age_us } = act else { return Wish::Signals(Vec::new()) };
    let (metric, label, alerts) = METRICS[*what];
    let signal = |id: u32| Signal {
        id: Some(format!("s-{id}")),
        source: "evals".to_owned(),
        metric: metric.to_owned(),
        service: if id.is_multiple_of(3) { "agent-copilot" } else { "support-assistant" }.to_owned(),
        at: Some(now - Duration::from_micros(*age_us)),
        label: Some(label.to_owned()),
        unit: Some(Unit { kind: "conversation".to_owned(), id: format!("c-{}", id / 2) }),
        alert: alerts.then(|| Alert {
            key: format!("alert-{}", id % 3),
            state: if *clears { AlertState::Resolved } else { AlertState::Firing },
        }),
        late: *age_us > 72 * 3_600 * SECOND,
        ..Signal::default()
    };
    Wish::Signals((ids.0..ids.0 + ids.1).map(signal).collect())
}

/// A declaration that carries a mark.
pub(crate) fn declaration(id: u64, by: &str) -> Wish {
    let class = ["unsure", "pii_leak", "degraded"][usize::try_from(id % 3).unwrap_or(0)];
    let declaration = json!({"title": mark(id), "class": class, "service": "agent-copilot"});
    match serde_json::from_value(declaration) {
        Ok(declaration) => Wish::Declare { declaration: Box::new(declaration), by: by.to_owned() },
        Err(_) => Wish::Signals(Vec::new()),
    }
}

/// A command on an incident by a person, and whether its mark must be recorded where it is done.
pub(crate) fn command(id: u64, (no, by): (u64, &str), verb: Verb, now: Instant) -> (Wish, bool) {
    let words = mark(id);
    let severity =
        |name: &str, approver: Value| json!({"severity": {"severity": name, "reason": words, "approver": approver}});
    let evidence = json!({"kind": "sample", "text": words, "link": null, "observed_at": now.to_string()});
    let command = match verb {
        Verb::Acknowledge => json!({"acknowledge": {}}),
        Verb::Contain => json!({"contain": {"customers_see": words}}),
        Verb::Mitigate => json!({"mitigate": {"note": words}}),
        Verb::Validate => json!({"validate": {"passed": !id.is_multiple_of(4), "evidence": evidence}}),
        Verb::Resolve => json!({"resolve": {}}),
        Verb::Reopen => json!({"reopen": {"reason": words}}),
        Verb::Pause => json!({"pause": {"reason": words}}),
        Verb::Unpause => json!({"unpause": {}}),
        Verb::Raise => severity("SEV-1", Value::Null),
        Verb::Lower => severity("SEV-3", Value::from(PEOPLE[usize::try_from(id % 5).unwrap_or(0)])),
        Verb::Update => {
            let audience = if id.is_multiple_of(2) { "support" } else { "customers" };
            json!({"update": {"audience": audience, "text": words, "next_update_at": null}})
        }
        Verb::Note => json!({"note": {"text": words}}),
    };
    let marks = matches!(verb, Verb::Update | Verb::Note | Verb::Pause | Verb::Reopen);
    (wish(no, command, by), marks)
}

/// An acknowledgement.
pub(crate) fn acknowledge(no: u64, by: &str) -> Wish {
    wish(no, json!({"acknowledge": {}}), by)
}

/// How a person who is paged reacts: after how long, who acknowledges, and which fault that is.
/// `None`: nobody does.
pub(crate) fn reaction(plan: &Plan, no: u64, person: &str) -> Option<(i64, &'static str, Option<Fault>)> {
    let mut random = Random::about(plan.seed, &format!("{person} and INC-{no}"));
    if plan.faults.contains(&Fault::NobodyAnswers) && random.percent(60) {
        return None;
    }
    let after = random.range(5, 1_800) * SECOND;
    let other = plan.faults.contains(&Fault::OthersAnswer) && random.percent(40);
    let by = PEOPLE.iter().find(|known| (**known == person) != other)?;
    Some((after, by, other.then_some(Fault::OthersAnswer)))
}

fn wish(no: u64, command: Value, by: &str) -> Wish {
    match serde_json::from_value(command) {
        Ok(command) => Wish::Command { no, command: Box::new(command), by: by.to_owned() },
        // A command of another shape is none; the tests would see that nothing is answered.
        Err(_) => Wish::Signals(Vec::new()),
    }
}

fn mark(id: u64) -> String {
    format!("{MARK}{id}~")
}
