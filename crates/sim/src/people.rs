//! What people and programs say, in the engine's words.

use calendar::{Duration, Instant};
use serde_json::{Value, json};
use wcore::Signal;
use wcore::event::Actor;
use wcore::signal::{Alert, AlertState, Unit};

use crate::clients::{MARK, Wish};
use crate::model::Incident;
use crate::plan::{Act, Fault, METRICS, PEOPLE, Plan, SECOND, Says, Verb};
use crate::random::Random;

/// A request with signals.
pub(crate) fn signals(act: &Act, now: Instant) -> Wish {
    let Act::Signals { what, ids, clears, age_us } = act else { return Wish::Signals(Vec::new()) };
    let (metric, says, alerts) = METRICS[*what];
    let (label, value) = match says {
        Says::Label(label) => (Some(label.to_owned()), None),
        Says::Value(value) => (None, Some(value)),
    };
    let signal = |id: u32| Signal {
        id: Some(format!("s-{id}")),
        source: "evals".to_owned(),
        metric: metric.to_owned(),
        service: if id.is_multiple_of(3) { "agent-copilot" } else { "support-assistant" }.to_owned(),
        at: Some(now - Duration::from_micros(*age_us)),
        label: label.clone(),
        value,
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

/// Whom and what a command is about.
pub(crate) struct Aim<'a> {
    /// Number of the command's client: it makes what is drawn and said unique.
    pub(crate) id: u64,
    /// Number of the incident.
    pub(crate) no: u64,
    /// Who acts, unless the command is mostly up to somebody else.
    pub(crate) by: &'a str,
    /// The incident as the model knows it.
    pub(crate) known: Option<&'a Incident>,
    pub(crate) now: Instant,
}

/// Roles, in the words of the journal.
const ROLES: [&str; 5] = ["commander", "remediation", "validation", "publishing", "privacy"];

impl Aim<'_> {
    fn role(&self) -> &'static str {
        ROLES[pick(self.id / 3, ROLES.len())]
    }

    /// Mostly the one whose it is to act, else whoever the plan names.
    fn mostly(&self, whose: Option<&String>) -> String {
        whose.filter(|_| !self.id.is_multiple_of(4)).map_or(self.by, |person| person.as_str()).to_owned()
    }

    fn holder(&self, role: &str) -> Option<&String> {
        self.known?.duties.holders.get(role)
    }

    /// What waits to be approved or published.
    fn waiting(&self) -> u64 {
        self.known.and_then(|known| known.words.drafts.values().next()).map_or(1, |draft| draft.no)
    }

    fn audience(&self) -> &'static str {
        if self.id.is_multiple_of(2) { "support" } else { "customers" }
    }
}

/// A command on an incident, and whether its mark must be recorded where it is done.
pub(crate) fn command(verb: Verb, aim: &Aim<'_>) -> (Wish, bool) {
    let others = || following(verb, aim).unwrap_or_else(|| stating(verb, aim));
    let (by, command) = deed(verb, aim).or_else(|| saying(verb, aim)).unwrap_or_else(others);
    let marks = matches!(
        verb,
        Verb::Update | Verb::Note | Verb::Pause | Verb::Reopen | Verb::Decline | Verb::HandOver | Verb::Correct
    ) || matches!(verb, Verb::Decide | Verb::Aware | Verb::Confirmed | Verb::Submitted | Verb::Review);
    let by = if verb == Verb::AcknowledgeByMachine { Actor::Machine("bot".to_owned()) } else { Actor::Person(by) };
    (wish(aim.no, command, by), marks)
}

/// What is done about it, and who holds it.
fn deed(verb: Verb, aim: &Aim<'_>) -> Option<(String, Value)> {
    let (words, role) = (mark(aim.id), aim.role());
    let person = PEOPLE[pick(aim.id / 7, PEOPLE.len())];
    let evidence = json!({"kind": "sample", "text": words, "link": null, "observed_at": aim.now.to_string()});
    let by = aim.by.to_owned();
    let asked = aim.known.and_then(|known| known.duties.asked.get(role));
    Some(match verb {
        Verb::Acknowledge | Verb::AcknowledgeByMachine => (by, json!({"acknowledge": {}})),
        Verb::Assign => (by, json!({"assign": {"role": role, "person": person}})),
        Verb::Accept => (aim.mostly(asked.or(aim.holder(role))), json!({"accept": {"role": role}})),
        Verb::Decline => (aim.mostly(asked.or(aim.holder(role))), json!({"decline": {"role": role, "reason": words}})),
        Verb::HandOver => {
            let command = json!({"hand_over": {"role": role, "person": person, "note": words}});
            (aim.mostly(aim.holder(role)), command)
        }
        Verb::Contain => (by, json!({"contain": {"customers_see": words}})),
        Verb::Mitigate => (by, json!({"mitigate": {"note": words}})),
        Verb::Validate => {
            let command = json!({"validate": {"passed": !aim.id.is_multiple_of(4), "evidence": evidence}});
            (aim.mostly(aim.holder("validation")), command)
        }
        Verb::Resolve => (by, json!({"resolve": {}})),
        Verb::BreakGlass => (by, json!({"break_glass": {"reason": words}})),
        Verb::Confirm => (by, json!({"confirm": {}})),
        Verb::Reopen => (by, json!({"reopen": {"reason": words}})),
        Verb::Pause => (by, json!({"pause": {"reason": words}})),
        Verb::Unpause => (by, json!({"unpause": {}})),
        _ => return None,
    })
}

