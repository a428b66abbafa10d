//! Accounts: people with a role, and a password of their own.
//!
//! An administrator gives the role; the person chooses the password by a one-time link, so that
//! nobody else ever knows it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use calendar::{Duration, Instant};
use engine::View;
use engine::audit::Act;
use problem::Problem;
use serde::{Deserialize, Serialize};
use wcore::event::Actor;

use super::fit::Fit;
use super::link::Purpose;
use super::password::Hashed;
use super::role::Role;
use super::secret::SecretHash;
use super::shelf::{Expires, Shelf};
use super::{ACCOUNTS, ACCOUNTS_MAX, Access};

/// An account as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// Whose it is, by id in the roster.
    pub(crate) person: String,
    /// What they are here for.
    pub(crate) role: Role,
    /// When it was made.
    pub(crate) created_at: Instant,
    /// None until they have chosen one.
    pub(crate) password: Option<Hashed>,
}

/// An account lasts until it is removed.
impl Expires for Account {
    fn expires_at(&self) -> Instant {
        Instant::MAX
    }
}

/// The roles of all accounts that a store has, by person.
pub fn roles_of(view: &View) -> Result<BTreeMap<String, Role>, Problem> {
    let accounts = Shelf::<Account>::load(view, ACCOUNTS, ACCOUNTS_MAX)?.all();
    Ok(accounts.into_iter().map(|(_, account)| (account.person.clone(), account.role)).collect())
}

impl Access {
    /// Who may do less here than the policy in force asks of them, and what: one sentence a person.
    pub fn lacks(&self) -> BTreeMap<String, String> {
        let rules = self.engine.rules();
        let accounts = self.list_accounts().into_iter().map(|account| (account.person, account.role)).collect();
        let (policy, roster) = (&rules.policy, &rules.roster);
        Fit { policy, roster, accounts: &accounts, now: self.engine.now() }.lacks()
    }

    /// Every account, by person.
    pub(crate) fn list_accounts(&self) -> Vec<Account> {
        let mut accounts: Vec<Account> = self.accounts.all().into_iter().map(|(_, one)| Account::clone(&one)).collect();
        accounts.sort_by(|a, b| a.person.cmp(&b.person));
        accounts
    }

    /// The role of a person who has an account.
    pub(crate) fn role_of(&self, person: &str) -> Option<Role> {
        self.accounts.get(&key(person)).map(|account| account.role)
    }

    /// Whether a person has chosen a password.
    pub(crate) fn has_password(&self, person: &str) -> bool {
        self.accounts.get(&key(person)).is_some_and(|account| account.password.is_some())
    }

    /// Makes an account, or gives the one that is there another role.
    pub(crate) async fn put_account(&self, person: &str, role: Role, by: Actor) -> Result<Account, Problem> {
        self.must_be_known(person)?;
        let known = self.accounts.get(&key(person));
        let before = known.as_ref().map(|account| account.role);
        let account = Account {
            person: person.to_owned(),
            role,
            created_at: known.as_ref().map_or(self.engine.now(), |account| account.created_at),
            password: known.and_then(|account| account.password.clone()),
        };
        let act = match before {
            Some(before) => Act::new(by, "user.role_changed", person).noting(format!("from {}", before.word())),
            None => Act::new(by, "user.created", person),
        };
        let act = Act { note: format!("{} {}", role.word(), act.note).trim().to_owned(), ..act };
        self.accounts.put(&self.engine, key(person), account.clone(), Some(act)).await?;
        tracing::info!(access.person = person, access.role = role.word(), "access.account_set");
        Ok(account)
    }

    /// Removes an account, and ends all that it opened: sessions, links to sign in, tokens, and the
    /// links of pages that went out before.
    pub(crate) async fn remove_account(&self, person: &str, by: Actor) -> Result<(), Problem> {
        let taken =
            self.accounts.take(&self.engine, key(person), Some(Act::new(by.clone(), "user.removed", person))).await?;
        let unknown =
            || Problem::new(&problem::ACCOUNT_UNKNOWN, "that person has no account; list them with GET /api/v1/users");
        taken.ok_or_else(unknown)?;
        tracing::info!(access.person = person, "access.account_removed");
        self.end_sessions_of(person, None).await?;
        for (hash, _) in self.links.all().into_iter().filter(|(_, link)| link.person == person) {
            self.links.take(&self.engine, hash, None).await?;
        }
        for (hash, _) in self.tokens.all().into_iter().filter(|(_, token)| token.person.as_deref() == Some(person)) {
            let act = Act::new(by.clone(), "token.revoked", hash.to_string());
            self.tokens.take(&self.engine, hash, Some(act)).await?;
        }
        self.engine.end_passes_of(person).await
    }

