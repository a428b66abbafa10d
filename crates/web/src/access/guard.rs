//! The door in front of every route: recognises, checks the permission, the origin and the load.
//!
//! Deny by default: a route is in the table with what it needs, or it does not exist.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use problem::Problem;

use super::credential::Places;
use super::origin::Origin;
use super::principal::Principal;
use super::role::Permission;
use super::throttle::Guess;
use crate::app::App;
use crate::refusal::Refusal;
use crate::serve::Sender;

/// How long a request may take, in real time, its body included. Nothing durable takes half as long.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing: it tells and changes nothing that is worth protecting.
    Nothing,
    /// Nothing but not to be sent by somebody else's page.
    OwnPage,
    /// A credential that allows it.
    May(Permission),
    /// A credential that allows what the command of the path asks for; the handler asks for the rest.
    Command,
    /// The same, for signals of senders who know only basic authentication or a key in the URL.
    Source,
    /// The same, in the body, where only the handler can read it.
    RoutingKey,
    /// The same, as a part of the path.
    PathKey,
}

impl Needs {
    /// What a caller needs, in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Needs::Nothing => "nothing",
            Needs::OwnPage => "nothing, but not from another site's page",
            Needs::May(permission) => permission.words(),
            Needs::Command => "incidents:write, by command",
            Needs::Source => "signals:write, also as password or ?key=",
            Needs::RoutingKey => "signals:write, as routing_key",
            Needs::PathKey => "signals:write, as part of the path",
        }
    }
}

/// How many requests of each credential are under way.
#[derive(Debug, Default)]
pub(crate) struct InFlight(Mutex<HashMap<String, usize>>);

/// One request under way; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    all: Arc<InFlight>,
    credential: String,
}

impl InFlight {
    /// Takes a slot, unless the credential has `max` already.
    pub(crate) fn enter(self: &Arc<Self>, credential: &str, max: usize) -> Option<Slot> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let under_way = counts.get(credential).copied().unwrap_or(0);
        if under_way >= max {
            return None;
        }
        counts.insert(credential.to_owned(), under_way + 1);
        drop(counts);
        Some(Slot { all: Arc::clone(self), credential: credential.to_owned() })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.credential) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.credential);
            }
        }
    }
}

/// Lets a request of the table in.
pub(crate) async fn guard(
    State((app, needs)): State<(App, Needs)>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let (permission, places) = match needs {
        Needs::Nothing | Needs::RoutingKey | Needs::PathKey => return in_time(request, next).await,
        Needs::OwnPage => {
            if Origin::of(request.headers(), &app.config.public_url) == Origin::Foreign {
                return Err(foreign().into());
            }
            return in_time(request, next).await;
        }
        Needs::May(permission) => (permission, Places::Usual),
        Needs::Command => (Permission::Report, Places::Usual),
        Needs::Source => (Permission::SendSignals, Places::Sources),
    };
    let Sender(from) = Sender::of(request.extensions(), request.headers());
    let recognised = app.access.recognise_anywhere(request.headers(), request.uri(), places).await;
    let principal = recognised.map_err(|refusal| app.access.guessed(Guess::Token, from, refusal))?;
    principal.must(permission)?;
    admit(&app, request, principal, next).await
}

async fn admit(app: &App, mut request: Request, principal: Principal, next: Next) -> Result<Response, Refusal> {
    let origin = Origin::of(request.headers(), &app.config.public_url);
    if principal.by_cookie && !is_safe(request.method()) && origin != Origin::Own {
        return Err(foreign().into());
    }
    let max = app.config.in_flight_max;
    let too_many =
        || Problem::new(&problem::IN_FLIGHT_TOO_MANY, format!("{max} requests of this credential are under way"));
    let _slot = app.in_flight.enter(&principal.credential, max).ok_or_else(too_many)?;
    request.extensions_mut().insert(principal);
    in_time(request, next).await
}

async fn in_time(request: Request, next: Next) -> Result<Response, Refusal> {
    let late = |_| {
        let detail = format!("it took more than {} seconds", REQUEST_TIME_MAX.as_secs());
        Refusal::from(Problem::new(&problem::REQUEST_TIMEOUT, detail))
    };
    tokio::time::timeout(REQUEST_TIME_MAX, next.run(request)).await.map_err(late)
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn foreign() -> Problem {
    Problem::new(&problem::CROSS_SITE, "neither `Origin` nor `Sec-Fetch-Site` says that one of our own pages sends it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_by_credential_and_given_back() {
        let in_flight = Arc::new(InFlight::default());
        let first = in_flight.enter("a", 2);
        let second = in_flight.enter("a", 2);
        assert!(first.is_some() && second.is_some());
        assert!(in_flight.enter("a", 2).is_none());
        let other = in_flight.enter("b", 2);
        assert!(other.is_some());
        drop(first);
        let third = in_flight.enter("a", 2);
        assert!(third.is_some() && in_flight.enter("a", 2).is_none());
        drop((second, third, other));
        assert!(in_flight.0.lock().unwrap().is_empty(), "nothing is remembered of the idle");
    }
}
