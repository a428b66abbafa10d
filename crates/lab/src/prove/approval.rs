//! Approval: no chain of roles makes a window impossible to keep.
//!
//! Words need somebody who approves them, and somebody else who writes them where the approver may
//! not approve their own. Whoever may hold a role is its owners and backups at that instant.

use std::collections::BTreeSet;

use policy::model::{Party, Role, Window};

use super::{Case, Guarantee, Witness, counted, guarantee, say};

/// One audience's chain: who must act before it hears.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Chain {
    audience: String,
    /// The role that decides or approves.
    role: Role,
    /// Whether the author must be somebody else.
    second: bool,
    /// Whether it decides, rather than approves.
    decides: bool,
    approvers: Vec<Party>,
    authors: Vec<Party>,
}

/// Every window that waits for a role has people who can act, at every instant of the year.
pub(super) fn possible(case: &Case<'_>) -> Guarantee {
    let mut seen = BTreeSet::new();
    let mut witnesses = Vec::new();
    for (class, rank) in &case.openings {
        for (audience, window) in case.policy.targets(class, *rank).updates {
            let Some(chain) = chain(case, class, &audience, &window) else { continue };
            if seen.insert(chain.clone()) {
                let at = format!("“{}” at {}", case.class_name(class), case.policy.severity_name(*rank));
                witnesses.extend(broken(case, &chain, &at));
            }
        }
    }
    let examined = format!("{} of approval, every instant of twelve months", counted(seen.len(), "chain"));
    guarantee("approval-possible", "No chain of approval makes a communication window impossible", examined, witnesses)
}

fn chain(case: &Case<'_>, class: &str, audience: &str, window: &Window) -> Option<Chain> {
    let known = case.policy.audiences.get(audience);
    let (role, second, decides) = match window {
        Window::None => return None,
        Window::Decide { by, .. } => (*by, false, true),
        Window::Notices { approval, own_approval, .. } => {
            // Without a word of the policy, restricted classes want a second person: as the core does.
            let restricted = case.policy.class(class).is_some_and(|class| class.restricted);
            let own = own_approval.or(known.and_then(|known| known.own_approval)).unwrap_or(!restricted);
            ((*approval)?, !own, false)
        }
    };
    let (approvers, authors) = (case.holders(class, role), case.holders(class, Role::Publishing));
    Some(Chain { audience: audience.to_owned(), role, second, decides, approvers, authors })
}

fn broken(case: &Case<'_>, chain: &Chain, at: &str) -> Option<Witness> {
    let Chain { audience, role, second, decides, approvers, authors } = chain;
    let parties: Vec<Party> = approvers.iter().chain(authors).cloned().collect();
    case.stretches(&parties).into_iter().find_map(|stretch| {
        let approving = case.resolve(approvers, stretch.0);
        let others = case.resolve(&parties, stretch.0);
        let when = || match stretch == (case.now, case.until) {
            true => "At any time".to_owned(),
            false => crate::words::capitalised(&say::stretch(stretch, &case.zone_of_parties(&parties))),
        };
        let does = if *decides { "decide whether" } else { "approve what" };
        let text = match approving.as_slice() {
            [] => format!("{} nobody holds the role {role}, who must {does} {audience} hear of {at}.", when()),
            [only] if *second && others.len() < 2 => format!(
                "{} only {only} could write and approve what {audience} hear of {at}, and nobody may approve their own words there.",
                when()
            ),
            _ => return None,
        };
        Some(Witness::during(text, stretch))
    })
}
