//! What is in force: the policy's text, and the people, schedules and channels of the roster.

use axum::Json;
use axum::extract::State;
use policy::model::{Channel, FromEnv, Person};
use serde_json::{Map, Value, json};

use crate::access::Viewer;
use crate::app::App;
use crate::refusal::Refusal;

/// `GET /api/v1/policy`
pub(crate) async fn policy(State(app): State<App>) -> Json<Value> {
    let rules = app.engine.rules();
    Json(json!({
        "id": rules.policy.id,
        "organization": rules.policy.organization,
        "text": rules.documents.policy,
    }))
}

/// `GET /api/v1/roster`: how people are reached is for administrators and for themselves.
pub(crate) async fn roster(State(app): State<App>, viewer: Viewer) -> Result<Json<Value>, Refusal> {
    let since = app.engine.read(|view| view.in_force_since()).await?;
    let rules = app.engine.rules();
    let roster = &rules.roster;
    let now = app.engine.now();
    let people: Vec<Value> = roster
        .people
        .iter()
        .map(|(id, person)| {
            let own = viewer.person.as_ref() == Some(id);
            json!({ "id": id, "name": person.name, "contacts": contacts(person, own || viewer.admin) })
        })
        .collect();
    let schedules: Map<String, Value> = roster
        .schedules
        .iter()
        .map(|(id, schedule)| {
            let on_call = schedule.on_call(now);
            let until = schedule.next_handoff(now);
            (id.clone(), json!({ "time_zone": schedule.time_zone(), "on_call": on_call, "until": until }))
        })
        .collect();
    let channels: Map<String, Value> = roster.channels.iter().map(|(id, one)| (id.clone(), channel(one))).collect();
    Ok(Json(json!({
        "id": roster.id,
        "in_force_since": since,
        "people": people,
        "schedules": schedules,
        "fallback": roster.fallback,
        "calendars": roster.calendars.keys().collect::<Vec<_>>(),
        "channels": channels,
    })))
}

fn contacts(person: &Person, with_addresses: bool) -> Vec<Value> {
    let contact = |contact: &policy::model::Contact| match with_addresses {
        true => json!({ "channel": contact.channel, "to": contact.to }),
        false => json!({ "channel": contact.channel }),
    };
    person.contacts.iter().map(contact).collect()
}

/// URLs of channels often hold secrets, so that only the name of the variable is told.
fn channel(channel: &Channel) -> Value {
    let variable = |url: &FromEnv| match url {
        FromEnv::Variable(name) => Some(name.clone()),
        FromEnv::Value(_) => None,
    };
    match channel {
        Channel::Webhook { url, secret_env, allow_internal } => json!({
            "type": "webhook", "url_env": variable(url), "secret_env": secret_env, "allow_internal": allow_internal,
        }),
        Channel::Slack { url, allow_internal } => {
            json!({ "type": "slack", "url_env": variable(url), "allow_internal": allow_internal })
        }
        Channel::Email(server) => json!({ "type": "email", "host": server.host, "from": server.from }),
    }
}
