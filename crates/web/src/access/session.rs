//! Sessions: people in browsers, recognised by a cookie.

use axum::http::{HeaderMap, HeaderValue, header};
use calendar::Instant;
use engine::audit::Act;
use problem::Problem;
use serde::{Deserialize, Serialize};
use wcore::event::Actor;

use super::Access;
use super::principal::Viewer;
use super::secret::{SecretHash, generate};
use super::shelf::Expires;

/// Name of the cookie.
const COOKIE: &str = "watchbell_session";

/// A session as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    /// Who is signed in.
    pub(crate) person: String,
    /// With an administrator's rights.
    pub(crate) admin: bool,
    /// When they signed in.
    pub(crate) created_at: Instant,
    /// From then on it is not valid.
    pub(crate) expires_at: Instant,
}

impl Expires for Session {
    fn expires_at(&self) -> Instant {
        self.expires_at
    }
}

impl Access {
    /// Begins a session of a person; its secret goes into the cookie.
    pub(super) async fn begin_session(&self, person: &str, admin: bool) -> Result<String, Problem> {
        let now = self.engine.now();
        let secret = generate("");
        let session =
            Session { person: person.to_owned(), admin, created_at: now, expires_at: now + self.session_lifetime };
        let note = if admin { "with an administrator's rights" } else { "" };
        let act = Act::new(Actor::Person(person.to_owned()), "session.begun", person).noting(note);
        self.sessions.put(&self.engine, SecretHash::of(&secret), session, Some(act)).await?;
        Ok(secret)
    }

    /// Valid sessions with their ids, the newest first: of one person, or of all.
    pub(crate) fn list_sessions(&self, person: Option<&str>) -> Vec<(String, Session)> {
        let now = self.engine.now();
        let wanted = |session: &Session| session.expires_at > now && person.is_none_or(|id| session.person == id);
        let all = self.sessions.all().into_iter().filter(|(_, session)| wanted(session));
        let mut sessions: Vec<(String, Session)> =
            all.map(|(hash, session)| (hash.to_string(), Session::clone(&session))).collect();
        sessions.sort_by(|(a_id, a), (b_id, b)| b.created_at.cmp(&a.created_at).then_with(|| a_id.cmp(b_id)));
        sessions
    }

    /// Ends a session by its id: one's own, or as an administrator any.
    pub(crate) async fn revoke_session(&self, viewer: &Viewer, id: &str) -> Result<(), Problem> {
        let unknown = || Problem::new(&problem::SESSION_UNKNOWN, "no session of yours has that id");
        let hash = SecretHash::parse(id).ok_or_else(unknown)?;
        let session = self.sessions.get(&hash).ok_or_else(unknown)?;
        if !viewer.admin && viewer.person.as_ref() != Some(&session.person) {
            return Err(unknown());
        }
        let act = Act::new(viewer.actor(), "session.ended", session.person.clone());
        self.sessions.take(&self.engine, hash, Some(act)).await.map(drop)
    }

    /// Ends every session of a person but one.
    pub(super) async fn end_sessions_of(&self, person: &str, but: Option<SecretHash>) -> Result<(), Problem> {
        for (hash, session) in self.sessions.all() {
            if session.person == person && Some(hash) != but {
                self.sessions.take(&self.engine, hash, None).await?;
            }
        }
        Ok(())
    }

    /// Ends the session of that cookie; without one there is nothing to do.
    pub(crate) async fn end_session(&self, secret: &str) -> Result<(), Problem> {
        let hash = SecretHash::of(secret);
        let Some(session) = self.sessions.get(&hash) else { return Ok(()) };
        let person = session.person.clone();
        let act = Act::new(Actor::Person(person.clone()), "session.ended", person);
        self.sessions.take(&self.engine, hash, Some(act)).await.map(drop)
    }
}

/// The session's secret in a request's cookies.
pub(crate) fn cookie_of(headers: &HeaderMap) -> Option<&str> {
    named_cookie(headers, COOKIE)
}

/// The cookie of that name.
pub(crate) fn named_cookie<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

/// The cookie for a session; it ends with the browser or the session, whichever is first.
pub(crate) fn cookie(secret: &str, public_url: &str) -> HeaderValue {
    attributes(secret, public_url, "")
}

/// The cookie that removes itself.
pub(crate) fn ended_cookie(public_url: &str) -> HeaderValue {
    attributes("", public_url, "; Max-Age=0")
}

fn attributes(value: &str, public_url: &str, age: &str) -> HeaderValue {
    let secure = if public_url.starts_with("https://") { "; Secure" } else { "" };
    HeaderValue::from_str(&format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}"))
        .expect("a generated secret and the attributes are visible ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others() {
        for (sent, wanted) in [
            (vec!["watchbell_session=abc"], Some("abc")),
            (vec!["theme=dark; watchbell_session=abc; x=y"], Some("abc")),
            (vec!["theme=dark", "watchbell_session=abc"], Some("abc")),
            (vec!["xwatchbell_session=abc"], None),
            (vec!["watchbell_session"], None),
            (vec![], None),
        ] {
            let mut headers = HeaderMap::new();
            for value in &sent {
                headers.append(header::COOKIE, HeaderValue::from_static(value));
            }
            assert_eq!(cookie_of(&headers), wanted, "{sent:?}");
        }
    }

    #[test]
    fn the_cookie_is_closed_to_scripts_and_strangers() {
        let plain = "watchbell_session=abc; Path=/; HttpOnly; SameSite=Lax";
        assert_eq!(cookie("abc", "http://127.0.0.1:7"), plain);
        assert_eq!(cookie("abc", "https://watchbell.example"), format!("{plain}; Secure"));
        assert_eq!(ended_cookie("http://127.0.0.1:7"), "watchbell_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    }
}
