//! Proof that the fix works, by someone other than who fixed it, newer than the fix.

use policy::model::Role;
use problem::Problem;

use crate::clock::ClockKind;
use crate::draft::Draft;
use crate::event::{Act, Actor, Event, Evidence};

/// What proof can rest on, and whether it lies elsewhere, so that a link must lead there.
const EVIDENCE_KINDS: [(&str, bool); 4] = [("evaluation", false), ("sample", false), ("link", true), (FILE, true)];

/// A file is found by a link, or known again by its digest wherever it is kept.
const FILE: &str = "file";

/// Hexadecimal digits of a SHA-256.
const DIGEST_DIGITS: usize = 64;

pub(super) fn validate(draft: &mut Draft<'_>, by: &Actor, passed: bool, evidence: &Evidence) -> Result<(), Problem> {
    let act = draft.act(by)?;
    draft.must_be_open()?;
    let evidence = checked(evidence)?;
    draft.keep_fixer_and_prover_apart(&act)?;
    draft.must_be_fresh(&evidence)?;
    draft.take(&act);
    draft.emit_validator(&act);
    let (was_mitigated, was_validated) = (draft.state.mitigated.is_some(), draft.state.is_validated());
    draft.emit_milestone(Event::Validated { act, passed, evidence });
    if passed {
        draft.meet(&ClockKind::Validate);
        // Further proof of the same fix does not prolong its hold.
        if !was_validated {
            draft.start_hold();
        }
    } else if was_mitigated || was_validated {
        draft.resume_work();
    }
    Ok(())
}

/// The evidence, with a kind that is known and a link where its kind asks for one.
fn checked(evidence: &Evidence) -> Result<Evidence, Problem> {
    let text = super::text("evidence.text", &evidence.text)?;
    let invalid = |detail: String| Err(Problem::new(&problem::EVIDENCE_INVALID, detail));
    let Some((kind, elsewhere)) = EVIDENCE_KINDS.iter().find(|(kind, _)| *kind == evidence.kind.trim()) else {
        let shown: String = evidence.kind.chars().take(MAX_SHOWN_CHARS).collect();
        let kinds = EVIDENCE_KINDS.map(|(kind, _)| kind).join(", ");
        return invalid(format!("`evidence.kind` is `{shown}`; it must be one of {kinds}"));
    };
    let link = evidence.link.as_deref().map(str::trim).filter(|link| !link.is_empty());
    match link {
        None if *kind == FILE && has_digest(&text) => {}
        None if *kind == FILE => {
            return invalid(format!(
                "evidence of the kind `{FILE}` needs `evidence.link`, or its SHA-256 in `evidence.text`"
            ));
        }
        None if *elsewhere => return invalid(format!("evidence of the kind `{kind}` needs `evidence.link`")),
        // Pages show it as a link, which must lead to a site and never run anything.
        Some(link) if !link.starts_with("https://") && !link.starts_with("http://") => {
            return invalid("`evidence.link` must begin with https:// or http://".to_owned());
        }
        _ => {}
    }
    let link = link.map(|link| super::text("evidence.link", link)).transpose()?;
    Ok(Evidence { kind: (*kind).to_owned(), text, link, observed_at: evidence.observed_at })
}

fn has_digest(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| word.len() == DIGEST_DIGITS && word.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Of a wrong kind, so much is shown.
const MAX_SHOWN_CHARS: usize = 40;

impl Draft<'_> {
    fn keep_fixer_and_prover_apart(&self, act: &Act) -> Result<(), Problem> {
        self.keep_apart(Role::Validation, &act.by)?;
        let rule = self.ctx.policy.role(&self.state.class, Role::Validation);
        let apart = rule.is_some_and(|rule| rule.not == Some(Role::Remediation));
        let fixed_by = self.state.mitigated.as_ref().map(|(fix, _)| fix.by.as_str());
        if apart && fixed_by == Some(act.by.as_str()) {
            let detail = format!("{} mitigated INC-{}, so another person must validate it", act.by, self.state.no);
            return Err(Problem::new(&problem::SEPARATION_OF_DUTIES, detail));
        }
        Ok(())
    }

    fn must_be_fresh(&self, evidence: &Evidence) -> Result<(), Problem> {
        let now = self.now();
        if evidence.observed_at > now + super::MAX_AHEAD {
            let detail = format!("`evidence.observed_at` is {}, after the journal's {now}", evidence.observed_at);
            return Err(Problem::new(&problem::TIME_INVALID, detail));
        }
        let (since, what) = match &self.state.mitigated {
            Some((fix, _)) => (fix.at, "mitigation"),
            None => (self.state.opened_at, "opening"),
        };
        if evidence.observed_at <= since {
            let detail = format!("the evidence was taken at {}, the {what} was at {since}", evidence.observed_at);
            return Err(Problem::new(&problem::EVIDENCE_STALE, detail));
        }
        Ok(())
    }

    fn emit_validator(&mut self, act: &Act) {
        self.take_role(Role::Validation, &act.by);
    }
}
