//! Rules: every class and severity can open, and every rule can add something to what others do.
//!
//! A rule is shadowed where it can only ever repeat what others say: whenever it fires, one of them
//! raises the same incident at the same severity or a stricter one. Rules of other classes, keys or
//! milder severities take nothing away.

use std::collections::{BTreeMap, BTreeSet};

use policy::condition::{Condition, Search, TextField, TextPlace, search};
use policy::model::{Mode, Trigger, TriggerKind};

use super::{Case, Guarantee, Witness, counted, guarantee};

/// Most rules that are looked at together as what takes all of another rule.
const MAX_TOGETHER: usize = 24;

/// Why a question about conditions may stay open.
const LIMITS: &str = "too many things are compared, or two fields with each other";

/// Every class and severity can be reached, and then runs a clock for the first response.
pub(super) fn reachable(case: &Case<'_>) -> Guarantee {
    let policy = case.policy;
    let mut witnesses = Vec::new();
    let raised: BTreeSet<&str> =
        policy.triggers.iter().filter(|t| can_raise(t)).map(|t| t.raise.class.as_str()).collect();
    let mut declared_only = 0;
    for (id, class) in &policy.classes {
        match (raised.contains(id.as_str()), class.default_severity) {
            (true, _) => {}
            (false, Some(_)) => declared_only += 1,
            (false, None) => witnesses.push(Witness::against(format!(
                "No signal can ever open the class “{}”: no live rule raises it, and it names no severity at which people declare it.",
                case.class_name(id)
            ))),
        }
    }
    let by_rule = policy.triggers.iter().filter(|trigger| can_raise(trigger)).map(|trigger| trigger.raise.severity);
    let by_class = policy.classes.values().filter_map(|class| class.default_severity);
    let ranks: BTreeSet<_> = by_rule.chain(by_class).collect();
    for severity in policy.severities.iter().filter(|severity| !ranks.contains(&severity.rank)) {
        let text =
            format!("Nothing ever opens at {}: no live rule raises it, and no class has it as its own.", severity.name);
        witnesses.push(Witness::against(text));
    }
    for (class, rank) in &case.openings {
        if policy.targets(class, *rank).acknowledge.is_none() {
            witnesses.push(Witness::against(format!(
                "“{}” at {} promises no first response: nobody has to take it by any time.",
                case.class_name(class),
                policy.severity_name(*rank)
            )));
        }
    }
    let classes =
        if policy.classes.len() == 1 { "1 class".to_owned() } else { format!("{} classes", policy.classes.len()) };
    let examined = format!(
        "{classes} ({declared_only} opened by people only), {} severities, {}",
        policy.severities.len(),
        counted(policy.triggers.len(), "rule")
    );
    guarantee(
        "all-reachable",
        "Every class and severity can be reached, and promises a first response",
        examined,
        witnesses,
    )
}

/// Whether a rule can open an incident. Where that is not decided, it is not held against it here.
fn can_raise(trigger: &Trigger) -> bool {
    trigger.mode == Mode::Active && condition(trigger).is_none_or(|when| when.satisfied_by() != Search::Impossible)
}

fn condition(trigger: &Trigger) -> Option<&Condition> {
    match &trigger.kind {
        TriggerKind::When(when) | TriggerKind::Count { when, .. } => Some(when),
        TriggerKind::Absence { .. } | TriggerKind::Rate { .. } => None,
    }
}

/// No rule is unsatisfiable, none is shadowed by others.
pub(super) fn live(case: &Case<'_>) -> Guarantee {
    let rules: Vec<Rule<'_>> =
        case.policy.triggers.iter().enumerate().filter_map(|(i, trigger)| Rule::of(i, trigger)).collect();
    // By rule: they are told in the order of the document.
    let mut witnesses = BTreeMap::new();
    let mut dead = BTreeSet::new();
    for rule in &rules {
        let witness = match rule.when.satisfied_by() {
            Search::Found(_) => continue,
            Search::Impossible => {
                dead.insert(rule.index);
                let (rule, when) = (capital(rule), rule.when);
                Witness::against(format!("{rule} can never fire: no signal satisfies {when}."))
            }
            Search::Undecided => Witness::undecided(format!("Whether {rule} can ever fire was not decided: {LIMITS}.")),
        };
        witnesses.insert(rule.index, witness);
    }
    let groups = Groups::of(&rules);
    // Of two rules that say the same, the later one is told.
    for rule in rules.iter().rev().filter(|rule| rule.trigger.mode == Mode::Active) {
        if dead.contains(&rule.index) {
            continue;
        }
        let witness = match groups.shadow(rule, &dead) {
            Shadow::None => continue,
            Shadow::By(others) => {
                dead.insert(rule.index);
                Witness::against(words(rule, &others, case))
            }
            Shadow::Undecided => {
                Witness::undecided(format!("Whether other rules take all of {rule} was not decided: {LIMITS}."))
            }
        };
        witnesses.insert(rule.index, witness);
    }
    let examined = format!("{} with conditions", counted(rules.len(), "rule"));
    guarantee(
        "rules-live",
        "Every rule can fire, and none is shadowed by others",
        examined,
        witnesses.into_values().collect(),
    )
}

