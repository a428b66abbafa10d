//! An incident's story in words: what opened it, what was added, and what changed its severity.
//!
//! Where the events come from, a data directory or a server, is not its business.

use std::fmt::Write as _;

use calendar::Instant;
use policy::model::Rank;
use wcore::decision::{Decision, SignalRef};
use wcore::event::{Actor, Entry, Event};

/// What the events alone do not say.
pub(super) trait Surroundings {
    /// A severity as the incident's policy names it; its rank where that is not known.
    fn severity(&self, rank: Rank) -> String;

    /// What is known of a signal besides its place.
    fn signal(&self, place: SignalRef) -> anyhow::Result<String>;
}

/// Everything that says why an incident is what it is, a line or more for each event.
pub(super) fn story(entries: &[Entry], around: &dyn Surroundings) -> anyhow::Result<String> {
    let mut said = String::new();
    for entry in entries {
        for event in &entry.events {
            if let Some((what, decision)) = tell(entry, event, around) {
                line(&mut said, entry.at, &what);
                if let Some(decision) = decision {
                    because(&mut said, decision, around)?;
                }
            }
        }
    }
    Ok(said)
}

fn tell<'e>(entry: &Entry, event: &'e Event, around: &dyn Surroundings) -> Option<(String, Option<&'e Decision>)> {
    Some(match event {
        Event::Opened(opened) => match &opened.decision {
            Some(decision) => {
                let severity = around.severity(opened.severity);
                (format!("opened by trigger `{}` as {severity}", decision.trigger), Some(decision))
            }
            None => (format!("declared by {}", who(&entry.by)), None),
        },
        Event::Attached(attached) => {
            let decision = &attached.decision;
            (format!("{} more by trigger `{}`", decision.count, decision.trigger), Some(decision))
        }
        Event::SeverityChanged { from, to, reason } => {
            (format!("{} → {}: {reason}", around.severity(*from), around.severity(*to)), None)
        }
        Event::SourceCleared { alerts, firing } => {
            let alerts = if alerts.len() == 1 { "1 alert".to_owned() } else { format!("{} alerts", alerts.len()) };
            (format!("source cleared {alerts}, {firing} still fire"), None)
        }
        _ => return None,
    })
}

fn who(actor: &Actor) -> String {
    match actor {
        Actor::Person(id) => id.clone(),
        Actor::Machine(name) => format!("the program `{name}`"),
        Actor::Watchbell => "Watchbell".to_owned(),
    }
}

fn because(said: &mut String, decision: &Decision, around: &dyn Surroundings) -> anyhow::Result<()> {
    detail(said, "because", &decision.statement);
    detail(said, "clause ", decision.clause.trim());
    detail(said, "policy ", &decision.policy);
    for place in &decision.signals {
        let known = around.signal(*place)?;
        let known = if known.is_empty() { known } else { format!("  {known}") };
        detail(said, "signal ", &format!("SIG-{}-{}{known}", place.position, place.index));
    }
    Ok(())
}

fn line(said: &mut String, at: Instant, what: &str) {
    writeln!(said, "{at}  {what}").expect("writing to a text never fails");
}

fn detail(said: &mut String, name: &str, what: &str) {
    writeln!(said, "    {name} {what}").expect("writing to a text never fails");
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use wcore::event::Attached;

    use super::*;

    struct Nothing;

    impl Surroundings for Nothing {
        fn severity(&self, rank: Rank) -> String {
            format!("SEV-{rank}")
        }

        fn signal(&self, place: SignalRef) -> anyhow::Result<String> {
            Ok(if place.index == 0 { String::new() } else { "(pruned by retention)".to_owned() })
        }
    }

    #[test]
    fn events_become_words() {
        let at = Instant::parse("2026-11-24T10:00:00Z").unwrap();
        let decision = Decision {
            trigger: "commitment-repeated".to_owned(),
            policy: "abc".to_owned(),
            clause: "at least 5\n".to_owned(),
            statement: "5 distinct units".to_owned(),
            count: 2,
            first_at: at,
            last_at: at,
            signals: vec![SignalRef { position: 7, index: 0 }, SignalRef { position: 7, index: 1 }],
        };
        let attached = Attached { decision, alerts: Vec::new() };
        let events = vec![
            Event::Attached(Box::new(attached)),
            Event::SeverityChanged { from: 2, to: 1, reason: "more of it".to_owned() },
            Event::SourceCleared { alerts: vec!["a".to_owned()], firing: 0 },
            Event::Noted { text: "of no interest here".to_owned() },
        ];
        let said = story(&[Entry { at, by: Actor::Watchbell, events }], &Nothing).unwrap();
        expect![[r#"
            2026-11-24T10:00:00Z  2 more by trigger `commitment-repeated`
                because 5 distinct units
                clause  at least 5
                policy  abc
                signal  SIG-7-0
                signal  SIG-7-1  (pruned by retention)
            2026-11-24T10:00:00Z  SEV-2 → SEV-1: more of it
            2026-11-24T10:00:00Z  source cleared 1 alert, 0 still fire
        "#]]
        .assert_eq(&said);
    }
}
