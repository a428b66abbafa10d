//! Who may do what: accounts, sessions, one-time links, tokens, and the table of roles and scopes.
//!
//! Secrets are stored as hashes, looked up in memory, and durable before they are handed out.
//! What a person may decide about an incident is the core's business, not this module's.

mod account;
mod credential;
mod fit;
mod fresh;
mod guard;
mod link;
mod origin;
mod password;
mod principal;
mod role;
mod secret;
mod session;
mod shelf;
mod throttle;
mod token;

use calendar::Duration;
use engine::Engine;
use problem::Problem;

pub(crate) use account::Account;
pub use account::roles_of;
pub use fit::Fit;
pub(crate) use guard::{InFlight, Needs, Slot, guard};
pub(crate) use link::Purpose;
pub(crate) use password::{LENGTH_MAX as PASSWORD_LENGTH_MAX, LENGTH_MIN as PASSWORD_LENGTH_MIN};
pub use principal::Scope;
pub(crate) use principal::{Principal, Viewer};
pub use role::Role;
pub(crate) use role::{Grant, Permission};
pub(crate) use secret::SecretHash;
pub(crate) use session::{Session, cookie, cookie_of, ended_cookie, named_cookie};
pub(crate) use throttle::{Guess, network};
pub use token::{Bootstrap, KnownToken, known_tokens};
pub(crate) use token::{NewToken, Token};

use fresh::Fresh;
use link::Link;
use shelf::Shelf;
use throttle::Throttle;

/// Collections of the credentials that pass by themselves: sessions, sign-in links, and the links of pages by mail.
pub const PASSING: [&str; 3] = ["sessions", "sign-in-links", engine::PASSES];
/// The collection of tokens.
pub const TOKENS: &str = "tokens";
/// How long a session lasts: a shift, and the hand-over after it.
pub const SESSION_LIFETIME: Duration = Duration::from_hours(12);

/// Most valid tokens: programs and sources of one workspace.
const TOKENS_MAX: usize = 1_000;
/// Most valid sessions: everyone of a large organization on several devices.
const SESSIONS_MAX: usize = 10_000;
/// Collection of accounts.
const ACCOUNTS: &str = "accounts";
/// Most accounts: everyone of a large organization.
const ACCOUNTS_MAX: usize = 10_000;
/// Most unused one-time links.
const LINKS_MAX: usize = 1_000;

/// The credentials of one server.
pub struct Access {
    engine: Engine,
    tokens: Shelf<Token>,
    sessions: Shelf<Session>,
    links: Shelf<Link>,
    accounts: Shelf<Account>,
    throttle: Throttle,
    session_lifetime: Duration,
    fresh: Fresh,
}

impl Access {
    /// Reads the credentials from the engine's store.
    pub async fn load(engine: &Engine) -> Result<Access, Problem> {
        let (tokens, sessions, links, accounts) = engine
            .read(|view| {
                Ok((
                    Shelf::load(view, TOKENS, TOKENS_MAX)?,
                    Shelf::load(view, PASSING[0], SESSIONS_MAX)?,
                    Shelf::load(view, PASSING[1], LINKS_MAX)?,
                    Shelf::load(view, ACCOUNTS, ACCOUNTS_MAX)?,
                ))
            })
            .await?;
        Ok(Access {
            engine: engine.clone(),
            tokens,
            sessions,
            links,
            accounts,
            throttle: Throttle::default(),
            session_lifetime: SESSION_LIFETIME,
            fresh: Fresh::default(),
        })
    }

    /// Sessions last so long from now on, in the engine's time. A sped-up demonstration wants more than a shift.
    #[must_use]
    pub fn with_session_lifetime(self, lifetime: Duration) -> Access {
        Access { session_lifetime: lifetime, ..self }
    }

    /// Refuses persons whom the roster does not have.
    fn must_be_known(&self, person: &str) -> Result<(), Problem> {
        let rules = self.engine.rules();
        if rules.roster.people.contains_key(person) {
            return Ok(());
        }
        let known: Vec<&str> = rules.roster.people.keys().map(String::as_str).take(NAMES_SHOWN_MAX).collect();
        let detail = format!("`person` is not in the roster; it has {}", known.join(", "));
        Err(Problem::new(&problem::NAME_UNKNOWN, detail))
    }
}

/// Names repeated in a refusal, so that it stays readable.
const NAMES_SHOWN_MAX: usize = 30;
