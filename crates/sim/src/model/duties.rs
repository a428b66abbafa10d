//! Who holds what, and what counts as proof: roles, mitigation, validation, hold, broken glass.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Context, Incident, Violation, time, violated};
use crate::plan::SECOND;

/// How long a proven fix of a SEV-1 must stand.
const HOLD: i64 = 20 * 60 * SECOND;
/// How long a second person has to confirm that the glass is broken.
const GLASS: i64 = 30 * 60 * SECOND;

/// What people hold and have done.
#[derive(Clone, Debug, Default)]
pub(crate) struct Duties {
    opened_at: i64,
    /// Holders by role.
    pub(crate) holders: BTreeMap<String, String>,
    /// Who is asked to take a role over.
    pub(crate) asked: BTreeMap<String, String>,
    /// Joint owners by role.
    consulted: BTreeMap<String, Vec<String>>,
    /// Roles that came to somebody, or to nobody, in this entry, and were not accepted.
    unaccepted: BTreeSet<String>,
    mitigated: Option<(String, i64)>,
    /// When the evidence of the last passed validation was taken.
    proof: Option<i64>,
    hold_until: i64,
    /// Who asked to resolve without proof, and when.
    glass: Option<(String, i64)>,
    /// Who asked for a lower severity, for which, and when.
    lowering: Option<(String, Value, i64)>,
    /// The first known awareness.
    pub(super) aware: Option<i64>,
}

impl Duties {
    pub(super) fn since(opened_at: i64) -> Duties {
        Duties { opened_at, ..Duties::default() }
    }

    /// Whether a person holds a role or is consulted on it.
    pub(super) fn hold(&self, role: &str, person: &str) -> bool {
        self.holders.get(role).is_some_and(|holder| holder == person)
            || self.consulted.get(role).is_some_and(|others| others.iter().any(|other| other == person))
    }

    fn is_proven(&self) -> bool {
        self.proof.is_some_and(|taken| self.mitigated.as_ref().is_none_or(|(_, at)| taken > *at))
    }

    fn withdraw(&mut self) {
        (self.proof, self.mitigated) = (None, None);
    }
}

impl Incident {
    pub(super) fn duty(&mut self, kind: &str, body: &Value, context: &Context<'_>) -> Result<(), Violation> {
        let no = self.no;
        let word = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
        let duties = &mut self.duties;
        match kind {
            "role_assigned" => {
                let role = word("role");
                let consulted = body["consulted"].as_array().into_iter().flatten();
                let consulted = consulted.filter_map(|who| who.as_str().map(str::to_owned)).collect();
                duties.consulted.insert(role.clone(), consulted);
                duties.asked.remove(&role);
                duties.unaccepted.insert(role.clone());
                duties.holders.insert(role, word("person"));
            }
            "role_vacant" => {
                duties.holders.remove(&word("role"));
                duties.asked.remove(&word("role"));
                duties.unaccepted.insert(word("role"));
            }
            "role_accepted" => {
                duties.unaccepted.remove(&word("role"));
                if duties.holders.get(&word("role")) != Some(&word("person")) {
                    return violated("only its holder accepts a role", format!("INC-{no} {}", word("role")));
                }
            }
            "hand_over_offered" => {
                duties.asked.insert(word("role"), word("person"));
            }
            "fact_recorded" if body["fact"] == "aware_at" => {
                let at = time(&body["act"]["at"])?;
                duties.aware = Some(duties.aware.map_or(at, |known| known.min(at)));
            }
            "mitigated" => duties.mitigated = Some((act(body), time(&body["act"]["at"])?)),
            "validated" => return self.validated(body),
            "hold_started" => {
                duties.hold_until = time(&body["until"])?;
                if duties.hold_until != context.at + HOLD {
                    return violated("a proven fix is held", format!("INC-{no}"));
                }
            }
            "hold_broken" | "reopened" => duties.withdraw(),
            "break_glass_requested" => duties.glass = Some((word("by"), context.at)),
            "broken_glass" => {
                let asked = duties.glass.take().is_some_and(|(by, at)| by == word("by") && context.at <= at + GLASS);
                if !asked || word("by") == word("confirmed_by") || !context.by_person {
                    return violated("two people break the glass", format!("INC-{no}: {body}"));
                }
            }
            "lowering_requested" => duties.lowering = Some((word("by"), body["to"].clone(), context.at)),
            "lowering_declined" => duties.lowering = None,
            "lowering_confirmed" | "severity_changed" => return self.lowered(kind, body, context),
            "resolved" => return self.resolved(body, context),
            _ => {}
        }
        Ok(())
    }

