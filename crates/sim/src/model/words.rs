//! Words to audiences: decided, approved, published, seen.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Context, Incident, Violation, violated};
use crate::plan::SECOND;

/// After so long somebody is told of approved words that nobody published.
const UNSENT_AFTER: i64 = 60 * SECOND;
/// Who stands in for the publisher in every version of the documents.
const STANDS_IN: &str = "mara";

/// Words that wait.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) no: u64,
    author: String,
    approved_at: Option<i64>,
    reported: bool,
}

/// What was and will be said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    /// Audiences of messages, and whether a person published them.
    published: BTreeMap<u64, (String, bool)>,
    /// What waits, by audience.
    pub(crate) drafts: BTreeMap<String, Draft>,
    decided: bool,
}

impl Words {
    /// The number of a message that was published.
    pub(crate) fn last(&self) -> Option<u64> {
        self.published.keys().next_back().copied()
    }

    /// By then approved words must have been published, or somebody told.
    pub(super) fn unsent_until(&self) -> Option<i64> {
        let waiting = self.drafts.values().filter(|draft| !draft.reported);
        waiting.filter_map(|draft| Some(draft.approved_at? + UNSENT_AFTER)).min()
    }

    fn draft(&mut self, no: &Value) -> Option<&mut Draft> {
        let no = no.as_u64()?;
        self.drafts.values_mut().find(|draft| draft.no == no)
    }
}

impl Incident {
    pub(super) fn said(&mut self, kind: &str, body: &Value, context: &Context<'_>) -> Result<(), Violation> {
        let audience = || body["audience"].as_str().unwrap_or_default().to_owned();
        match kind {
            "audience_decided" => self.words.decided |= body["inform"] == true,
            "update_drafted" => {
                let (no, author) = (body["no"].as_u64().unwrap_or(0), word(&body["by"]));
                self.words.drafts.insert(audience(), Draft { no, author, approved_at: None, reported: false });
            }
            "update_approved" => {
                let by = word(&body["act"]["by"]);
                let restricted = self.restricted;
                let entitled = self.may_approve(&by);
                let Some(draft) = self.words.draft(&body["update"]) else {
                    return violated("only what waits is approved", format!("INC-{}", self.no));
                };
                if !entitled || (restricted && draft.author == by) {
                    return violated("customers read only what was approved", format!("INC-{}: by {by}", self.no));
                }
                draft.approved_at = Some(context.at);
            }
            "approved_unsent" => {
                if let Some(draft) = self.words.draft(&body["update"]) {
                    draft.reported = true;
                }
            }
            "update_published" => {
                self.approved(&audience(), body)?;
                if body["approval"] != "in_advance" {
                    self.words.drafts.remove(&audience());
                }
                let published = (audience(), context.by_person);
                self.words.published.insert(body["no"].as_u64().unwrap_or(0), published);
            }
            _ => {}
        }
        Ok(())
    }

    fn may_approve(&self, person: &str) -> bool {
        person == STANDS_IN || self.duties.hold("publishing", person)
    }

    /// Of a SEV-1 customers read only what was approved, of a leak only after it was decided.
    fn approved(&mut self, audience: &str, body: &Value) -> Result<(), Violation> {
        if audience != "customers" {
            return Ok(());
        }
        if self.class == "pii_leak" && !self.words.decided {
            return violated("nobody hears of a leak undecided", format!("INC-{}", self.no));
        }
        let waited = self.words.draft(&body["no"]).is_some_and(|draft| draft.approved_at.is_some());
        let by = word(&body["approval"]["by"]);
        let own = !self.restricted && self.may_approve(&by);
        if self.severity != 1 || body["approval"] == "in_advance" || (!by.is_empty() && (waited || own)) {
            return Ok(());
        }
        violated("customers read only what was approved", format!("INC-{}: {}", self.no, body["approval"]))
    }

    /// Whoever waits to hear has heard only when a person's words could be seen.
    pub(super) fn informed(&self, kind: &Value, context: &Context<'_>) -> Result<(), Violation> {
        let audience = ["notify", "update", "closing"].iter().find_map(|word| kind[*word].as_str());
        let Some(audience) = audience else { return Ok(()) };
        let shown = context.events.iter().filter_map(|event| event.get("update_visible"));
        let mut words = shown.filter_map(|shown| self.words.published.get(&shown["update"].as_u64()?));
        if words.any(|(to, by_person)| to == audience && *by_person) {
            return Ok(());
        }
        violated("only a person's visible words inform", format!("INC-{}: {audience}", self.no))
    }
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
