//! The documents, written as a person would write them, with the words that help whoever edits them next.

use std::fmt::Write as _;

use super::answers::{Answers, Impact, OnCall, Regulated};
use super::plan::{ESCALATE, FIRST_RESPONSE, Row, told_executives, waits};

/// Names of severities, the most severe first.
const SEVERITIES: [&str; 3] = ["SEV-1", "SEV-2", "SEV-3"];

/// `policy.yaml`.
pub(super) fn policy(answers: &Answers, rows: &[Row]) -> String {
    let mut text = String::from(
        "# What we promise when our AI fails, and who keeps the promise. Made by the generator of Watchbell from\n\
         # answers.toml; edit it as you like: the generator keeps what you changed. `watchbell check` explains what is wrong.\n\
         #\n\
         # Times are written 90s, 10m, 2h 30m, 1 week, 5 business days. People and schedules live in roster.yaml.\n\
         version: 1\n",
    );
    let _ = writeln!(text, "organization: {}", quoted(&answers.organization));
    text.push_str("\n# The most severe is rank 1. The names are yours: P1 or critical work as well.\nseverities:\n");
    for (rank, name) in (1..).zip(SEVERITIES) {
        let _ = writeln!(text, "  - {{rank: {rank}, name: {name}}}");
    }
    let _ = writeln!(text, "\nservices:\n  support-assistant: {{name: {}}}", quoted(&answers.assistant));
    audiences(&mut text, answers);
    text.push_str("\n# By when, per severity. A class can differ, see below.\ntargets:\n");
    (1..=3).for_each(|rank| targets(&mut text, answers, rank));
    text.push_str(
        "\n# What can happen. A class says only what differs from the targets and roles of its severity.\nclasses:\n",
    );
    rows.iter().for_each(|row| class(&mut text, answers, row));
    text.push_str(ROLES);
    if answers.regulated == Regulated::Yes {
        text.push_str("\n# Whose time zone and holidays count for the latest lawful instant of a statutory notice.\nstatutory: {calendar: support-hours}\n");
    }
    text.push_str(ESCALATION);
    text.push_str("\n# Which signals start an incident. A metric is a name that your senders use.\ntriggers:\n");
    for row in rows {
        let Row { class, rank, trigger, .. } = row;
        let severity = SEVERITIES[usize::from(rank - 1)];
        let _ = writeln!(
            text,
            "  - id: {}\n    {trigger}\n    raise: {{class: {class}, severity: {severity}}}",
            class.replace('_', "-")
        );
    }
    text
}

/// Whoever meets the assistant hears of its failures where they look.
fn audiences(text: &mut String, answers: &Answers) {
    text.push_str("\n# Who hears of an incident. `inbox` works without any set-up.\naudiences:\n  executives: {channels: [inbox]}\n  support: {channels: [inbox]}\n");
    text.push_str(match answers.status_page {
        true => "  customers: {surface: status-page, language: en}\n",
        false => "  customers: {channels: [inbox]}   # by the people who answer them, until you have a status page\n",
    });
}

fn targets(text: &mut String, answers: &Answers, rank: u8) {
    let place = usize::from(rank - 1);
    let outside = answers.impact >= Impact::CustomerFacing;
    let approval = if answers.status_page { ", approval: publishing" } else { "" };
    let hours = |length: &str| match waits(answers) && rank > 1 {
        true => format!("{{within: {length}, calendar: support-hours}}"),
        false => length.to_owned(),
    };
    let escalate = if ESCALATE[place].starts_with('{') { ESCALATE[place].to_owned() } else { hours(ESCALATE[place]) };
    let (contain, mitigate, validate, resolve) = match rank {
        1 => ("30m", "4h".to_owned(), "8h".to_owned(), "24h".to_owned()),
        2 => ("2h", "8h".to_owned(), "24h".to_owned(), "3 days".to_owned()),
        _ => ("8h", days(3), days(5), days(10)),
    };
    let executives = match told_executives(answers, rank) {
        true => "{first: 15m, every: 2h, until: resolved}",
        false => "none",
    };
    let support = match rank {
        1 => "{first: 15m, every: 30m, until: resolved}",
        2 => "{first: 20m, every: 60m, until: resolved}",
        _ => "{first: 60m}",
    };
    let customers = match (outside, rank) {
        (true, 1) => format!("{{first: 30m, every: 30m, until: mitigated{approval}}}"),
        (true, 2) => format!("{{first: 60m, every: 60m, until: mitigated{approval}}}"),
        _ => "none".to_owned(),
    };
    let _ = write!(
        text,
        "  {}:\n    acknowledge: {}\n    escalate_after: {escalate}\n    contain: {}\n    updates:\n      executives: {executives}\n      support: {support}\n      customers: {customers}\n    mitigate: {mitigate}\n    validate: {validate}\n    resolve: {resolve}\n",
        SEVERITIES[place],
        hours(FIRST_RESPONSE[place]),
        hours(contain),
    );
    if rank < 3 {
        text.push_str("    review: {within: 5 business days, calendar: support-hours}\n");
    }
}

fn days(count: u8) -> String {
    format!("{{within: {count} business days, calendar: support-hours}}")
}

