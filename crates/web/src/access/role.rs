//! The one table of access: what each role of a person and each scope of a token allows.
//!
//! Routes and commands name a [`Permission`]; the API, the pages and the stream of events all ask
//! this table. What a person may decide within an incident is the core's business.

use problem::Problem;
use serde::{Deserialize, Serialize};

use super::principal::Scope;

/// Something that a route or a command asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Permission {
    /// Send signals.
    SendSignals,
    /// Read what is not restricted.
    Read,
    /// See and change one's own account: where one is signed in, and the password.
    OwnAccount,
    /// Declare incidents and add notes.
    Report,
    /// Act on incidents, and tell audiences inside.
    Respond,
    /// Tell audiences that read the status page, and approve words.
    Publish,
    /// Manage access, and see everything.
    Administer,
}

/// What a person is here for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads, as executives do.
    Viewer,
    /// Also declares incidents, as support agents do.
    Reporter,
    /// Also acts on them.
    Responder,
    /// Also speaks to customers.
    Publisher,
    /// Everything, including access itself.
    Administrator,
}

use Permission::{Administer, OwnAccount, Publish, Read, Report, Respond, SendSignals};

/// What roles allow. Each includes the one before.
const ROLES: [(Role, &str, &[Permission]); 5] = [
    (Role::Viewer, "viewer", &[Read, OwnAccount]),
    (Role::Reporter, "reporter", &[Read, OwnAccount, Report]),
    (Role::Responder, "responder", &[Read, OwnAccount, Report, Respond]),
    (Role::Publisher, "publisher", &[Read, OwnAccount, Report, Respond, Publish]),
    (Role::Administrator, "administrator", &[SendSignals, Read, OwnAccount, Report, Respond, Publish, Administer]),
];

/// What scopes allow. An account is its person's, and of none of their programs.
const SCOPES: [(Scope, &[Permission]); 4] = [
    (Scope::SignalsWrite, &[SendSignals]),
    (Scope::IncidentsRead, &[Read]),
    (Scope::IncidentsWrite, &[Report, Respond, Publish]),
    (Scope::Admin, &[SendSignals, Read, OwnAccount, Report, Respond, Publish, Administer]),
];

impl Role {
    /// Every role, the least first.
    pub const ALL: [Role; 5] = [Role::Viewer, Role::Reporter, Role::Responder, Role::Publisher, Role::Administrator];

    /// Its word in messages and on the command line.
    pub fn word(self) -> &'static str {
        ROLES[self as usize].1
    }

    fn allows(self, permission: Permission) -> bool {
        ROLES[self as usize].2.contains(&permission)
    }
}

impl Permission {
    /// What a caller needs, in words: the scope, and for which of its acts.
    pub(crate) fn words(self) -> &'static str {
        match self {
            SendSignals => "signals:write",
            Read => "incidents:read",
            OwnAccount => "admin, or a person's session",
            Report => "incidents:write, to report",
            Respond => "incidents:write, to respond",
            Publish => "incidents:write, to publish",
            Administer => "admin",
        }
    }
}

/// What a credential carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    /// A token's scopes.
    Scopes(Vec<Scope>),
    /// A person's role.
    Role(Role),
}

impl Grant {
    /// Whether it allows that.
    pub(crate) fn allows(&self, permission: Permission) -> bool {
        match self {
            Grant::Role(role) => role.allows(permission),
            Grant::Scopes(scopes) => {
                SCOPES.iter().any(|(scope, allowed)| scopes.contains(scope) && allowed.contains(&permission))
            }
        }
    }

    /// Refuses where it does not.
    pub(crate) fn must_allow(&self, permission: Permission) -> Result<(), Problem> {
        if self.allows(permission) {
            return Ok(());
        }
        match self {
            Grant::Scopes(scopes) => {
                let needed = SCOPES.iter().find(|(_, allowed)| allowed.contains(&permission));
                let needed = needed.map_or("admin", |(scope, _)| scope.word());
                let has: Vec<&str> = scopes.iter().map(|scope| scope.word()).collect();
                let detail = format!("this needs the scope `{needed}`; yours are {}", has.join(", "));
                Err(Problem::new(&problem::SCOPE_MISSING, detail))
            }
            Grant::Role(role) => {
                let needed = Role::ALL.into_iter().find(|role| role.allows(permission));
                let needed = needed.map_or("administrator", Role::word);
                let detail = format!("this needs the role {needed}; yours is {}", role.word());
                Err(Problem::new(&problem::ROLE_MISSING, detail))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_in_order_and_each_role_includes_the_one_before() {
        for (place, role) in Role::ALL.into_iter().enumerate() {
            assert_eq!(ROLES[place].0, role);
        }
        for two in ROLES.windows(2) {
            assert!(two[0].2.iter().all(|permission| two[1].2.contains(permission)), "{}", two[1].1);
        }
    }
}
