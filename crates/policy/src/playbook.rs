//! Playbooks: what to do in a kind of incident, step by step, with who, by when and what to keep.
//!
//! Those that come with the program are written in the same form as a team's own, which a policy
//! may add or put in their place. Starting one in an incident is the core's business.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use calendar::Duration;
use serde::{Serialize, Serializer};

use crate::diagnostic::Source;
use crate::document;
use crate::model::{Policy, Role};

/// Playbooks by id; shared, since every policy holds those of the program.
pub type Playbooks = BTreeMap<String, Arc<Playbook>>;

/// What to do in a kind of incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Playbook {
    /// Its id, by which classes name it.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// What it achieves, in a sentence or two.
    pub summary: String,
    /// Situations that call for it.
    pub when: Vec<String>,
    /// What to do, in order.
    pub steps: Vec<Step>,
    /// A table to fill in and keep, if the playbook is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<Sheet>,
    /// Ids of playbooks that often follow, or run beside it.
    pub related: Vec<String>,
    /// Where the risk stands in well-known lists.
    pub maps: Maps,
}

/// One step of a playbook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What to do, as an order.
    #[serde(rename = "do")]
    pub text: String,
    /// Who does it.
    pub role: Role,
    /// By when, from the start of the playbook.
    #[serde(serialize_with = "seconds", rename = "within_s")]
    pub within: Duration,
    /// Why it stands here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What to keep as proof that it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

/// A table that people fill in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sheet {
    /// What its rows are, such as `Controls`.
    pub title: String,
    /// How it is filled in: scales, and where they come from.
    pub note: String,
    /// Headings of the columns.
    pub columns: Vec<String>,
    /// Rows to begin with; each has as many cells as there are columns.
    pub rows: Vec<Vec<String>>,
}

/// Where a risk stands in well-known lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Maps {
    /// OWASP Top 10 for LLM applications, 2025, such as `LLM01`.
    pub owasp_llm_2025: Vec<String>,
    /// MITRE ATLAS techniques, such as `AML.T0051`.
    pub atlas: Vec<String>,
    /// Risks of NIST AI 600-1 by name.
    pub nist_ai_600_1: Vec<String>,
}

impl Maps {
    /// The lists with their names, without empty ones.
    pub fn lists(&self) -> impl Iterator<Item = (&'static str, &[String])> {
        let lists = [
            ("OWASP LLM Top 10 (2025)", self.owasp_llm_2025.as_slice()),
            ("MITRE ATLAS", &self.atlas),
            ("NIST AI 600-1", &self.nist_ai_600_1),
        ];
        lists.into_iter().filter(|(_, ids)| !ids.is_empty())
    }
}

fn seconds<S: Serializer>(length: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(length.as_secs())
}

/// The documents that come with the program, by id. A test reads them all.
pub(crate) const DOCUMENTS: [(&str, &str); 20] = [
    ("ai-change-management", include_str!("../playbooks/ai-change-management.yaml")),
    ("ai-change-rollback", include_str!("../playbooks/ai-change-rollback.yaml")),
    ("ai-security-controls-review", include_str!("../playbooks/ai-security-controls-review.yaml")),
    ("bias-review", include_str!("../playbooks/bias-review.yaml")),
    ("capacity-surge", include_str!("../playbooks/capacity-surge.yaml")),
    ("communication-plan", include_str!("../playbooks/communication-plan.yaml")),
    ("compliance-review", include_str!("../playbooks/compliance-review.yaml")),
    ("cost-containment", include_str!("../playbooks/cost-containment.yaml")),
    ("data-leak", include_str!("../playbooks/data-leak.yaml")),
    ("first-look", include_str!("../playbooks/first-look.yaml")),
    ("fraud-response", include_str!("../playbooks/fraud-response.yaml")),
    ("hallucinated-policy", include_str!("../playbooks/hallucinated-policy.yaml")),
    ("handoff-recovery", include_str!("../playbooks/handoff-recovery.yaml")),
    ("post-incident-review", include_str!("../playbooks/post-incident-review.yaml")),
    ("privacy-incident", include_str!("../playbooks/privacy-incident.yaml")),
    ("prompt-injection-response", include_str!("../playbooks/prompt-injection-response.yaml")),
    ("provider-failover", include_str!("../playbooks/provider-failover.yaml")),
    ("retrieval-rebuild", include_str!("../playbooks/retrieval-rebuild.yaml")),
    ("tool-kill-switch", include_str!("../playbooks/tool-kill-switch.yaml")),
    ("unsafe-advice", include_str!("../playbooks/unsafe-advice.yaml")),
];

static BUILT_IN: LazyLock<Playbooks> = LazyLock::new(|| {
    let read = |(id, text): &(&str, &str)| {
        let name = format!("playbooks/{id}.yaml");
        let (playbook, _) = document::playbook(id, Source { name: &name, text });
        playbook.map(|playbook| (playbook.id.clone(), Arc::new(playbook)))
    };
    DOCUMENTS.iter().filter_map(read).collect()
});

/// The playbooks that come with the program.
pub fn built_in() -> &'static Playbooks {
    &BUILT_IN
}

impl Policy {
    /// The playbook of that id: the team's own, or the program's.
    pub fn playbook(&self, id: &str) -> Option<&Arc<Playbook>> {
        self.playbooks.get(id)
    }

    /// The playbook that a class names, if there is one of that id.
    pub fn playbook_of(&self, class: &str) -> Option<&Arc<Playbook>> {
        self.playbook(self.class(class)?.playbook.as_deref()?)
    }

    /// Classes that name a playbook, by id.
    pub fn classes_of<'p>(&'p self, playbook: &'p str) -> impl Iterator<Item = &'p str> {
        let naming = self.classes.iter().filter(move |(_, class)| class.playbook.as_deref() == Some(playbook));
        naming.map(|(id, _)| id.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_is_read_without_a_complaint() {
        for (id, text) in DOCUMENTS {
            let (playbook, found) = document::playbook(id, Source { name: id, text });
            let found: Vec<_> = found.into_iter().map(|one| (one.message, one.hint)).collect();
            assert!(found.is_empty(), "{id}: {found:?}");
            assert!(playbook.is_some_and(|playbook| playbook.id == id), "{id}");
        }
        assert_eq!(built_in().len(), DOCUMENTS.len());
    }

    #[test]
    fn every_related_playbook_exists_and_is_another() {
        for (id, playbook) in built_in() {
            for related in &playbook.related {
                assert!(built_in().contains_key(related) && related != id, "{id} is related to {related}");
            }
        }
    }

    #[test]
    fn every_playbook_says_when_and_who_and_what_to_keep() {
        for (id, playbook) in built_in() {
            assert!(!playbook.when.is_empty() && playbook.steps.len() >= 5, "{id}");
            let kept = playbook.steps.iter().filter(|step| step.evidence.is_some()).count();
            assert!(kept * 2 >= playbook.steps.len(), "{id}: half of its steps leave evidence");
            let due: Vec<_> = playbook.steps.iter().map(|step| step.within).collect();
            assert!(due.is_sorted(), "{id}: its steps stand in the order in which they are due");
        }
    }
}