fn class(text: &mut String, answers: &Answers, row: &Row) {
    let severity = SEVERITIES[usize::from(row.rank - 1)];
    let _ = writeln!(
        text,
        "  {}:\n    name: {}\n    severity: {severity}\n    playbook: {}",
        row.class,
        quoted(row.name),
        row.playbook
    );
    if row.restricted {
        text.push_str("    restricted: true          # only those involved see its incidents\n");
        if answers.regulated == Regulated::Yes {
            text.push_str("    statutory: [gdpr-33-1, gdpr-34]   # leave those that bind you; not legal advice\n");
        }
    }
    if row.clears {
        text.push_str("    resolve: on_clear         # the sender's all-clear is proof enough\n");
    }
    let privacy = if row.restricted { "\n      privacy: {owner: privacy-owner, backup: security}" } else { "" };
    let _ = writeln!(text, "    roles:\n      commander: {{owner: {}}}{privacy}", row.owner);
    if row.escalate.is_none() && row.customers.is_none() {
        return;
    }
    text.push_str("    targets:\n");
    if let Some(length) = row.escalate {
        let _ = writeln!(text, "      escalate_after: {length}");
    }
    if let Some(window) = row.customers {
        let _ = writeln!(text, "      updates: {{customers: {window}}}");
    }
}

const ROLES: &str = "
# One accountable owner per role; a list means that the first is accountable and the others are
# consulted. Whoever fixes it never signs off that it is fixed.
roles:
  commander: {owner: schedule/ai-platform, backup: support-lead}
  remediation: {owner: schedule/ai-platform, backup: ai-operations}
  validation: {owner: quality-lead, backup: governance-owner, not: remediation}
  publishing: {owner: support-lead, backup: trust-and-safety}
";

const ESCALATION: &str = "
# Whom to wake. The last step repeats until somebody acknowledges.
escalation:
  default:
    - {page: schedule/ai-platform, wait: 10m}
    - {page: [ai-operations, support-lead], wait: 10m}
    - {page: fallback, wait: 10m, repeat: until acknowledged}

# Every miss of a week is looked at, and thresholds are tightened where history allows it.
review: {every: week, on: \"Mon 10:00\", calendar: support-hours}

reopen_within: 24h            # the same again within a day is the same incident
warn_at: [50%, 80%]           # of every promise, to whoever has to keep it
";

/// Who stands in the roster: id, and the name that is replaced by a person's.
const PEOPLE: [(&str, &str); 9] = [
    ("ai-operations", "AI Operations"),
    ("quality-lead", "AI Quality Lead"),
    ("inference-operations", "Inference Operations"),
    ("finops", "FinOps"),
    ("governance-owner", "Governance Owner"),
    ("security", "Security"),
    ("trust-and-safety", "Trust & Safety"),
    ("support-lead", "Support Lead"),
    ("privacy-owner", "Privacy Owner"),
];

/// `roster.yaml`.
pub(super) fn roster(answers: &Answers) -> String {
    let mut text = String::from(
        "# Who can be reached, when, and through what. Replace each name by a person's, and each contact by what\n\
         # wakes them, best two that do not fail together; the server reads it within seconds. `inbox` is the\n\
         # built-in page, `pager` the webhook below; mail is written {email: ana@example.com}.\n\
         people:\n",
    );
    let zone = quoted(&answers.time_zone);
    let engineers: &[(&str, &str)] = match answers.on_call {
        OnCall::FollowTheSun => &[
            ("platform-apac", "AI Platform On-call APAC"),
            ("platform-emea", "AI Platform On-call EMEA"),
            ("platform-americas", "AI Platform On-call Americas"),
        ],
        _ => &[("platform-1", "AI Platform On-call 1"), ("platform-2", "AI Platform On-call 2")],
    };
    for (id, name) in engineers.iter().chain(&PEOPLE) {
        let _ = writeln!(
            text,
            "  {id}: {{name: {}, contacts: [{{webhook: pager, to: {id}}}, {{inbox: {id}}}]}}",
            quoted(name)
        );
    }
    let ids: Vec<&str> = engineers.iter().map(|(id, _)| *id).collect();
    let (zone_of_schedule, every, handoff, why) = match answers.on_call {
        OnCall::FollowTheSun => ("UTC", "8 hours", "00:00", "Each region by its day."),
        _ => (zone.as_str(), "1 week", "Mon 09:00", "The engineers of the AI platform, a week each."),
    };
    let _ = write!(
        text,
        "\nschedules:\n  # {why}\n  ai-platform:\n    time_zone: {zone_of_schedule}\n    layers:\n      - {{rotation: {{every: {every}, handoff: \"{handoff}\"}}, people: [{}]}}\n",
        ids.join(", ")
    );
    let window = if answers.on_call == OnCall::Extended { "07:00-22:00" } else { "08:00-18:00" };
    let _ = write!(
        text,
        "\n# Paged when nobody else answers. Never leave it empty.\nfallback: [support-lead, ai-operations]\n\ncalendars:\n  support-hours:\n    time_zone: {zone}\n    weekly: {{mon-fri: [\"{window}\"]}}\n    annual: [01-01, 12-25, 12-26]\n\nchannels:\n  # Signed by Standard Webhooks. The URL and the secret come from the environment.\n  pager: {{type: webhook, url_env: PAGER_URL, secret_env: PAGER_SECRET}}\n  # email: {{type: email, host: mail.example.com, security: starttls, from: Watchbell <watchbell@example.com>}}\n"
    );
    text
}

/// A text of somebody's as YAML takes it, whatever stands in it: a JSON string is one.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
