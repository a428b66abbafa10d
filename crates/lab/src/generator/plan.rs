//! The rows: which kinds of incident, how severe, who answers by when, and why.
//!
//! Minutes of the most demanding profile are those of the matrix that teams know: 10, 20 and 60 min until the
//! first response, and 20, 25, 45, 60 min, 1 business day and 15 min until others are paged.

use super::Reasons;
use super::answers::{Answers, Changes, Executives, Fallback, Impact, Interactions, OnCall, Regulated, Rights};

/// One row before it is written.
pub(super) struct Row {
    pub(super) class: &'static str,
    pub(super) name: &'static str,
    pub(super) playbook: &'static str,
    /// 1 is the most severe.
    pub(super) rank: u8,
    /// Until others are paged, as a policy writes it; `None`: as its severity says.
    pub(super) escalate: Option<&'static str>,
    /// Who leads, as a policy writes it.
    pub(super) owner: &'static str,
    /// When customers hear, as a policy writes it; `None`: as its severity says.
    pub(super) customers: Option<&'static str>,
    pub(super) restricted: bool,
    /// The sender's all-clear is proof enough.
    pub(super) clears: bool,
    /// Condition of its trigger.
    pub(super) trigger: String,
    pub(super) reasons: Reasons,
}

/// Until the first response, by rank.
pub(super) const FIRST_RESPONSE: [&str; 3] = ["10m", "20m", "60m"];
/// Until others are paged, by rank; the last counts working hours.
pub(super) const ESCALATE: [&str; 3] = ["20m", "45m", "{within: 1 business day, calendar: support-hours}"];

/// What a row begins with.
struct Seed {
    class: &'static str,
    name: &'static str,
    playbook: &'static str,
    owner: &'static str,
    leads: &'static str,
    why: String,
    rank: u8,
    severity: String,
    escalate: Option<&'static str>,
}

/// The base rows, then those that answers add; the most severe first.
pub(super) fn rows(answers: &Answers) -> Vec<Row> {
    let mut rows = vec![outage(answers, false), quality(answers), latency(answers), cost(answers), drift(answers)];
    if answers.regulated != Regulated::None {
        rows.push(leak(answers));
    }
    if answers.rights >= Rights::Commits {
        rows.push(commitment(answers));
    }
    if answers.rights == Rights::Acts {
        rows.extend([tool_misuse(answers), injection(answers)]);
    }
    if answers.changes == Changes::Daily {
        rows.push(change(answers));
    }
    if answers.fallback == Fallback::Full && answers.impact >= Impact::CustomerFacing {
        rows.push(handoff(answers));
    }
    // Severities compare what can happen to one team: something is the worst of it.
    if rows.iter().all(|row| row.rank > 1) {
        rows[0] = outage(answers, true);
    }
    rows
}

fn outage(answers: &Answers, is_worst: bool) -> Row {
    let (rank, severity) = match (answers.impact, answers.fallback) {
        _ if is_worst => (1, "nothing worse can happen to this assistant".to_owned()),
        (Impact::MissionCritical, _) => (1, "the business stands still without it".to_owned()),
        (Impact::CustomerFacing, Fallback::None) => (1, "customers get nothing while it is off".to_owned()),
        (Impact::CustomerFacing, _) => (2, "customers have another way while it is off".to_owned()),
        (Impact::AssistedAgents, _) => (2, "agents work on without it, more slowly".to_owned()),
        (Impact::Internal, _) => (2, "colleagues wait".to_owned()),
    };
    let seed = Seed {
        class: "provider_outage",
        name: "Model outage or provider API unavailability",
        playbook: "provider-failover",
        owner: "schedule/ai-platform",
        leads: "the engineers of the AI platform switch providers",
        why: base(),
        rank,
        severity,
        escalate: (rank == 1).then_some("20m"),
    };
    let every = (rank == 1).then_some("{first: 30m, every: 30m, until: mitigated}");
    let row = row(answers, seed, every, "they see that it is down, and ask again until they are told");
    Row {
        clears: true,
        trigger: "when: signal.metric == \"provider_error_share\" && signal.value >= 0.25".to_owned(),
        ..row
    }
}

