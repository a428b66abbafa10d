//! Tokens: credentials of programs and of people's programs.

use calendar::{Duration, Instant};
use engine::View;
use engine::audit::Act;
use problem::Problem;
use serde::{Deserialize, Serialize};
use wcore::event::Actor;

use super::principal::Scope;
use super::secret::{SecretHash, SigningSecret, generate};
use super::shelf::{Expires, Shelf};
use super::{Access, TOKENS};
use crate::intake::heartbeat::PREFIX as HEARTBEAT;

/// What every token begins with, so that scanners for leaked secrets find it.
const PREFIX: &str = "wb_";
/// How long a token lasts that does not say otherwise.
const LIFETIME: Duration = Duration::from_hours(365 * 24);
/// The longest that a token may last; what outlives its author is forgotten.
const LIFETIME_MAX: Duration = Duration::from_hours(5 * 366 * 24);
/// Longest name, in characters: one line in a list.
const NAME_MAX: usize = 100;
/// Shortest bootstrap token, in characters: 128 bits as base64, which no one guesses.
const BOOTSTRAP_MIN: usize = 22;
/// Name of the token that the environment gave.
const BOOTSTRAP_NAME: &str = "bootstrap";
/// Characters at a token's end that are kept readable, for people to tell theirs.
const SHOWN: usize = 4;

/// A token as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Token {
    /// For people.
    pub(crate) name: String,
    /// What it allows.
    pub(crate) scopes: Vec<Scope>,
    /// The person whom it belongs to, and as whom it acts.
    pub(crate) person: Option<String>,
    /// When it was made.
    pub(crate) created_at: Instant,
    /// From then on it is not valid.
    pub(crate) expires_at: Instant,
    /// The last characters of its secret.
    pub(crate) last4: String,
    /// The one source for which it speaks; without it, for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    /// With what its sender signs, where it can and should.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signing_secret: Option<SigningSecret>,
}

impl Expires for Token {
    fn expires_at(&self) -> Instant {
        self.expires_at
    }
}

/// A valid token, for people who look at a store without its server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownToken {
    /// Under which it is revoked.
    pub id: String,
    /// For people.
    pub name: String,
    /// What it allows, the most first.
    pub scopes: Vec<&'static str>,
    /// The person as whom it acts.
    pub person: Option<String>,
    /// When it was made.
    pub created_at: Instant,
    /// From then on it is not valid.
    pub expires_at: Instant,
    /// The last characters of its secret.
    pub last4: String,
}

/// The tokens of a store that are valid at `now`: administrators' first, then the oldest.
pub fn known_tokens(view: &View, now: Instant) -> Result<Vec<KnownToken>, Problem> {
    let shelf: Shelf<Token> = Shelf::load(view, TOKENS, usize::MAX)?;
    let valid = shelf.all().into_iter().filter(|(_, token)| token.expires_at > now);
    let mut tokens: Vec<KnownToken> = valid
        .map(|(hash, token)| KnownToken {
            id: hash.to_string(),
            name: token.name.clone(),
            scopes: token.scopes.iter().rev().map(|scope| scope.word()).collect(),
            person: token.person.clone(),
            created_at: token.created_at,
            expires_at: token.expires_at,
            last4: token.last4.clone(),
        })
        .collect();
    let admin = Scope::Admin.word();
    tokens.sort_by(|a, b| {
        let rank = |token: &KnownToken| (!token.scopes.contains(&admin), token.created_at);
        rank(a).cmp(&rank(b)).then_with(|| a.id.cmp(&b.id))
    });
    Ok(tokens)
}

/// A wish for a token.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewToken {
    pub(crate) name: String,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) person: Option<String>,
    pub(crate) expires_at: Option<Instant>,
    /// The one source for which it shall speak.
    pub(crate) source: Option<String>,
    /// Its sender signs its requests: a signing secret is made, too.
    #[serde(default)]
    pub(crate) signed: bool,
}

/// What became of a bootstrap token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bootstrap {
    /// It is an administrator's token from now on.
    Stored,
    /// It was stored by an earlier start.
    Known,
    /// The store has other tokens, so it opens nothing.
    Ignored,
}

