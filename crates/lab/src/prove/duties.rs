//! Separation of duties: on every shift the roles that must be kept apart find different people,
//! also with two incidents at once.
//!
//! For one incident the core fills the roles, and what it leaves vacant counts. With two at once,
//! nobody may have to fix one and check the other: people choose then, so any assignment will do.

use std::collections::{BTreeMap, BTreeSet};

use calendar::Instant;
use policy::model::{Party, Rank, Role};

use super::{Case, Guarantee, Witness, counted, guarantee, say};
use crate::words;

/// A class whose roles are to be kept apart, and who may hold them. Classes with the same people
/// and rules are looked at once.
struct Kind<'a> {
    class: &'a str,
    rank: Rank,
    pairs: Vec<(Role, Role)>,
    parties: BTreeMap<Role, Vec<Party>>,
}

/// Who may hold the roles of a kind in one stretch.
type Holders = BTreeMap<Role, Vec<String>>;

/// Separation of duties can be satisfied on every shift, for one incident and for two.
pub(super) fn apart(case: &Case<'_>) -> Guarantee {
    let kinds = kinds(case);
    let parties: Vec<Party> = kinds.iter().flat_map(|kind| kind.parties.values().flatten().cloned()).collect();
    let stretches = case.stretches(&parties);
    let mut judged: BTreeMap<(usize, Holders), bool> = BTreeMap::new();
    let mut together: BTreeSet<(usize, usize, Holders, Holders)> = BTreeSet::new();
    let mut witnesses = Vec::new();
    for stretch in &stretches {
        let now: Vec<Holders> = kinds.iter().map(|kind| kind.holders(case, stretch.0)).collect();
        for (i, kind) in kinds.iter().enumerate() {
            judged.entry((i, now[i].clone())).or_insert_with(|| {
                let found = vacant(case, kind, *stretch, &now[i]);
                let fine = found.is_none();
                witnesses.extend(found);
                fine
            });
        }
        for (i, first) in kinds.iter().enumerate() {
            for (j, second) in kinds.iter().enumerate().skip(i + 1) {
                let fine = [i, j].iter().all(|kind| judged.get(&(*kind, now[*kind].clone())) == Some(&true));
                if fine && together.insert((i, j, now[i].clone(), now[j].clone())) {
                    witnesses.extend(conflict(case, (first, &now[i]), (second, &now[j]), *stretch));
                }
            }
        }
    }
    let examined = format!(
        "{} with roles to keep apart, {}, one incident and two at once",
        counted(kinds.len(), "different kind"),
        counted(stretches.len(), "shift")
    );
    guarantee(
        "duties-apart",
        "Separation of duties can be satisfied on every shift, also with two incidents at once",
        examined,
        witnesses,
    )
}

fn kinds<'a>(case: &Case<'a>) -> Vec<Kind<'a>> {
    let mut kinds: Vec<Kind<'a>> = Vec::new();
    // The most severe opening of a class stands for it: roles do not depend on the severity.
    let mut openings: Vec<(&str, Rank)> = case.openings.iter().copied().collect();
    openings.sort_by_key(|(class, rank)| (*rank, *class));
    for (class, rank) in openings {
        let rules = Role::ALL.into_iter().filter_map(|role| Some((role, case.policy.role(class, role)?)));
        let pairs: Vec<(Role, Role)> = rules.filter_map(|(role, rule)| Some((role, rule.not?))).collect();
        let parties: BTreeMap<Role, Vec<Party>> = pairs
            .iter()
            .flat_map(|(role, other)| [*role, *other])
            .map(|role| (role, case.holders(class, role)))
            .collect();
        let known = kinds.iter().any(|kind| kind.class == class || kind.pairs == pairs && kind.parties == parties);
        if !pairs.is_empty() && !known {
            kinds.push(Kind { class, rank, pairs, parties });
        }
    }
    kinds
}

impl Kind<'_> {
    fn holders(&self, case: &Case<'_>, at: Instant) -> Holders {
        self.parties.iter().map(|(role, parties)| (*role, case.resolve(parties, at))).collect()
    }

    fn when(&self, case: &Case<'_>, stretch: (Instant, Instant)) -> String {
        let parties: Vec<Party> = self.parties.values().flatten().cloned().collect();
        match stretch == (case.now, case.until) {
            true => "At any time".to_owned(),
            false => words::capitalised(&say::stretch(stretch, &case.zone_of_parties(&parties))),
        }
    }
}

/// A role to be kept apart that the core leaves vacant.
fn vacant(case: &Case<'_>, kind: &Kind<'_>, stretch: (Instant, Instant), holders: &Holders) -> Option<Witness> {
    let state = case.open(kind.class, kind.rank, stretch.0)?.state;
    let (role, other) = *kind.pairs.iter().find(|(a, b)| [a, b].iter().any(|role| state.vacant.contains_key(role)))?;
    let (vacant, holding) = if state.vacant.contains_key(&role) { (role, other) } else { (other, role) };
    let why = match (holders[&vacant].as_slice(), state.roles.get(&holding)) {
        ([], _) | (_, None) => "nobody is on call for it".to_owned(),
        (people, Some(holder)) => {
            format!("nobody but {} could, and {} holds {holding} already", people.join(", "), holder.person)
        }
    };
    let text = format!(
        "{} an incident “{}” leaves the role {vacant} vacant: {why}.",
        kind.when(case, stretch),
        case.class_name(kind.class)
    );
    Some(Witness::during(text, stretch))
}

/// Two incidents at once whose roles cannot be filled without somebody holding both of a pair.
fn conflict(
    case: &Case<'_>,
    first: (&Kind<'_>, &Holders),
    second: (&Kind<'_>, &Holders),
    stretch: (Instant, Instant),
) -> Option<Witness> {
    let shared = first.0.pairs.iter().filter(|pair| second.0.pairs.contains(pair));
    for pair in shared {
        let (role, other) = *pair;
        let people = |holders: &Holders| (holders[&role].clone(), holders[&other].clone());
        let ((a1, b1), (a2, b2)) = (people(first.1), people(second.1));
        let fits = |x: &String, y: &String, v: &String, w: &String| x != y && v != w && x != w && v != y;
        let possible = a1.iter().any(|x| b1.iter().any(|y| a2.iter().any(|v| b2.iter().any(|w| fits(x, y, v, w)))));
        if possible {
            continue;
        }
        let both: BTreeSet<&String> =
            a1.iter().filter(|p| b2.contains(p)).chain(a2.iter().filter(|p| b1.contains(p))).collect();
        let both: Vec<&str> = both.into_iter().map(String::as_str).collect();
        let text = format!(
            "{} with “{}” and “{}” at once, {} must hold {role} of one and {other} of the other.",
            first.0.when(case, stretch),
            case.class_name(first.0.class),
            case.class_name(second.0.class),
            both.join(" or ")
        );
        return Some(Witness::during(text, stretch));
    }
    None
}
