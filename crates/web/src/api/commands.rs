//! `POST /api/v1/incidents/{id}/{command}`: the body is the command's fields.
//!
//! The core decides; here a path and a body become its command. Internal commands have no word.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use policy::model::Policy;
use problem::Problem;
use serde::Deserialize;
use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer};
use serde::de::{DeserializeSeed, MapAccess};
use wcore::Command;

use super::idempotency;
use crate::access::Permission::{self, Administer, Publish, Report, Respond};
use crate::access::{Grant, Principal};
use crate::app::App;
use crate::body::{Posted, malformed};
use crate::dto::IncidentDto;
use crate::id;
use crate::refusal::Refusal;

/// A command's word in the path, the core's name for it, and what it asks of its sender. Words to
/// audiences that read the status page ask for [`Publish`] besides.
const WORDS: [(&str, &str, Permission); 32] = [
    ("acknowledge", "acknowledge", Respond),
    ("assign", "assign", Respond),
    ("accept", "accept", Respond),
    ("decline", "decline", Respond),
    ("hand-over", "hand_over", Respond),
    ("facts", "fact", Respond),
    ("updates", "update", Respond),
    ("drafts", "draft", Respond),
    ("approve", "approve", Publish),
    ("publish", "publish", Publish),
    ("corrections", "correct", Publish),
    ("decide", "decide", Respond),
    ("contain", "contain", Respond),
    ("mitigate", "mitigate", Respond),
    ("validations", "validate", Respond),
    ("resolve", "resolve", Respond),
    ("break-glass", "break_glass", Respond),
    ("confirm", "confirm", Respond),
    ("reopen", "reopen", Respond),
    ("severity", "severity", Respond),
    ("confirm-severity", "confirm_severity", Respond),
    ("decline-severity", "decline_severity", Respond),
    ("notes", "note", Report),
    ("pause", "pause", Respond),
    ("unpause", "unpause", Respond),
    ("waive", "waive", Respond),
    ("reviews", "review", Respond),
    ("action-done", "action_done", Respond),
    ("start-checklist", "start_checklist", Respond),
    ("tick-step", "tick_step", Respond),
    ("untick-step", "untick_step", Respond),
    ("assign-step", "assign_step", Respond),
];

/// The surface of an audience whose words strangers read.
pub(crate) const PUBLIC_SURFACE: &str = "status-page";

/// Every word and what it asks for, for readers of the table of access.
pub(crate) fn words() -> impl Iterator<Item = (&'static str, &'static str)> {
    WORDS.iter().map(|(word, _, permission)| (*word, permission.words()))
}

/// Refuses who may not give that command. Pages and the API ask here.
pub(crate) fn must_may(grant: &Grant, word: &str, command: &Command, policy: &Policy) -> Result<(), Problem> {
    must_do(word, grant)?;
    let Command::Update { audience, .. } = command else { return Ok(()) };
    let surface = policy.audiences.get(audience).and_then(|audience| audience.surface.as_deref());
    if surface == Some(PUBLIC_SURFACE) { grant.must_allow(Publish) } else { Ok(()) }
}

/// Refuses who may give no command of that word.
pub(crate) fn must_do(word: &str, grant: &Grant) -> Result<(), Problem> {
    let asked = WORDS.iter().find(|(path, ..)| *path == word).map_or(Administer, |(.., permission)| *permission);
    grant.must_allow(asked)
}

/// Acts on an incident; answers the incident afterwards.
pub(crate) async fn command(
    State(app): State<App>,
    principal: Principal,
    Path((id, word)): Path<(String, String)>,
    (method, uri, headers): (Method, Uri, HeaderMap),
    posted: Posted,
) -> Result<Response, Refusal> {
    let (name, permission) = name_of(&word)?;
    principal.must(permission)?;
    let incident = app.incident(&principal.viewer, id::parse_incident(&id)?).await?;
    let command = parse(name, posted.text()?)?;
    must_may(&principal.grant, &word, &command, &app.engine.rules().policy)?;
    let key = idempotency::of(&principal, &headers, (&method, &uri), &posted.0)?;
    let applied = app.engine.command(incident.no, command, principal.viewer.actor(), key).await?;
    let rules = app.engine.rules();
    let dto = IncidentDto::new(&applied.incident, &rules.policy, &app.config.public_url);
    Ok(idempotency::marked(Json(dto), applied.replayed))
}

fn name_of(word: &str) -> Result<(&'static str, Permission), Problem> {
    let found = WORDS.iter().find(|(path, ..)| *path == word).map(|(_, name, permission)| (*name, *permission));
    found.ok_or_else(|| {
        let words: Vec<&str> = WORDS.iter().map(|(path, ..)| *path).collect();
        Problem::new(&problem::COMMAND_UNKNOWN, format!("there are {}", words.join(", ")))
    })
}