fn quality(answers: &Answers) -> Row {
    let seed = Seed {
        class: "quality_regression",
        name: "Critical quality regression on core user flows",
        playbook: "ai-change-rollback",
        owner: "quality-lead",
        leads: "who proves quality sees first whether a change caused it",
        why: base(),
        rank: by_impact(answers),
        severity: wrong_answers(answers),
        escalate: (by_impact(answers) == 1).then_some("25m"),
    };
    let (count, within, share) = failures(answers.interactions);
    let mut row = row(
        answers,
        seed,
        Some("{first: 60m}"),
        "they may act on a wrong answer; what is wrong is known within the hour",
    );
    row.trigger = format!(
        "count: {{when: 'signal.metric == \"answer_quality\" && signal.value < 0.6', distinct: unit, at_least: {count}, within: {within}}}"
    );
    row.reasons.row = format!("{}; {count} bad conversations within {within} raise it, since {share}", base());
    row
}

fn latency(answers: &Answers) -> Row {
    let rank = if answers.impact >= Impact::MissionCritical { 2 } else { 3 };
    let severity = if rank == 2 {
        "slow answers cost a mission-critical service customers"
    } else {
        "slow answers are still answers"
    };
    let seed = Seed {
        class: "latency_degradation",
        name: "Latency spike above service SLO",
        playbook: "provider-failover",
        owner: "inference-operations",
        leads: "they own capacity and routing",
        why: base(),
        rank,
        severity: severity.to_owned(),
        escalate: (rank == 2 && !waits(answers)).then_some("45m"),
    };
    let row = row(
        answers,
        seed,
        Some("{first: 90m, if: impact sustained}"),
        "a short spike needs no message; a lasting one does",
    );
    let trigger =
        "count: {when: 'signal.metric == \"latency_p95_seconds\" && signal.value > 8', at_least: 3, within: 30m}";
    Row { clears: true, trigger: trigger.to_owned(), ..row }
}

fn cost(answers: &Answers) -> Row {
    let rank = if answers.impact >= Impact::MissionCritical { 2 } else { 3 };
    let severity = match rank {
        2 => "at this scale a day of it is felt, and the switch that stops it stops a critical service",
        _ => "money is lost, and nobody is harmed",
    };
    let seed = Seed {
        class: "cost_anomaly",
        name: "Cost anomaly beyond weekly guardrail",
        playbook: "cost-containment",
        owner: "[finops, ai-operations]",
        leads: "who pays and who can throttle decide together; the first is accountable",
        why: base(),
        rank,
        severity: severity.to_owned(),
        escalate: (rank == 2 && !waits(answers)).then_some("60m"),
    };
    let row = row(answers, seed, Some("none"), "customers notice nothing");
    Row { trigger: "when: signal.metric == \"spend_of_weekly_guardrail\" && signal.value > 1".to_owned(), ..row }
}

fn drift(answers: &Answers) -> Row {
    let seed = Seed {
        class: "control_drift",
        name: "Prompt logging, retention, or policy-control drift",
        playbook: "ai-security-controls-review",
        owner: "governance-owner",
        leads: "they answer for the controls",
        why: base(),
        rank: 3,
        severity: "a control that drifted is repaired in working hours, before it is needed".to_owned(),
        escalate: None,
    };
    let row = row(answers, seed, Some("none"), "nothing reached customers");
    Row { trigger: "when: signal.metric == \"control_drift\"".to_owned(), ..row }
}

fn leak(answers: &Answers) -> Row {
    let why = match answers.regulated {
        Regulated::Yes => "added because it sees regulated data by design",
        _ => "added because customers may type personal data in",
    };
    let seed = Seed {
        class: "pii_leak",
        name: "PII leakage or policy-violating output escalation",
        playbook: "data-leak",
        owner: "[security, trust-and-safety]",
        leads: "security stops it, trust and safety judges the output; the first is accountable",
        why: why.to_owned(),
        rank: 1,
        severity: "every further answer may disclose more, whoever reads it".to_owned(),
        escalate: Some("15m"),
    };
    let row = row(
        answers,
        seed,
        Some("{decide: 4h, by: privacy}"),
        "the privacy owner decides whom to tell; a clock never does",
    );
    Row {
        restricted: true,
        trigger: "when: signal.metric == \"pii_leak\" && signal.label == \"confirmed\"".to_owned(),
        ..row
    }
}