/// What is said to an audience.
fn saying(verb: Verb, aim: &Aim<'_>) -> Option<(String, Value)> {
    let (words, audience) = (mark(aim.id), aim.audience());
    let publisher = aim.mostly(aim.holder("publishing"));
    let soon = (aim.now + Duration::from_hours(1)).to_string();
    let last = aim.known.and_then(|known| known.words.last()).unwrap_or(1);
    Some(match verb {
        Verb::Update => (publisher, json!({"update": {"audience": audience, "text": words, "next_update_at": null}})),
        Verb::Statement => {
            let statement = json!({"impact": words, "next_update_at": soon});
            (publisher, json!({"update": {"audience": "customers", "statement": statement}}))
        }
        Verb::Draft => (aim.by.to_owned(), json!({"draft": {"audience": "customers", "text": words}})),
        Verb::Approve => (publisher, json!({"approve": {"update": aim.waiting()}})),
        Verb::Publish => (aim.by.to_owned(), json!({"publish": {"update": aim.waiting()}})),
        Verb::Correct => (publisher, json!({"correct": {"update": last, "text": words}})),
        Verb::Decide => {
            let inform = !aim.id.is_multiple_of(3);
            let command = json!({"decide": {"audience": "customers", "inform": inform, "reason": words}});
            (aim.mostly(aim.holder("privacy")), command)
        }
        _ => return None,
    })
}

/// Playbooks that are started, and how many steps of them are acted on: beyond the end now and then.
const PLAYBOOKS: [&str; 2] = ["first-look", "data-leak"];
const STEPS: u64 = 8;

/// What is done of a playbook. Notes repeat, so that much is said twice.
fn following(verb: Verb, aim: &Aim<'_>) -> Option<(String, Value)> {
    let checklist = PLAYBOOKS[pick(aim.id / 5, PLAYBOOKS.len())];
    let step = aim.id % STEPS + 1;
    let note = if aim.id.is_multiple_of(3) { "kept" } else { "" };
    let person = PEOPLE[pick(aim.id / 7, PEOPLE.len())];
    let command = match verb {
        Verb::StartChecklist => json!({"start_checklist": {"playbook": checklist}}),
        Verb::TickStep => json!({"tick_step": {"checklist": checklist, "step": step, "note": note}}),
        Verb::UntickStep => json!({"untick_step": {"checklist": checklist, "step": step, "reason": "it is not"}}),
        Verb::GiveStep => json!({"assign_step": {"checklist": checklist, "step": step, "person": person}}),
        _ => return None,
    };
    Some((aim.by.to_owned(), command))
}

/// What is stated or changed about it.
fn stating(verb: Verb, aim: &Aim<'_>) -> (String, Value) {
    let words = mark(aim.id);
    let severity = |name: &str| json!({"severity": {"severity": name, "reason": words}});
    let ago = aim.now - Duration::from_micros(i64::try_from(aim.id % 80).unwrap_or(0) * 3_600 * SECOND);
    let command = match verb {
        Verb::Raise => severity("SEV-1"),
        Verb::Lower => severity("SEV-3"),
        Verb::ConfirmLower => json!({"confirm_severity": {"severity": "SEV-3"}}),
        Verb::DeclineLower => json!({"decline_severity": {"reason": words}}),
        Verb::Aware => json!({"fact": {"fact": "aware_at", "at": ago.to_string(), "note": words}}),
        Verb::Confirmed => json!({"fact": {"fact": "confirmed_at", "note": words}}),
        Verb::Submitted => json!({"fact": {"fact": "submitted_at", "note": words, "notice": "gdpr-33-1"}}),
        Verb::Waive => {
            let clock = ["resolve", "contain", "mitigate"][pick(aim.id, 3)];
            json!({"waive": {"clock": clock, "reason": words}})
        }
        Verb::Review => json!({"review": {"cause": words, "action": "a tighter trigger"}}),
        _ => json!({"note": {"text": words}}),
    };
    (aim.by.to_owned(), command)
}

fn pick(id: u64, of: usize) -> usize {
    usize::try_from(id).unwrap_or(0) % of
}

/// An acknowledgement.
pub(crate) fn acknowledge(no: u64, by: &str) -> Wish {
    wish(no, json!({"acknowledge": {}}), Actor::Person(by.to_owned()))
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

fn wish(no: u64, command: Value, by: Actor) -> Wish {
    match serde_json::from_value(command) {
        Ok(command) => Wish::Command { no, command: Box::new(command), by },
        // A command of another shape is none; the tests would see that nothing is answered.
        Err(_) => Wish::Signals(Vec::new()),
    }
}

fn mark(id: u64) -> String {
    format!("{MARK}{id}~")
}
