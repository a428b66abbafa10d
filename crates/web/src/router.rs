//! The one table of routes: method, path, what it needs, who answers.
//!
//! A route that is not in the table does not exist, and one without its needs cannot be written
//! down: nothing else in this crate mounts a route, and a test sees to that.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Request};
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::response::Html;
use axum::routing::{MethodFilter, MethodRouter, on};
use engine::Engine;
use problem::Problem;

use crate::access::{Access, InFlight, Needs, Permission, guard};
use crate::api::{
    audit, clocks, commands, decisions, deliveries, erasures, hold, incidents, plans, playbooks, reviews, rules,
    sessions, signals, sources, test_pages, tokens, users,
};
use crate::app::{App, AppConfig, Parts};
use crate::body::COMMAND_BYTES;
use crate::intake::way::Ledger;
use crate::metrics::{Meters, metrics};
use crate::pages::{self, assets, outside, serve};
use crate::refusal::{Refusal, render};
use crate::{events, headers, health, intake, pass, sign_in, status};

/// One row of the table.
struct Route {
    method: Method,
    path: &'static str,
    needs: Needs,
    handler: MethodRouter<App>,
}

const READ: Needs = Needs::May(Permission::Read);
const REPORT: Needs = Needs::May(Permission::Report);
const RESPOND: Needs = Needs::May(Permission::Respond);
const OWN: Needs = Needs::May(Permission::OwnAccount);
const ADMIN: Needs = Needs::May(Permission::Administer);