fn commitment(answers: &Answers) -> Row {
    let seed = Seed {
        class: "hallucinated_commitment",
        name: "Invented policy, price or refund",
        playbook: "hallucinated-policy",
        owner: "support-lead",
        leads: "support knows what may be promised, and talks to those who relied on it",
        why: "added because it quotes prices, policies or refunds".to_owned(),
        rank: by_impact(answers),
        severity: wrong_answers(answers),
        escalate: None,
    };
    let row = row(answers, seed, None, "");
    let trigger =
        "count: {when: 'signal.metric == \"hallucinated_commitment\"', distinct: unit, at_least: 5, within: 24h}";
    Row { trigger: trigger.to_owned(), ..row }
}

fn tool_misuse(answers: &Answers) -> Row {
    let seed = Seed {
        class: "tool_misuse",
        name: "Tool misuse, such as a wrong refund or account change",
        playbook: "tool-kill-switch",
        owner: "schedule/ai-platform",
        leads: "the engineers of the AI platform take its rights away",
        why: acts(),
        rank: 1,
        severity: "what it does cannot be unsaid".to_owned(),
        escalate: Some("15m"),
    };
    let row = row(answers, seed, None, "");
    let trigger = "when: signal.metric == \"tool_misuse\" && signal.label in [\"confirmed\", \"unauthorised\"]";
    Row { trigger: trigger.to_owned(), ..row }
}

fn injection(answers: &Answers) -> Row {
    let seed = Seed {
        class: "prompt_injection",
        name: "Prompt injection that reached a tool",
        playbook: "prompt-injection-response",
        owner: "[security, ai-operations]",
        leads: "security stops it, operations close the way in; the first is accountable",
        why: acts(),
        rank: 1,
        severity: "somebody else gives it orders".to_owned(),
        escalate: Some("15m"),
    };
    let row = row(answers, seed, None, "");
    Row {
        trigger: "when: signal.metric == \"prompt_injection\" && signal.label == \"tool_executed\"".to_owned(),
        ..row
    }
}

fn change(answers: &Answers) -> Row {
    let seed = Seed {
        class: "unapproved_change",
        name: "Model, prompt or knowledge changed without approval",
        playbook: "ai-change-management",
        owner: "governance-owner",
        leads: "they answer for the record of changes",
        why: "added because something changes every day".to_owned(),
        rank: 3,
        severity: "it is looked at in working hours; what it breaks is an incident of its own".to_owned(),
        escalate: None,
    };
    let row = row(answers, seed, Some("none"), "a change alone concerns nobody outside");
    Row { trigger: "when: signal.metric == \"unapproved_change\"".to_owned(), ..row }
}

fn handoff(answers: &Answers) -> Row {
    let seed = Seed {
        class: "handoff_failure",
        name: "Customers do not reach a human",
        playbook: "handoff-recovery",
        owner: "support-lead",
        leads: "support runs the queue that customers do not reach",
        why: "added because people take over while it is off: that way must hold".to_owned(),
        rank: 2,
        severity: "customers wait for a person who does not come".to_owned(),
        escalate: None,
    };
    let row = row(answers, seed, None, "");
    let trigger = "count: {when: 'signal.metric == \"handoff_failure\"', distinct: unit, at_least: 5, within: 30m}";
    Row { trigger: trigger.to_owned(), ..row }
}