    /// Makes a link by which a person chooses a password; answers its path, `/set-password/…`.
    pub(crate) async fn password_link(&self, person: &str, ttl: Duration) -> Result<String, Problem> {
        let code = self.make_code(person, ttl, Purpose::Password).await?;
        Ok(format!("/set-password/{code}"))
    }

    /// Uses a link up: stores the password, ends older sessions, and begins one.
    pub(crate) async fn choose_password(&self, code: &str, password: String) -> Result<String, Problem> {
        let person = self.peek_link(code, Purpose::Password)?;
        // A refused password leaves the link as it is.
        let hashed = Hashed::of(&person, password).await?;
        let link = self.take_link(code, Purpose::Password).await?;
        self.store_password(&link.person, hashed).await?;
        self.begin_session(&link.person, false).await
    }

    /// Replaces a password by who knows it; the session of `keep` goes on, others end.
    pub(crate) async fn change_password(
        &self,
        person: &str,
        (old, new): (String, String),
        (from, keep): (Option<IpAddr>, SecretHash),
    ) -> Result<(), Problem> {
        self.must_match(person, old, from).await?;
        let hashed = Hashed::of(person, new).await?;
        self.replace_password(person, hashed).await?;
        self.end_sessions_of(person, Some(keep)).await
    }

    /// Begins a session for who knows the password.
    pub(crate) async fn sign_in_by_password(
        &self,
        person: &str,
        password: String,
        from: Option<IpAddr>,
    ) -> Result<String, Problem> {
        if let Err(problem) = self.must_match(person, password, from).await {
            self.note_refusal(person, &problem);
            return Err(problem);
        }
        self.name_of(person).map_err(|_| wrong())?;
        self.begin_session(person, false).await
    }

    /// A wrong password of a person who has an account is on record; what else was typed into the
    /// field never is, since it may be a password. The throttle bounds how many there are: what it
    /// refuses is not recorded. The answer does not wait for it, since it would tell that the name is somebody's.
    fn note_refusal(&self, person: &str, problem: &Problem) {
        if problem.code.id != problem::SIGN_IN_REFUSED.id || self.accounts.get(&key(person)).is_none() {
            return;
        }
        let act = Act::new(Actor::Watchbell, "sign-in.refused", person).noting("wrong password");
        let engine = self.engine.clone();
        tokio::spawn(async move {
            if let Err(problem) = engine.note(act).await {
                tracing::warn!(code = problem.code.id, "access.refusal_not_recorded");
            }
        });
    }

    /// Refuses a wrong password and too many attempts, in the same words and time whatever is wrong.
    async fn must_match(&self, person: &str, password: String, from: Option<IpAddr>) -> Result<(), Problem> {
        let delay = self.throttle.attempt(person, from, self.engine.now())?;
        tokio::time::sleep(delay.unsigned_abs()).await;
        let account = self.accounts.get(&key(person));
        let Some(hashed) = account.as_ref().and_then(|account| account.password.as_ref()) else {
            Hashed::of_nobody(password).await?;
            return Err(wrong());
        };
        if !hashed.is(password).await? {
            return Err(wrong());
        }
        self.throttle.forget(person, from);
        Ok(())
    }

    async fn store_password(&self, person: &str, hashed: Hashed) -> Result<(), Problem> {
        self.replace_password(person, hashed).await?;
        self.end_sessions_of(person, None).await
    }

    async fn replace_password(&self, person: &str, hashed: Hashed) -> Result<(), Problem> {
        let unknown = || Problem::new(&problem::ACCOUNT_UNKNOWN, "it was removed meanwhile");
        let account = self.accounts.get(&key(person)).ok_or_else(unknown)?;
        let account = Account { password: Some(hashed), ..Account::clone(&account) };
        let act = Act::new(Actor::Person(person.to_owned()), "password.set", person);
        self.accounts.put(&self.engine, key(person), account, Some(act)).await.map(drop)
    }
}

/// Accounts stand on the shelf by the hash of their person's id.
fn key(person: &str) -> SecretHash {
    SecretHash::of(&format!("account of {person}"))
}

fn wrong() -> Problem {
    Problem::new(&problem::SIGN_IN_REFUSED, "compare the name with the roster, and try the password again")
}