/// Every route of every server.
#[rustfmt::skip]
fn table() -> Vec<Route> {
    let mut rows = vec![
        row(Method::POST, "/v1/signals", Needs::Source, intake::native),
        row(Method::POST, "/v2/enqueue", Needs::RoutingKey, intake::enqueue),
        row(Method::POST, "/v2/change/enqueue", Needs::RoutingKey, intake::change),
        row(Method::POST, "/api/v2/alerts", Needs::Source, intake::prometheus),
        row(Method::POST, "/intake/alertmanager", Needs::Source, intake::alertmanager),
        row(Method::POST, "/intake/grafana", Needs::Source, intake::grafana),
        row(Method::PUT, "/intake/grafana", Needs::Source, intake::grafana),
        row(Method::POST, "/intake/webhook/{name}", Needs::Source, intake::webhook),
        row(Method::GET, "/heartbeat/{key}", Needs::PathKey, intake::heartbeat),
        row(Method::POST, "/heartbeat/{key}", Needs::PathKey, intake::heartbeat),
        row(Method::GET, "/api/v1/incidents", READ, incidents::index),
        row(Method::POST, "/api/v1/incidents", REPORT, incidents::declare),
        row(Method::GET, "/api/v1/incidents/{id}", READ, incidents::show),
        row(Method::GET, "/api/v1/incidents/{id}/timeline", READ, incidents::timeline),
        row(Method::GET, "/api/v1/incidents/{id}/decision", READ, incidents::decision),
        row(Method::POST, "/api/v1/incidents/{id}/{command}", Needs::Command, commands::command),
        row(Method::GET, "/api/v1/clocks", READ, clocks::index),
        row(Method::GET, "/api/v1/signals", READ, signals::index),
        row(Method::GET, "/api/v1/sources", READ, sources::index),
        row(Method::GET, "/api/v1/decisions", READ, decisions::index),
        row(Method::GET, "/api/v1/deliveries", READ, deliveries::index),
        row(Method::GET, "/api/v1/events", READ, events::events),
        row(Method::GET, "/api/v1/policy", READ, rules::policy),
        row(Method::POST, "/api/v1/policy/plan", ADMIN, plans::plan),
        row(Method::POST, "/api/v1/policy/apply", ADMIN, plans::apply),
        row(Method::GET, "/api/v1/policy/versions", READ, plans::versions),
        row(Method::GET, "/api/v1/policy/versions/{version}", READ, plans::version),
        row(Method::GET, "/api/v1/playbooks", READ, playbooks::index),
        row(Method::GET, "/api/v1/playbooks/{id}", READ, playbooks::show),
        row(Method::GET, "/api/v1/roster", READ, rules::roster),
        row(Method::GET, "/api/v1/reviews", READ, reviews::show),
        row(Method::POST, "/api/v1/backtests", ADMIN, reviews::backtest),
        row(Method::POST, "/api/v1/erasures", ADMIN, erasures::create),
        row(Method::GET, "/api/v1/audit", READ, audit::index),
        row(Method::GET, "/audit", ADMIN, pages::audit::show),
        row(Method::GET, "/api/v1/hold", READ, hold::show),
        row(Method::POST, "/api/v1/hold", RESPOND, hold::begin),
        row(Method::DELETE, "/api/v1/hold", RESPOND, hold::end),
        row(Method::POST, "/api/v1/test-pages", ADMIN, test_pages::create),
        row(Method::GET, "/api/v1/tokens", ADMIN, tokens::index),
        row(Method::POST, "/api/v1/tokens", ADMIN, tokens::create),
        row(Method::DELETE, "/api/v1/tokens/{id}", ADMIN, tokens::delete),
        row(Method::POST, "/api/v1/sign-in-links", ADMIN, tokens::create_link),
        row(Method::GET, "/api/v1/users", ADMIN, users::index),
        row(Method::POST, "/api/v1/users", ADMIN, users::put),
        row(Method::DELETE, "/api/v1/users/{person}", ADMIN, users::delete),
        row(Method::GET, "/api/v1/sessions", OWN, sessions::index),
        row(Method::DELETE, "/api/v1/sessions/{id}", OWN, sessions::delete),
        row(Method::GET, "/", READ, serve::show_board),
        row(Method::GET, "/incidents", READ, serve::to_board),
        row(Method::POST, "/incidents", REPORT, serve::send_declaration),
        row(Method::GET, "/incidents/new", READ, serve::show_declare),
        row(Method::GET, "/incidents/{id}", READ, serve::show_incident),
        row(Method::GET, "/incidents/{id}/{command}", READ, serve::show_act),
        row(Method::POST, "/incidents/{id}/{command}", Needs::Command, serve::send_command),
        row(Method::GET, "/inbox", READ, serve::show_inbox),
        row(Method::GET, "/deliveries", READ, serve::show_deliveries),
        row(Method::GET, "/policy", READ, serve::show_policy),
        row(Method::GET, "/generator", READ, pages::generator::show),
        row(Method::GET, "/playbooks", READ, pages::playbooks::index),
        row(Method::GET, "/playbooks/{id}", READ, pages::playbooks::show),
        row(Method::GET, "/policy/proof", READ, serve::show_proof),
        row(Method::GET, "/assets/{name}", Needs::Nothing, assets::serve),
        row(Method::GET, "/account", OWN, pages::account::show),
        row(Method::POST, "/account/password", OWN, pages::account::change_password),
        row(Method::POST, "/account/test-page", OWN, pages::account::send_test_page),
        row(Method::POST, "/account/sessions/{id}", OWN, pages::account::end_session),
        row(Method::POST, "/hold", RESPOND, pages::hold::begin),
        row(Method::POST, "/hold/end", RESPOND, pages::hold::end),
        row(Method::POST, "/self-alerts/{code}/seen", RESPOND, serve::see_alert),
        row(Method::GET, "/mine", READ, pages::mine::show),
        row(Method::GET, "/matrix", READ, pages::reports::matrix),
        row(Method::GET, "/matrix.xlsx", READ, pages::reports::matrix_sheet),
        row(Method::GET, "/review", READ, pages::reports::review),
        row(Method::GET, "/sources", READ, pages::sources::index),
        row(Method::GET, "/sources/{name}", READ, pages::sources::show),
        row(Method::POST, "/sources/{name}/keys", ADMIN, pages::sources::make_key),
        row(Method::POST, "/sources/{name}/test", REPORT, pages::sources::test),
        row(Method::GET, "/sign-in", Needs::Nothing, sign_in::form),
        row(Method::POST, "/sign-in", Needs::OwnPage, sign_in::by_password),
        row(Method::GET, "/set-password/{code}", Needs::Nothing, sign_in::ask_password),
        row(Method::POST, "/set-password/{code}", Needs::OwnPage, sign_in::choose_password),
        row(Method::GET, "/sign-in/{code}", Needs::Nothing, sign_in::ask),
        row(Method::POST, "/sign-in/{code}", Needs::OwnPage, sign_in::enter),
        row(Method::GET, "/a/{code}", Needs::Nothing, pass::ask),
        row(Method::POST, "/a/{code}", Needs::OwnPage, pass::take),
        row(Method::POST, "/sign-out", Needs::OwnPage, sign_in::leave),
        row(Method::GET, "/docs/errors", Needs::Nothing, error_codes),
        row(Method::GET, "/docs/errors/{code}", Needs::Nothing, error_code),
        row(Method::GET, "/livez", Needs::Nothing, health::live),
        row(Method::GET, "/readyz", Needs::Nothing, health::ready),
        row(Method::GET, "/metrics", Needs::Nothing, metrics),
        row(Method::GET, "/status", Needs::Nothing, status::page),
        row(Method::GET, "/status/history.atom", Needs::Nothing, status::feed),
    ];
    rows.extend(status::documents().map(|path| row(Method::GET, path, Needs::Nothing, status::document)));
    rows
}