/// The command of that name with the fields in `json`.
fn parse(name: &'static str, json: &str) -> Result<Command, Problem> {
    let mut fields = serde_json::Deserializer::from_str(json);
    let command = Command::deserialize(MapAccessDeserializer::new(Tagged { name: Some(name), fields: &mut fields }));
    let command = command.map_err(|error| malformed(&error))?;
    fields.end().map_err(|error| malformed(&error))?;
    Ok(command)
}

/// The one-entry map `{name: fields}`, which is how the core's commands are written.
struct Tagged<'a, 'de> {
    name: Option<&'static str>,
    fields: &'a mut serde_json::Deserializer<serde_json::de::StrRead<'de>>,
}

impl<'de> MapAccess<'de> for Tagged<'_, 'de> {
    type Error = serde_json::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Self::Error> {
        self.name.take().map(|name| seed.deserialize(BorrowedStrDeserializer::new(name))).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Self::Error> {
        seed.deserialize(&mut *self.fields)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use expect_test::{Expect, expect};

    use super::*;

    #[test]
    fn every_word_names_a_command() {
        for (word, name, _) in WORDS {
            let refused = parse(name, r#"{"surely-unknown": 1}"#).unwrap_err();
            assert_eq!(refused.code.id, "command-malformed", "{word}");
            assert!(refused.detail.contains("surely-unknown"), "{word}: {}", refused.detail);
        }
        for internal in ["skip_step", "show_update", "SkipStep", "fact", ""] {
            assert_eq!(name_of(internal).unwrap_err().code.id, "command-unknown", "{internal}");
        }
    }

    #[test]
    fn bodies_become_commands() {
        let check = |word: &str, json: &str, wanted: Expect| {
            wanted.assert_eq(&match parse(name_of(word).unwrap().0, json) {
                Ok(command) => format!("{command:?}"),
                Err(problem) => problem.detail,
            });
        };
        check("acknowledge", "{}", expect!["Acknowledge"]);
        check("notes", r#"{"text": "seen"}"#, expect![[r#"Note { text: "seen" }"#]]);
        check(
            "assign",
            r#"{"role": "validation", "person": "mara"}"#,
            expect![[r#"Assign { role: Validation, person: "mara" }"#]],
        );
        check(
            "assign",
            r#"{"role": "king", "person": "mara"}"#,
            expect![
                "unknown variant `king`, expected one of `commander`, `remediation`, `validation`, `publishing`, `privacy` at line 1 column 15"
            ],
        );
        check("notes", r#"{"txt": "seen"}"#, expect!["unknown field `txt`, expected `text` at line 1 column 6"]);
        check("notes", r#"{"text": 7}"#, expect!["invalid type: integer `7`, expected a string at line 1 column 10"]);
        check("notes", r#"{"text": "a", "text": "b"}"#, expect!["duplicate field `text` at line 1 column 20"]);
        check("notes", r#"{"text": "seen"} {}"#, expect!["trailing characters at line 1 column 18"]);
        check(
            "notes",
            r#"{"text": "seen"},"show_update":{"update":1,"surface":"x"}"#,
            expect!["trailing characters at line 1 column 17"],
        );
        check("notes", "{", expect!["EOF while parsing an object at line 1 column 1"]);
        check(
            "notes",
            &format!("{{\"text\":{}", "[".repeat(1_000)),
            expect!["invalid type: sequence, expected a string at line 1 column 8"],
        );
        check(
            "facts",
            r#"{"fact": "aware_at", "at": "yesterday", "note": ""}"#,
            expect!["`yesterday` is not an RFC 3339 time such as 2026-11-27T14:00:00Z at line 1 column 38"],
        );
    }

    /// Names of the fields that a body of that command may have, as serde lists them.
    fn fields(name: &'static str) -> BTreeSet<String> {
        let refused = parse(name, r#"{"surely-unknown": 1}"#).unwrap_err().detail;
        let told = refused.split_once("expected").map(|(_, told)| told.to_owned()).unwrap_or_default();
        told.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    /// Names between quotes in the braces that a text begins with.
    fn documented(body: &str) -> BTreeSet<String> {
        let body = body.split_once('}').map(|(body, _)| body).unwrap_or_default();
        body.split('"').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn the_documented_commands_are_all_that_there_are() {
        let table = include_str!("../../../../docs/api.md").split_once("| command | body |").unwrap().1;
        let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
        let mut told = BTreeMap::new();
        for row in rows {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let words = cells[1].split('`').skip(1).step_by(2);
            told.extend(words.map(|word| (word.to_owned(), documented(cells[2]))));
        }
        let there: BTreeMap<_, _> = WORDS.iter().map(|(word, name, _)| (word.to_string(), fields(name))).collect();
        assert_eq!(told, there);
        assert!(there["facts"].contains("notice"), "serde lists fields: {there:?}");
    }
}