impl Access {
    /// Makes a token: its id, the secret, which is not kept, and what is stored.
    pub(crate) async fn create_token(&self, wish: NewToken, by: Actor) -> Result<(String, String, Token), Problem> {
        let now = self.engine.now();
        let name = wish.name.trim().to_owned();
        let length = name.chars().count();
        if length == 0 || length > NAME_MAX || name.chars().any(char::is_control) {
            return Err(invalid(format!(
                "`name` must have 1 to {NAME_MAX} characters, none of them control characters"
            )));
        }
        if wish.scopes.is_empty() {
            return Err(invalid("`scopes` is empty: such a token would open nothing"));
        }
        let expires_at = wish.expires_at.unwrap_or(now + LIFETIME);
        if expires_at <= now || expires_at > now + LIFETIME_MAX {
            return Err(invalid(format!("`expires_at` must lie between now ({now}) and {}", now + LIFETIME_MAX)));
        }
        if let Some(person) = &wish.person {
            self.must_be_known(person)?;
        }
        if let Some(source) = &wish.source {
            self.must_be_source(source)?;
            if wish.scopes.iter().any(|scope| *scope != Scope::SignalsWrite) {
                return Err(invalid(
                    "a token with a `source` opens that way in and no other: its scope is signals:write",
                ));
            }
        }
        let mut scopes = wish.scopes;
        scopes.sort_unstable();
        scopes.dedup();
        let secret = generate(PREFIX);
        let token = Token {
            name,
            scopes,
            person: wish.person,
            created_at: now,
            expires_at,
            last4: last4(&secret),
            source: wish.source,
            signing_secret: wish.signed.then(SigningSecret::generate),
        };
        let hash = SecretHash::of(&secret);
        let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.word()).collect();
        let act =
            Act::new(by, "token.created", hash.to_string()).noting(format!("{}: {}", token.name, scopes.join(", ")));
        self.tokens.put(&self.engine, hash, token.clone(), Some(act)).await?;
        Ok((hash.to_string(), secret, token))
    }

    fn must_be_source(&self, source: &str) -> Result<(), Problem> {
        let policy = &self.engine.rules().policy;
        let known = policy::BUILT_IN_SOURCES.iter().copied().chain(policy.sources.keys().map(String::as_str));
        let known: Vec<&str> = known.collect();
        let heartbeat = source.strip_prefix(HEARTBEAT);
        if known.contains(&source) || heartbeat.is_some_and(|name| policy.heartbeats.contains_key(name)) {
            return Ok(());
        }
        Err(invalid(format!(
            "`source` names none of the ways in, which are {}, and `heartbeat:NAME` for each of the policy's",
            known.join(", ")
        )))
    }

    /// Every token by id, the newest first.
    pub(crate) fn list_tokens(&self) -> Vec<(String, Token)> {
        let mut tokens: Vec<(String, Token)> =
            self.tokens.all().into_iter().map(|(hash, token)| (hash.to_string(), Token::clone(&token))).collect();
        tokens.sort_by(|(a_id, a), (b_id, b)| b.created_at.cmp(&a.created_at).then_with(|| a_id.cmp(b_id)));
        tokens
    }

    /// Ends a token.
    pub(crate) async fn delete_token(&self, id: &str, by: Actor) -> Result<(), Problem> {
        let taken = match SecretHash::parse(id) {
            Some(hash) => self.tokens.take(&self.engine, hash, Some(Act::new(by, "token.revoked", id))).await?,
            None => None,
        };
        let unknown =
            || Problem::new(&problem::CREDENTIAL_UNKNOWN, "no token has that id; list them with GET /api/v1/tokens");
        taken.map(drop).ok_or_else(unknown)
    }

    /// Accepts the environment's token as an administrator's, if the store has no tokens yet.
    pub async fn bootstrap(&self, secret: &str) -> Result<Bootstrap, Problem> {
        let hash = SecretHash::of(secret);
        if self.tokens.get(&hash).is_some() {
            return Ok(Bootstrap::Known);
        }
        if !self.tokens.is_empty() {
            return Ok(Bootstrap::Ignored);
        }
        let visible = secret.bytes().all(|byte| byte.is_ascii_graphic());
        if !visible || secret.len() < BOOTSTRAP_MIN {
            let detail = format!("it needs at least {BOOTSTRAP_MIN} characters, all visible ASCII");
            return Err(Problem::new(&problem::TOKEN_WEAK, detail));
        }
        let now = self.engine.now();
        let token = Token {
            name: BOOTSTRAP_NAME.to_owned(),
            scopes: vec![Scope::Admin],
            person: None,
            created_at: now,
            expires_at: now + LIFETIME,
            last4: last4(secret),
            source: None,
            signing_secret: None,
        };
        let act = Act::new(Actor::Watchbell, "token.created", hash.to_string()).noting("from the environment");
        self.tokens.put(&self.engine, hash, token, Some(act)).await?;
        Ok(Bootstrap::Stored)
    }
}

fn last4(secret: &str) -> String {
    let start = secret.len().saturating_sub(SHOWN);
    secret.get(start..).unwrap_or_default().to_owned()
}

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(&problem::TOKEN_INVALID, detail)
}
