//! The work itself: whom the policy in force reaches now, what is late, and what was complained about.

use calendar::{Duration, Instant};
use engine::{Rules, View};
use journal::{DeliveryFilter, DeliveryState};
use problem::Problem;

use super::Finding;

/// A SEV-1 page is attempted within 15 s while anything works; this leaves a retry its time.
const PAGE_LATE: Duration = Duration::from_mins(2);
/// A due clock is decided within a second; older ones mean that no server runs.
const CLOCK_LATE: Duration = Duration::from_mins(1);
/// What happened longer ago is for the review, not for a check.
const RECENT: Duration = Duration::from_hours(24);
/// Rows looked at: enough for a bad day, and for a quick answer.
const ROWS: u32 = 1_000;

/// Looks at one thing; a failure to read is the caller's finding.
type Check = fn(&View, Instant) -> Result<Finding, Problem>;

pub(super) fn look(view: &View, now: Instant) -> Vec<Finding> {
    let mut findings = match rules(view) {
        Ok(rules) => {
            let mut findings = reach(&rules, now);
            findings.push(accounts(view, &rules, now));
            findings
        }
        Err(finding) => vec![finding],
    };
    let checks: [(&'static str, Check); 5] = [
        ("pages", pages),
        ("clocks", clocks),
        ("self-alerts", self_alerts),
        ("dead letters", dead),
        ("retention", retention),
    ];
    for (name, check) in checks {
        let failed = |problem: Problem| Finding::fail(name, problem.to_string(), problem.code.remedy);
        findings.push(check(view, now).unwrap_or_else(failed));
    }
    findings
}

/// The documents in force, compiled as the server would with this environment.
fn rules(view: &View) -> Result<Rules, Finding> {
    let failed = |says: String| Finding::fail("policy", says, "run `watchbell check`, then start the server on it");
    let documents = view.in_force().map_err(|problem| failed(problem.to_string()))?;
    let documents = documents.ok_or_else(|| failed("none has been in force; start the server once".to_owned()))?;
    Rules::compile(documents).map_err(|found| {
        let first = found.first().map(|diagnostic| diagnostic.message.clone()).unwrap_or_default();
        failed(format!("the documents in force have errors: {first}"))
    })
}

/// Whether people's accounts allow what the policy asks of them.
pub(super) fn accounts(view: &View, rules: &Rules, now: Instant) -> Finding {
    let accounts = match web::roles_of(view) {
        Ok(accounts) => accounts,
        Err(problem) => return Finding::fail("accounts", problem.to_string(), problem.code.remedy),
    };
    let fit = web::Fit { policy: &rules.policy, roster: &rules.roster, accounts: &accounts, now };
    let lacks: Vec<String> = fit.lacks().into_values().collect();
    match lacks.is_empty() {
        true => Finding::ok("accounts", "they allow what the policy asks of people"),
        false => Finding::warn(
            "accounts",
            lacks.join("; "),
            "give them the role by `watchbell user create PERSON --role ROLE`",
        ),
    }
}

fn reach(rules: &Rules, now: Instant) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, steps) in &rules.policy.escalation {
        for (index, step) in steps.iter().enumerate() {
            let people = step.page.iter().flat_map(|party| rules.roster.resolve(party, now));
            let reachable = |id: &String| rules.roster.people.get(id).is_some_and(|p| !p.contacts.is_empty());
            if !people.into_iter().any(|id| reachable(&id)) {
                let says = format!("step {} of the escalation `{name}` reaches nobody at this moment", index + 1);
                findings.push(Finding::fail("policy", says, "close the gap in the schedule, or add a contact"));
            }
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok("policy", "valid, and every escalation step reaches somebody at this moment"));
    }
    let broken: Vec<String> =
        rules.broken_channels().map(|(name, problem)| format!("`{name}`: {}", problem.detail)).collect();
    findings.push(match broken.is_empty() {
        true => Finding::ok("channels", "their addresses and secrets are set in this environment"),
        false => Finding::fail(
            "channels",
            broken.join("; "),
            "set the variables, or give this command the server's environment",
        ),
    });
    findings
}

fn stored<T>(result: journal::Result<T>) -> Result<T, Problem> {
    result.map_err(|error| error.problem())
}

fn pages(view: &View, now: Instant) -> Result<Finding, Problem> {
    let waiting = stored(view.reader().due_deliveries(Instant::MAX, ROWS))?;
    let requests = stored(view.reader().pending_requests(ROWS))?;
    let urgent = waiting.iter().filter(|row| row.severity == 1).map(|row| row.created_at);
    let asked = requests.iter().map(|stored| &stored.request).filter(|row| row.severity == 1).map(|row| row.created_at);
    let all = waiting.len() + requests.len();
    Ok(match urgent.chain(asked).min() {
        Some(oldest) if now.since(oldest) > PAGE_LATE => {
            let says = format!("a SEV-1 message waits since {oldest}; {all} messages wait in all");
            Finding::fail("pages", says, "see that the server runs, then look at the channel's errors in deliveries")
        }
        _ => Finding::ok("pages", format!("no SEV-1 message waits for long; {all} messages wait in all")),
    })
}

fn clocks(view: &View, now: Instant) -> Result<Finding, Problem> {
    Ok(match stored(view.reader().next_due())? {
        Some(due) if now.since(due) > CLOCK_LATE => {
            let says = format!("a clock fell due at {due} and nobody has decided it");
            Finding::fail("clocks", says, "start the server: without it no deadline is kept")
        }
        Some(due) => Finding::ok("clocks", format!("the next one falls due at {due}")),
        None => Finding::ok("clocks", "none runs"),
    })
}

fn self_alerts(view: &View, now: Instant) -> Result<Finding, Problem> {
    let mut recent = view.self_alerts()?;
    recent.retain(|alert| now.since(alert.last_at) <= RECENT);
    let list: Vec<String> =
        recent.iter().map(|alert| format!("{} ({}, last {})", alert.code, alert.count, alert.last_at)).collect();
    Ok(match list.is_empty() {
        true => Finding::ok("self-alerts", "none in the last 24 h"),
        false => Finding::warn("self-alerts", list.join("; "), "docs/errors has a page on each code"),
    })
}

fn dead(view: &View, now: Instant) -> Result<Finding, Problem> {
    let filter = DeliveryFilter { state: Some(DeliveryState::Dead), ..DeliveryFilter::default() };
    let rows = stored(view.reader().deliveries(&filter, ROWS))?;
    let recent = rows.iter().filter(|row| now.since(row.created_at) <= RECENT).count();
    Ok(match recent {
        0 => Finding::ok("dead letters", "none in the last 24 h"),
        many => Finding::warn(
            "dead letters",
            format!("{many} in the last 24 h"),
            "GET /api/v1/deliveries?state=dead says to whom and why",
        ),
    })
}

fn retention(view: &View, now: Instant) -> Result<Finding, Problem> {
    let Some(found) = engine::retention::forecast(view, now)? else {
        return Ok(Finding::ok("retention", "not known yet: no server of this version has run on it"));
    };
    let days = |age: Duration| age.as_hours() / 24;
    let kept = format!(
        "signals are kept {} days, customers' words {} days",
        days(found.retention.signals),
        days(found.retention.private_texts)
    );
    let next = match (found.blocks, found.next_at) {
        (0, None) => "nothing is stored that could go".to_owned(),
        (0, Some(at)) => format!("nothing goes within a day; the oldest block is due at {at}"),
        (blocks, _) => format!("{blocks} blocks with {} kB go within a day", found.bytes >> 10),
    };
    Ok(Finding::ok("retention", format!("{kept}; {next}")))
}
