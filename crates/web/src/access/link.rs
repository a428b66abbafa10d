//! One-time links, by which people sign in.
//!
//! Opening a link changes nothing, because mail scanners open links; the button behind it does.

use calendar::{Duration, Instant};
use problem::Problem;
use serde::{Deserialize, Serialize};

use super::Access;
use super::secret::{SecretHash, generate};
use super::shelf::Expires;

/// A one-time link as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Link {
    /// Whom it signs in.
    pub(crate) person: String,
    /// With an administrator's rights.
    pub(crate) admin: bool,
    /// From then on it is not valid.
    pub(crate) expires_at: Instant,
}

impl Expires for Link {
    fn expires_at(&self) -> Instant {
        self.expires_at
    }
}

impl Access {
    /// Makes a link that signs a person in once; answers its path, `/sign-in/…`.
    pub async fn one_time_link(&self, person: &str, ttl: Duration) -> Result<String, Problem> {
        self.make_link(person, ttl, false).await
    }

    /// The same, for a session that may administer: how the first administrator comes in.
    pub async fn administrator_link(&self, person: &str, ttl: Duration) -> Result<String, Problem> {
        self.make_link(person, ttl, true).await
    }

    async fn make_link(&self, person: &str, ttl: Duration, admin: bool) -> Result<String, Problem> {
        self.must_be_known(person)?;
        let code = generate("");
        let link = Link { person: person.to_owned(), admin, expires_at: self.engine.now() + ttl };
        self.links.put(&self.engine, SecretHash::of(&code), link).await?;
        Ok(format!("/sign-in/{code}"))
    }

    /// Whom a code would sign in, without using it up.
    pub(crate) fn peek_link(&self, code: &str) -> Result<String, Problem> {
        let link = self.links.get(&SecretHash::of(code)).ok_or_else(spent)?;
        if link.expires_at <= self.engine.now() {
            return Err(spent());
        }
        Ok(link.person.clone())
    }

    /// Uses a code up and begins a session; answers the cookie's secret.
    pub(crate) async fn sign_in(&self, code: &str) -> Result<String, Problem> {
        self.peek_link(code)?;
        let taken = self.links.take(&self.engine, SecretHash::of(code)).await?;
        self.begin_session(&*taken.ok_or_else(spent)?).await
    }
}

fn spent() -> Problem {
    Problem::new(&problem::LINK_SPENT, "ask for a new one")
}
