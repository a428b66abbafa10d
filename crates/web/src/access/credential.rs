//! From what a request carries to who sends it.

use std::borrow::Cow;

use axum::extract::Query;
use axum::http::{HeaderMap, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use problem::{Code, Problem};
use serde::Deserialize;

use super::Access;
use super::principal::{Principal, Scope, Viewer, nobody};
use super::role::{Grant, Role};
use super::secret::{SecretHash, SigningSecret};
use super::session::{Session, cookie_of};

/// Longest secret that is looked at, in bytes; ours have 46, bootstrap tokens may be longer.
const SECRET_MAX: usize = 512;

/// Where a route takes a token from, besides `Authorization: Bearer` and the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Places {
    /// Nowhere.
    Usual,
    /// Also the password of basic authentication and `?key=`: senders that know nothing else.
    Sources,
}

#[derive(Deserialize)]
struct Key {
    key: Option<String>,
}

impl Access {
    /// Recognises the sender.
    pub(crate) fn recognise(&self, headers: &HeaderMap, uri: &Uri, places: Places) -> Result<Principal, Problem> {
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let secret = value.to_str().ok().and_then(|value| authorization(value, places));
            let unread = || Problem::new(&problem::TOKEN_UNKNOWN, "`Authorization` is not `Bearer` and a token");
            return self.by_token(&secret.ok_or_else(unread)?);
        }
        if places == Places::Sources
            && uri.query().is_some()
            && let Ok(Query(Key { key: Some(key) })) = Query::<Key>::try_from_uri(uri)
        {
            return self.by_token(&key);
        }
        match cookie_of(headers) {
            Some(secret) => self.by_session(secret),
            None => Err(nobody()),
        }
    }

    /// Recognises the sender by a token alone.
    pub(crate) fn by_token(&self, secret: &str) -> Result<Principal, Problem> {
        let unknown =
            || Problem::new(&problem::TOKEN_UNKNOWN, "it was revoked, belongs to another server, or is misspelt");
        if secret.len() > SECRET_MAX {
            return Err(unknown());
        }
        let hash = SecretHash::of(secret);
        let token = self.tokens.get(&hash).ok_or_else(unknown)?;
        if token.expires_at <= self.engine.now() {
            let detail = format!("the token `{}` expired at {}", token.name, token.expires_at);
            return Err(Problem::new(&problem::TOKEN_EXPIRED, detail));
        }
        let name = match &token.person {
            Some(person) => self.name_of(person)?,
            None => token.name.clone(),
        };
        let admin = token.scopes.contains(&Scope::Admin);
        Ok(Principal {
            viewer: Viewer { person: token.person.clone(), name, admin },
            credential: format!("token:{hash}"),
            grant: Grant::Scopes(token.scopes.clone()),
            source: token.source.clone(),
            by_cookie: false,
        })
    }

    fn by_session(&self, secret: &str) -> Result<Principal, Problem> {
        let over = || Problem::new(&problem::SESSION_ENDED, "sign in again");
        let hash = SecretHash::of(secret);
        let session = self.sessions.get(&hash).ok_or_else(over)?;
        if session.expires_at <= self.engine.now() {
            return Err(over());
        }
        let role = self.role_in(&session);
        let admin = role == Role::Administrator;
        let name = self.name_of(&session.person)?;
        Ok(Principal {
            viewer: Viewer { person: Some(session.person.clone()), name, admin },
            credential: format!("session:{hash}"),
            grant: Grant::Role(role),
            source: None,
            by_cookie: true,
        })
    }

    /// As what a session acts. The account's role counts from the moment it is given; a link without
    /// an account signs in as who may do all but administer, or all: its maker decided so.
    fn role_in(&self, session: &Session) -> Role {
        let without_account = if session.admin { Role::Administrator } else { Role::Publisher };
        self.role_of(&session.person).unwrap_or(without_account)
    }

    /// With what a sender signs its requests, if its token has such a secret.
    pub(crate) fn signing_secret(&self, principal: &Principal) -> Option<SigningSecret> {
        let hash = SecretHash::parse(principal.credential.strip_prefix("token:")?)?;
        self.tokens.get(&hash)?.signing_secret.clone()
    }

    /// Whether a recognised sender would still be recognised, and as who sees as much: for answers that last.
    pub(crate) fn still_knows(&self, principal: &Principal) -> bool {
        let now = self.engine.now();
        let known = match principal.credential.split_once(':') {
            // A token's scopes never change.
            Some(("token", hash)) => SecretHash::parse(hash)
                .and_then(|hash| self.tokens.get(&hash))
                .map(|token| (token.expires_at, principal.viewer.admin)),
            Some((_, hash)) => SecretHash::parse(hash)
                .and_then(|hash| self.sessions.get(&hash))
                .map(|session| (session.expires_at, self.role_in(&session) == Role::Administrator)),
            None => None,
        };
        let stays = principal.viewer.person.as_deref().is_none_or(|person| self.name_of(person).is_ok());
        stays && known.is_some_and(|(expires_at, admin)| expires_at > now && admin == principal.viewer.admin)
    }

    /// The name of a person who is still in the roster: who has left it has no access.
    pub(crate) fn name_of(&self, person: &str) -> Result<String, Problem> {
        let rules = self.engine.rules();
        let left = || refused(&problem::PERSON_LEFT, format!("`{person}` is not in the roster"));
        rules.roster.people.get(person).map(|person| person.name.clone()).ok_or_else(left)
    }
}

fn refused(code: &'static Code, detail: String) -> Problem {
    Problem::new(code, detail)
}

/// The token in an `Authorization` header.
fn authorization(value: &str, places: Places) -> Option<Cow<'_, str>> {
    let (scheme, rest) = value.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return (!rest.is_empty()).then_some(Cow::Borrowed(rest));
    }
    if places == Places::Sources && scheme.eq_ignore_ascii_case("basic") {
        let decoded = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
        return decoded.split_once(':').map(|(_, password)| Cow::Owned(password.to_owned()));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorization_is_read() {
        // `dXNlcjp3Yl94OnkK` would be `user:wb_x:y`, with a newline; the password is all after the first colon.
        for (value, places, wanted) in [
            ("Bearer wb_x", Places::Usual, Some("wb_x")),
            ("bearer  wb_x ", Places::Usual, Some("wb_x")),
            ("Bearer", Places::Usual, None),
            ("Bearer ", Places::Usual, None),
            ("wb_x", Places::Usual, None),
            ("Basic dXNlcjp3Yl94Onk=", Places::Sources, Some("wb_x:y")),
            ("Basic dXNlcjp3Yl94Onk=", Places::Usual, None),
            ("Basic dXNlcg==", Places::Sources, None),
            ("Basic %%%", Places::Sources, None),
            ("Digest x", Places::Sources, None),
        ] {
            assert_eq!(authorization(value, places).as_deref(), wanted, "{value}");
        }
    }
}