/// The row of a seed. What it says of customers counts only where customers meet the assistant.
fn row(answers: &Answers, seed: Seed, customers: Option<&'static str>, why_then: &str) -> Row {
    let outside = answers.impact >= Impact::CustomerFacing;
    let decides = customers.is_some_and(|window| window.contains("decide"));
    let (customers, told) = match customers {
        _ if !outside && !decides => (Some("none"), "customers do not meet it".to_owned()),
        Some(window) => (Some(window), why_then.to_owned()),
        None if seed.rank == 3 => (None, "what is repaired in working hours needs no message".to_owned()),
        None => (None, format!("as everything of severity {}, because customers meet its answers", seed.rank)),
    };
    let place = usize::from(seed.rank - 1);
    let reasons = Reasons {
        row: seed.why,
        severity: seed.severity,
        first_response: first_response(answers, seed.rank),
        escalation: match seed.escalate {
            Some(_) => format!("this kind has its own time, beside the {} of its severity", spoken(ESCALATE[place])),
            None => "as everything of its severity".to_owned(),
        },
        owner: seed.leads.to_owned(),
        executives: match (told_executives(answers, seed.rank), answers.executives) {
            (true, _) => "executives are told of what is so severe".to_owned(),
            (false, Executives::Never) => "you said that no clock tells them".to_owned(),
            (false, _) => "they are told of more severe kinds only".to_owned(),
        },
        customers: told,
    };
    Row {
        class: seed.class,
        name: seed.name,
        playbook: seed.playbook,
        rank: seed.rank,
        escalate: seed.escalate,
        owner: seed.owner,
        customers,
        restricted: false,
        clears: false,
        trigger: String::new(),
        reasons,
    }
}

/// Whether a clock tells executives.
pub(super) fn told_executives(answers: &Answers, rank: u8) -> bool {
    match answers.executives {
        Executives::Severest => rank == 1,
        Executives::Two => rank <= 2,
        Executives::Never => false,
    }
}

fn first_response(answers: &Answers, rank: u8) -> String {
    let minutes = spoken(FIRST_RESPONSE[usize::from(rank - 1)]);
    match (waits(answers), rank) {
        (true, 2..) => {
            format!("{minutes} of working hours, since nobody is on call outside them for what is not the worst")
        }
        (true, _) => format!("{minutes} at any hour: the worst wakes whoever is on call"),
        (false, _) => format!("{minutes} at any hour, since somebody is always on call"),
    }
}

/// Whether what is not the worst waits for working hours.
pub(super) fn waits(answers: &Answers) -> bool {
    matches!(answers.on_call, OnCall::BusinessHours | OnCall::Extended)
}

fn by_impact(answers: &Answers) -> u8 {
    match answers.impact {
        Impact::MissionCritical => 1,
        Impact::CustomerFacing | Impact::AssistedAgents | Impact::Internal => 2,
    }
}

fn wrong_answers(answers: &Answers) -> String {
    let why = match answers.impact {
        Impact::MissionCritical => "customers act on wrong answers of a mission-critical service",
        Impact::CustomerFacing => "customers act on wrong answers",
        Impact::AssistedAgents => "agents may pass wrong answers on",
        Impact::Internal => "colleagues act on wrong answers",
    };
    why.to_owned()
}

/// How many bad conversations within how long raise an incident, and why so many: one to five in a
/// hundred of what passes in that time at the middle of each band, and never fewer than three.
fn failures(interactions: Interactions) -> (u32, &'static str, &'static str) {
    match interactions {
        Interactions::Under10k => (3, "24h", "few conversations a day give no faster evidence"),
        Interactions::From10k => (5, "6h", "some two hundred conversations pass in that time"),
        Interactions::From50k => (10, "1h", "some two hundred conversations pass in that time"),
        Interactions::From250k => (20, "1h", "some eight hundred conversations pass in that time"),
        Interactions::Over1m => (40, "1h", "more than a thousand conversations pass in that time"),
    }
}

fn base() -> String {
    "every team that answers with AI needs it".to_owned()
}

fn acts() -> String {
    "added because it can act".to_owned()
}

fn spoken(length: &str) -> &str {
    match length {
        "10m" => "10 min",
        "20m" => "20 min",
        "45m" => "45 min",
        "60m" => "60 min",
        _ => "1 business day",
    }
}