    fn validated(&mut self, body: &Value) -> Result<(), Violation> {
        let (no, by, duties) = (self.no, act(body), &mut self.duties);
        let fixed = duties.mitigated.as_ref().is_some_and(|(fixer, _)| *fixer == by);
        if fixed || duties.holders.get("remediation") == Some(&by) {
            return violated("nobody proves the own fix", format!("INC-{no}: {by}"));
        }
        let taken = time(&body["evidence"]["observed_at"])?;
        let since = duties.mitigated.as_ref().map_or(duties.opened_at, |(_, at)| *at);
        if taken <= since {
            return violated("proof is newer than the fix", format!("INC-{no}"));
        }
        if body["passed"] == true {
            let held = duties.is_proven() || self.severity != 1;
            duties.proof = Some(taken);
            // The hold follows in the same entry.
            duties.hold_until = if held { duties.hold_until } else { i64::MAX };
        } else {
            duties.withdraw();
        }
        Ok(())
    }

    /// The severity is lowered by two people, in time and as it was asked for, and by nobody else.
    fn lowered(&mut self, kind: &str, body: &Value, context: &Context<'_>) -> Result<(), Violation> {
        let of = |name: &str| context.events.iter().find_map(|event| event.get(name));
        let two = match (&self.duties.lowering, of("lowering_confirmed"), of("severity_changed")) {
            (Some((by, to, at)), Some(confirmed), Some(changed)) => {
                let other = confirmed["by"] == by.as_str() && confirmed["confirmed_by"] != by.as_str();
                other && changed["to"] == *to && context.at <= at + GLASS && context.by_person
            }
            _ => false,
        };
        if kind == "lowering_confirmed" {
            return if two {
                Ok(())
            } else {
                violated("two people lower the severity", format!("INC-{}: {body}", self.no))
            };
        }
        self.duties.lowering = None;
        if body["to"].as_u64() > body["from"].as_u64() && !two {
            return violated("two people lower the severity", format!("INC-{}: {body}", self.no));
        }
        Ok(())
    }

    /// Nothing is resolved without proof that has stood, but what a sender cleared or two people let go.
    fn resolved(&mut self, body: &Value, context: &Context<'_>) -> Result<(), Violation> {
        let glass = context.events.iter().any(|event| event.get("broken_glass").is_some());
        let stood = self.duties.is_proven() && context.at >= self.duties.hold_until;
        self.duties.hold_until = 0;
        (self.duties.glass, self.duties.lowering) = (None, None);
        if glass || self.class == "outage" || (stood && body["on_clear"] == false) {
            return Ok(());
        }
        violated("nothing is resolved without proof", format!("INC-{}", self.no))
    }

    /// Fix and proof are apart, and whoever got a role is under a clock until they accept it.
    pub(super) fn duties_after(&mut self, context: &Context<'_>) -> Result<(), Violation> {
        let holders = &self.duties.holders;
        if holders.contains_key("remediation") && holders.get("remediation") == holders.get("validation") {
            return violated("nobody proves the own fix", format!("INC-{}: one person holds both roles", self.no));
        }
        if self.duties.hold_until == i64::MAX {
            return violated("a proven fix is held", format!("INC-{} at {}", self.no, context.at));
        }
        for role in std::mem::take(&mut self.duties.unaccepted) {
            if self.open && !self.has_open_clock(&format!("{{\"accept\":\"{role}\"}}")) {
                return violated("a role waits under a clock", format!("INC-{} {role}", self.no));
            }
        }
        Ok(())
    }
}

fn act(body: &Value) -> String {
    body["act"]["by"].as_str().unwrap_or_default().to_owned()
}
