//! A person's words to an audience, published: in one step, or after their approval.

use calendar::Instant;
use policy::model::Audience;
use problem::Problem;

use crate::command::HoldingFields;
use crate::draft::Draft;
use crate::event::{Actor, Approval, Words};

/// What a one-step update says.
pub(super) enum Said<'a> {
    /// A person's own words.
    Own(&'a str, Option<Instant>),
    /// The class's holding statement.
    Holding(&'a HoldingFields),
}

impl<'a> Said<'a> {
    /// Either own words or the fields of the holding statement, never both.
    pub(super) fn new(
        text: &'a str,
        next_update_at: Option<Instant>,
        statement: Option<&'a HoldingFields>,
    ) -> Result<Said<'a>, Problem> {
        match statement {
            None => Ok(Said::Own(text, next_update_at)),
            Some(fields) if text.is_empty() && next_update_at.is_none() => Ok(Said::Holding(fields)),
            Some(_) => {
                let detail = "give `text`, or `statement` with its two fields, not both";
                Err(Problem::new(&problem::TEXT_INVALID, detail))
            }
        }
    }
}

/// In one step. Own words need the role that approves, holding statements were approved in advance.
pub(super) fn update(draft: &mut Draft<'_>, by: &Actor, audience: &str, said: &Said<'_>) -> Result<(), Problem> {
    let act = draft.act(by)?;
    let (text, next_update_at) = match said {
        Said::Own(text, next_update_at) => (super::text("text", text)?, *next_update_at),
        Said::Holding(fields) => (holding(draft, audience, fields)?, Some(fields.next_update_at)),
    };
    draft.audience(audience)?;
    draft.must_be_decided(audience)?;
    let approval = match said {
        Said::Own(..) => draft.approval_in_one_step(audience, &act.by)?,
        Said::Holding(_) => Approval::InAdvance,
    };
    draft.must_be_promisable(next_update_at)?;
    let no = draft.next_update_no();
    let words = Words { no, audience: audience.to_owned(), text, by: act.by.clone(), next_update_at, corrects: None };
    draft.publish(&act, words, approval);
    Ok(())
}

/// Words that wait, approved where the window asks for it.
pub(super) fn publish(draft: &mut Draft<'_>, by: &Actor, no: u32) -> Result<(), Problem> {
    let act = draft.act(by)?;
    let pending = draft.pending(no)?;
    let audience = &pending.words.audience;
    draft.must_be_decided(audience)?;
    let approval = match (pending.approved, draft.approver(audience)) {
        (Some(approved), _) => Approval::By(approved.by),
        (None, None) => Approval::NotNeeded,
        (None, Some(role)) => {
            let detail = format!("update {no} of INC-{} waits for the approval of {role}", draft.state.no);
            return Err(Problem::new(&problem::APPROVAL_REQUIRED, detail));
        }
    };
    draft.must_be_promisable(pending.words.next_update_at)?;
    draft.publish(&act, pending.words, approval);
    Ok(())
}

fn holding(draft: &Draft<'_>, audience: &str, fields: &HoldingFields) -> Result<String, Problem> {
    let impact = super::text("statement.impact", &fields.impact)?;
    let language = draft.audience(audience).map(|audience: &Audience| audience.language.as_deref())?;
    let class = &draft.state.class;
    let statement = draft.ctx.policy.statement(class, language).ok_or_else(|| {
        let language = language.unwrap_or("en");
        let detail = format!("the policy has no holding statement for `{class}` in `{language}` or `en`");
        Problem::new(&problem::STATEMENT_MISSING, detail)
    })?;
    super::text("statement", &statement.fill(&impact, fields.next_update_at))
}