fn words(rule: &Rule<'_>, others: &[&Rule<'_>], case: &Case<'_>) -> String {
    let named: Vec<String> = others.iter().map(|other| other.to_string()).collect();
    let takes = if named.len() == 1 { "takes" } else { "together take" };
    let severity = case.policy.severity_name(rule.trigger.raise.severity);
    format!(
        "{} can never change anything: {} {takes} all of it. Whatever satisfies {} raises the same incident at {severity} or stricter already.",
        capital(rule),
        named.join(" and "),
        rule.when,
    )
}

/// A rule with a condition on single signals.
struct Rule<'a> {
    index: usize,
    trigger: &'a Trigger,
    when: &'a Condition,
    required: BTreeMap<TextPlace, &'a str>,
}

impl<'a> Rule<'a> {
    fn of(index: usize, trigger: &'a Trigger) -> Option<Rule<'a>> {
        let when = condition(trigger)?;
        Some(Rule { index, trigger, when, required: when.required().into_iter().collect() })
    }

    /// Whether it fires as soon as another one does, if its condition holds for the same signals.
    fn as_ready_as(&self, other: &Rule<'_>) -> bool {
        match (&self.trigger.kind, &other.trigger.kind) {
            (TriggerKind::When(_), _) => true,
            (
                TriggerKind::Count { distinct_units, at_least, within, .. },
                TriggerKind::Count {
                    distinct_units: other_distinct, at_least: other_least, within: other_within, ..
                },
            ) => at_least <= other_least && within >= other_within && (!distinct_units || *other_distinct),
            _ => false,
        }
    }

    /// Whether some signal may concern both: nothing that one requires excludes the other.
    fn meets(&self, other: &Rule<'_>) -> bool {
        self.required.iter().all(|(place, text)| other.required.get(place).is_none_or(|known| known == text))
    }
}

/// Such as `rule 7 (pii-suspected)`.
impl std::fmt::Display for Rule<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "rule {} ({})", self.index + 1, self.trigger.id)
    }
}

fn capital(rule: &Rule<'_>) -> String {
    crate::words::capitalised(&rule.to_string())
}

enum Shadow<'a> {
    None,
    By(Vec<&'a Rule<'a>>),
    Undecided,
}

/// Rules by the incident that they raise and the metric that they require, so that a thousand rules
/// are not compared with each other.
struct Groups<'a>(BTreeMap<(String, Option<&'a str>), Vec<&'a Rule<'a>>>);

impl<'a> Groups<'a> {
    fn of(rules: &'a [Rule<'a>]) -> Groups<'a> {
        let mut groups: BTreeMap<_, Vec<&Rule<'_>>> = BTreeMap::new();
        for rule in rules.iter().filter(|rule| rule.trigger.mode == Mode::Active) {
            groups.entry((incident(rule), metric(rule))).or_default().push(rule);
        }
        Groups(groups)
    }

    fn shadow(&self, rule: &Rule<'_>, dead: &BTreeSet<usize>) -> Shadow<'a> {
        let mut candidates: Vec<&Rule<'_>> = Vec::new();
        let wanted = metric(rule);
        for ((raised, required), group) in self.0.range((incident(rule), None)..) {
            if *raised != incident(rule) {
                break;
            }
            // A rule that requires no metric may be taken by rules of all of them.
            if required.is_none() || wanted.is_none() || *required == wanted {
                candidates.extend(group);
            }
        }
        candidates.retain(|other| {
            other.index != rule.index
                && !dead.contains(&other.index)
                && other.trigger.raise.severity <= rule.trigger.raise.severity
                && other.as_ready_as(rule)
                && other.meets(rule)
        });
        candidates.sort_by_key(|other| other.index);
        let mut undecided = false;
        for other in &candidates {
            match search(&[rule.when], &[other.when]) {
                Search::Found(_) => {}
                Search::Impossible => return Shadow::By(vec![other]),
                Search::Undecided => undecided = true,
            }
        }
        // Only what fires with the first signal can be added up: counts of parts are not counts of all.
        candidates.retain(|other| matches!(other.trigger.kind, TriggerKind::When(_)));
        match together(rule, &candidates) {
            Shadow::None if undecided => Shadow::Undecided,
            shadow => shadow,
        }
    }
}

/// Whether several rules take all of one between them, and the fewest of them that do.
fn together<'a>(rule: &Rule<'_>, candidates: &[&'a Rule<'a>]) -> Shadow<'a> {
    if candidates.len() < 2 {
        return Shadow::None;
    }
    let left = |others: &[&Rule<'_>]| search(&[rule.when], &others.iter().map(|other| other.when).collect::<Vec<_>>());
    let mut needed: Vec<&Rule<'_>> = candidates.iter().take(MAX_TOGETHER).copied().collect();
    match left(&needed) {
        Search::Impossible => {}
        Search::Found(_) if needed.len() == candidates.len() => return Shadow::None,
        Search::Found(_) | Search::Undecided => return Shadow::Undecided,
    }
    for i in (0..needed.len()).rev() {
        let mut fewer = needed.clone();
        fewer.remove(i);
        if left(&fewer) == Search::Impossible {
            needed = fewer;
        }
    }
    Shadow::By(needed)
}

fn incident(rule: &Rule<'_>) -> String {
    format!("{}|{:?}", rule.trigger.raise.class, rule.trigger.raise.key)
}

fn metric<'a>(rule: &Rule<'a>) -> Option<&'a str> {
    rule.required.get(&TextPlace::Field(TextField::Metric)).copied()
}
