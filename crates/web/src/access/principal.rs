//! Who asks, and what that lets them do and see.
//!
//! It does not know tokens or cookies: by now somebody has been recognised.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use problem::Problem;
use serde::{Deserialize, Serialize};
use wcore::Incident;
use wcore::event::Actor;

use super::role::{Grant, Permission};
use crate::refusal::Refusal;

/// What a credential allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scope {
    /// Send signals.
    #[serde(rename = "signals:write")]
    SignalsWrite,
    /// Read incidents and what belongs to them.
    #[serde(rename = "incidents:read")]
    IncidentsRead,
    /// Declare incidents and act on them.
    #[serde(rename = "incidents:write")]
    IncidentsWrite,
    /// Everything, including access itself.
    #[serde(rename = "admin")]
    Admin,
}

impl Scope {
    /// Its word in tokens and messages.
    pub fn word(self) -> &'static str {
        match self {
            Scope::SignalsWrite => "signals:write",
            Scope::IncidentsRead => "incidents:read",
            Scope::IncidentsWrite => "incidents:write",
            Scope::Admin => "admin",
        }
    }
}

/// Who looks at a page or an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Viewer {
    /// The person's id in the roster; `None` for a program.
    pub(crate) person: Option<String>,
    /// Name for people: the person's, or the token's.
    pub(crate) name: String,
    /// Sees and may do everything.
    pub(crate) admin: bool,
}

impl Viewer {
    /// Somebody who is involved in nothing: what they may see, everybody may.
    pub(crate) fn anybody() -> Viewer {
        Viewer { person: None, name: String::new(), admin: false }
    }

    /// As whom they act.
    pub(crate) fn actor(&self) -> Actor {
        match &self.person {
            Some(person) => Actor::Person(person.clone()),
            None => Actor::Machine(self.name.clone()),
        }
    }
}

impl Viewer {
    /// Whether the state of an incident lets them see it: a restricted one those who hold a role in it
    /// or are asked to take one over, those to whom a step was given, and administrators. Whoever was paged for it may, too; `sight` knows.
    pub(crate) fn is_involved(&self, incident: &Incident) -> bool {
        let holds = |person: &String| {
            incident.roles.values().any(|holder| holder.involves(person)) || incident.has_step_of(person)
        };
        !incident.restricted || self.admin || self.person.as_ref().is_some_and(holds)
    }
}

/// A recognised sender.
#[derive(Clone, Debug)]
pub(crate) struct Principal {
    /// Who it is.
    pub(crate) viewer: Viewer,
    /// Names the credential; the scope of its idempotency keys.
    pub(crate) credential: String,
    /// What the credential allows.
    pub(crate) grant: Grant,
    /// The one source for which it may speak; `None`: for all.
    pub(crate) source: Option<String>,
    /// Recognised by a cookie, which browsers also send for strangers.
    pub(crate) by_cookie: bool,
}

impl Principal {
    /// Refuses where the credential does not allow it.
    pub(crate) fn must(&self, permission: Permission) -> Result<(), Problem> {
        self.grant.must_allow(permission)
    }

    /// Refuses where the credential was made for another source.
    pub(crate) fn must_speak_for(&self, source: &str) -> Result<(), Problem> {
        match &self.source {
            Some(own) if own != source => {
                let detail = format!("the key is that of `{own}`, and this is `{source}`");
                Err(Problem::new(&problem::SOURCE_MISMATCH, detail))
            }
            _ => Ok(()),
        }
    }
}

/// The guard puts the principal there; a route without a guard has nobody.
impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Principal, Refusal> {
        parts.extensions.get::<Principal>().cloned().ok_or_else(|| nobody().into())
    }
}

impl<S: Sync> FromRequestParts<S> for Viewer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Viewer, Refusal> {
        parts.extensions.get::<Principal>().map(|principal| principal.viewer.clone()).ok_or_else(|| nobody().into())
    }
}

/// No credential was given.
pub(crate) fn nobody() -> Problem {
    Problem::new(&problem::TOKEN_MISSING, "send `Authorization: Bearer wb_…`, or sign in")
}