/// Routes of servers with a test clock.
#[rustfmt::skip]
fn test_table() -> Vec<Route> {
    vec![
        row(Method::GET, "/dev/clock", Needs::Nothing, health::clock),
        row(Method::POST, "/dev/clock", Needs::OwnPage, health::advance),
    ]
}

fn row<H, T>(method: Method, path: &'static str, needs: Needs, handler: H) -> Route
where
    H: Handler<T, App>,
    T: 'static,
{
    let filter = MethodFilter::try_from(method.clone()).expect("the table has standard methods only");
    Route { method, path, needs, handler: on(filter, handler) }
}

/// The table for readers: method, path, and what a caller needs.
pub fn routes() -> Vec<(String, &'static str, &'static str)> {
    let listed = |route: Route| (route.method.to_string(), route.path, route.needs.words());
    table().into_iter().chain(test_table()).map(listed).collect()
}

/// The words of commands, and what each needs.
pub fn commands() -> Vec<(&'static str, &'static str)> {
    commands::words().collect()
}

/// Everything that the server answers.
pub fn router(engine: Engine, access: Arc<Access>, config: AppConfig) -> Router {
    let mut routes = table();
    if config.dev && config.test_clock {
        routes.extend(test_table());
    }
    let app = App::from(Parts {
        status: Arc::new(status::Watch::new(engine.clone(), &config.status_url)),
        engine,
        access,
        config: Arc::new(config),
        meters: Arc::new(Meters::default()),
        in_flight: Arc::new(InFlight::default()),
        ledger: Arc::new(Ledger::default()),
        floods: Arc::default(),
        remembered: Arc::default(),
    });
    let mut router = Router::new();
    for Route { path, needs, handler, .. } in routes {
        router = router.route(path, handler.route_layer(from_fn_with_state((app.clone(), needs), guard)));
    }
    router
        .layer(DefaultBodyLimit::max(COMMAND_BYTES))
        .fallback(unknown_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(app.clone(), render))
        .layer(from_fn_with_state(app.clone(), headers::finish))
        .with_state(app)
}

async fn unknown_route(request: Request) -> Refusal {
    Problem::new(&problem::ROUTE_UNKNOWN, format!("nothing answers {} here", request.method())).into()
}

async fn wrong_method(request: Request) -> Refusal {
    Problem::new(&problem::METHOD_WRONG, format!("{} is not among its methods", request.method())).into()
}

/// `GET /docs/errors`
async fn error_codes() -> Html<String> {
    Html(outside::codes().into_string())
}

/// `GET /docs/errors/{code}`
async fn error_code(Path(id): Path<String>) -> Result<Html<String>, Refusal> {
    let unknown = || Problem::new(&problem::ROUTE_UNKNOWN, "no problem has that code; /docs/errors lists them all");
    problem::find(&id).map(|code| Html(outside::code(code).into_string())).ok_or_else(|| unknown().into())
}
