//! What people do to incidents. One command, one file.
//!
//! `decide` is the only door: it first lets fall due what is due, so that a deadline counts
//! to the microsecond, whether a person or the clock came first.

mod acknowledge;
mod assign;
mod break_glass;
mod checklist;
mod contain;
mod correct_update;
mod decide_audience;
mod decline;
mod draft_update;
mod fact;
mod hand_over;
mod mitigate;
mod note;
mod pause;
mod publish_update;
mod reopen;
mod resolve;
mod review;
mod severity;
mod validate;
mod waive;

use calendar::{Duration, Instant};
use policy::model::Role;
use problem::Problem;
use serde::{Deserialize, Serialize};

pub use break_glass::BREAK_GLASS_WITHIN;
pub use checklist::MAX_STEP_NOTE;
pub use fact::MAX_FACT_BEFORE;
pub use severity::LOWER_WITHIN;

use crate::draft::{Context, Decided, Draft};
use crate::event::{Act, Actor, Evidence, Fact};
use crate::incident::Incident;

/// A command on one incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// A person takes it.
    Acknowledge {},
    /// Gives a role to a person.
    Assign {
        /// Which role.
        role: Role,
        /// To whom.
        person: String,
    },
    /// The holder accepts a role.
    Accept {
        /// Which role.
        role: Role,
    },
    /// Will not take a role, or gives it back.
    Decline {
        /// Which role.
        role: Role,
        /// Why.
        reason: String,
    },
    /// Asks another person to take a role over.
    HandOver {
        /// Which role.
        role: Role,
        /// Who is asked.
        person: String,
        /// What they need to know.
        note: String,
    },
    /// Records a dated statement.
    Fact {
        /// Which.
        fact: Fact,
        /// The instant that it is about; now if absent.
        at: Option<Instant>,
        /// What it rests on.
        note: String,
        /// With `submitted_at`: the statutory notice that was submitted.
        #[serde(default)]
        notice: Option<String>,
        /// Why the statement on record is wrong, which this one takes the place of.
        #[serde(default)]
        corrects: Option<String>,
        /// It is meant, though it lies long before anything was known of the incident.
        #[serde(default)]
        sure: bool,
    },
    /// Publishes a message to an audience.
    Update {
        /// To whom.
        audience: String,
        /// What they read.
        #[serde(default)]
        text: String,
        /// When they hear next.
        #[serde(default)]
        next_update_at: Option<Instant>,
        /// Instead of both: the fields of the class's holding statement.
        #[serde(default)]
        statement: Option<HoldingFields>,
    },
    /// Writes words to an audience, which wait to be approved or published.
    Draft {
        /// To whom.
        audience: String,
        /// What they shall read.
        text: String,
        /// When they hear next.
        #[serde(default)]
        next_update_at: Option<Instant>,
        /// The published message that they correct.
        #[serde(default)]
        corrects: Option<u32>,
    },
    /// Approves words that wait.
    Approve {
        /// Their number.
        update: u32,
    },
    /// Publishes words that wait.
    Publish {
        /// Their number.
        update: u32,
    },
    /// Publishes a correction of a published message.
    Correct {
        /// Its number.
        update: u32,
        /// What is right.
        text: String,
    },
    /// Decides whether an audience is told.
    Decide {
        /// Which audience.
        audience: String,
        /// It is told.
        inform: bool,
        /// Why.
        reason: String,
    },
    /// Customers are no longer harmed.
    Contain {
        /// What customers see now.
        customers_see: String,
    },
    /// The cause no longer acts.
    Mitigate {
        /// What was done.
        note: String,
    },
    /// Records a validation.
    Validate {
        /// Whether it is fixed.
        passed: bool,
        /// The proof.
        evidence: Evidence,
    },
    /// All done.
    Resolve {},
    /// Asks to resolve without proof, which a second person must confirm.
    BreakGlass {
        /// Why there is no time for proof.
        reason: String,
    },
    /// A second person confirms that it is resolved without proof.
    Confirm {},
    /// It came back.
    Reopen {
        /// Why.
        reason: String,
    },
    /// Another severity: a higher one at once, a lower one when a second person confirms it.
    Severity {
        /// Its name or rank, as the policy has it.
        severity: String,
        /// Why.
        reason: String,
    },
    /// A second person confirms a lower severity.
    ConfirmSeverity {
        /// Which was asked for, as they read it.
        severity: String,
    },
    /// A request for a lower severity is declined, or taken back by whoever asked.
    DeclineSeverity {
        /// Why.
        reason: String,
    },
    /// A remark.
    Note {
        /// Its text.
        text: String,
    },
    /// Work stands still.
    Pause {
        /// Why.
        reason: String,
    },
    /// Work goes on.
    Unpause {},
    /// Lets a clock go.
    Waive {
        /// Its name.
        clock: String,
        /// Why.
        reason: String,
    },
    /// The review was held.
    Review {
        /// What caused it.
        cause: String,
        /// What is done about it.
        action: String,
        /// Who does it; whoever holds the review, if absent.
        #[serde(default)]
        owner: Option<String>,
        /// Until when.
        #[serde(default)]
        due_at: Option<Instant>,
    },
    /// What the review decided has been done.
    ActionDone {
        /// What came of it.
        note: String,
    },
    /// Starts a playbook as a checklist.
    StartChecklist {
        /// Its id.
        playbook: String,
    },
    /// A step of a checklist is done.
    TickStep {
        /// The checklist, by its playbook.
        checklist: String,
        /// Which step, from 1.
        step: u32,
        /// What was found or kept.
        #[serde(default)]
        note: String,
    },
    /// A step of a checklist is not done after all.
    UntickStep {
        /// The checklist, by its playbook.
        checklist: String,
        /// Which step, from 1.
        step: u32,
        /// Why.
        reason: String,
    },
    /// Gives a step of a checklist to a person.
    AssignStep {
        /// The checklist, by its playbook.
        checklist: String,
        /// Which step, from 1.
        step: u32,
        /// To whom.
        person: String,
    },
    /// The outbox: a claimed step had nobody to page.
    SkipStep {
        /// Step, from 0.
        step: u32,
        /// Round, from 0.
        round: u32,
    },
    /// The outbox: a page of a step has its receipt.
    StepReceipt {
        /// Step, from 0.
        step: u32,
        /// Round, from 0.
        round: u32,
        /// Whom it reached.
        person: String,
        /// By which channel.
        channel: String,
    },
    /// The outbox: a published message can be seen.
    ShowUpdate {
        /// Its number.
        update: u32,
        /// Where.
        surface: String,
    },
}

/// What a person fills into a holding statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldingFields {
    /// What customers notice.
    pub impact: String,
    /// When they hear next.
    pub next_update_at: Instant,
}

/// Longest text of a command, in characters: a long message, not a document.
pub const MAX_TEXT: usize = 4_000;

/// How far ahead of the journal a person's clock may be.
pub const MAX_AHEAD: Duration = Duration::from_secs(5);

/// Decides one command. The events apply to `state` in order; a refusal changes nothing,
/// except that `catch_up` may find what has fallen due meanwhile.
pub fn decide(state: &Incident, command: &Command, by: &Actor, ctx: &Context<'_>) -> Result<Decided, Problem> {
    let mut draft = Draft::new(state.clone(), ctx);
    draft.tick();
    match command {
        Command::Acknowledge {} => acknowledge::acknowledge(&mut draft, by)?,
        Command::Assign { role, person } => assign::assign(&mut draft, by, *role, person)?,
        Command::Accept { role } => assign::accept(&mut draft, by, *role)?,
        Command::Decline { role, reason } => decline::decline(&mut draft, by, *role, reason)?,
        Command::HandOver { role, person, note } => hand_over::hand_over(&mut draft, by, *role, person, note)?,
        Command::Fact { fact, at, note, notice, corrects, sure } => {
            let (notice, corrects) = (notice.as_deref(), corrects.as_deref());
            fact::state(&mut draft, by, &fact::Stated { fact: *fact, at: *at, note, notice, corrects, sure: *sure })?;
        }
        Command::Update { audience, text, next_update_at, statement } => {
            let said = publish_update::Said::new(text, *next_update_at, statement.as_ref())?;
            publish_update::update(&mut draft, by, audience, &said)?;
        }
        Command::Draft { audience, text, next_update_at, corrects } => {
            draft_update::draft(&mut draft, by, audience, text, (*next_update_at, *corrects))?;
        }
        Command::Approve { update } => draft_update::approve(&mut draft, by, *update)?,
        Command::Publish { update } => publish_update::publish(&mut draft, by, *update)?,
        Command::Correct { update, text } => correct_update::correct(&mut draft, by, *update, text)?,
        Command::Decide { audience, inform, reason } => {
            decide_audience::decide(&mut draft, by, audience, *inform, reason)?;
        }
        Command::Contain { customers_see } => contain::contain(&mut draft, by, customers_see)?,
        Command::Mitigate { note } => mitigate::mitigate(&mut draft, by, note)?,
        Command::Validate { passed, evidence } => validate::validate(&mut draft, by, *passed, evidence)?,
        Command::Resolve {} => resolve::resolve(&mut draft, by)?,
        Command::BreakGlass { reason } => break_glass::request(&mut draft, by, reason)?,
        Command::Confirm {} => break_glass::confirm(&mut draft, by)?,
        Command::Reopen { reason } => reopen::reopen(&mut draft, by, reason)?,
        Command::Severity { severity, reason } => severity::change(&mut draft, by, severity, reason)?,
        Command::ConfirmSeverity { severity } => severity::confirm(&mut draft, by, severity)?,
        Command::DeclineSeverity { reason } => severity::decline(&mut draft, by, reason)?,
        Command::Note { text } => note::note(&mut draft, text)?,
        Command::Pause { reason } => pause::pause(&mut draft, by, reason)?,
        Command::Unpause {} => pause::unpause(&mut draft, by)?,
        Command::Waive { clock, reason } => waive::waive(&mut draft, by, clock, reason)?,
        Command::Review { cause, action, owner, due_at } => {
            let remedy = review::Remedy { action, owner: owner.as_deref(), due_at: *due_at };
            review::review(&mut draft, by, cause, &remedy)?;
        }
        Command::ActionDone { note } => review::action_done(&mut draft, by, note)?,
        Command::StartChecklist { .. }
        | Command::TickStep { .. }
        | Command::UntickStep { .. }
        | Command::AssignStep { .. } => follow(&mut draft, by, command)?,
        Command::SkipStep { step, round } => draft.skip_step(*step, *round),
        Command::StepReceipt { step, round, person, channel } => draft.receive_step((*step, *round), person, channel),
        Command::ShowUpdate { update, surface } => show(&mut draft, by, *update, surface)?,
    }
    Ok(draft.finish())
}

/// What people do to checklists.
fn follow(draft: &mut Draft<'_>, by: &Actor, command: &Command) -> Result<(), Problem> {
    let place = |checklist, step: &u32| checklist::Place { checklist, step: *step };
    match command {
        Command::StartChecklist { playbook } => checklist::start(draft, by, playbook),
        Command::TickStep { checklist, step, note } => checklist::tick(draft, by, &place(checklist, step), note),
        Command::UntickStep { checklist, step, reason } => {
            checklist::untick(draft, by, &place(checklist, step), reason)
        }
        Command::AssignStep { checklist, step, person } => {
            checklist::assign(draft, by, &place(checklist, step), person)
        }
        _ => Ok(()),
    }
}

/// The outbox saw a receipt. A machine's word for it keeps no promise.
fn show(draft: &mut Draft<'_>, by: &Actor, update: u32, surface: &str) -> Result<(), Problem> {
    if let Actor::Machine(_) = by {
        draft.act(by)?;
    }
    draft.show(update, surface);
    Ok(())
}

/// Lets fall due what is due at `ctx.now`.
pub fn tick(state: &Incident, ctx: &Context<'_>) -> Decided {
    let mut draft = Draft::new(state.clone(), ctx);
    draft.tick();
    draft.finish()
}

impl Draft<'_> {
    fn tick(&mut self) {
        self.tick_clocks();
        self.tick_escalation();
        self.tick_pending();
    }

    /// The person who acts, now; a machine is refused.
    fn act(&self, by: &Actor) -> Result<Act, Problem> {
        let person = by.person().ok_or_else(|| {
            Problem::new(&problem::PERSON_REQUIRED, format!("INC-{} waits for a person", self.state.no))
        })?;
        Ok(Act { by: person.to_owned(), at: self.now() })
    }

    /// Refuses where the incident is resolved.
    fn must_be_open(&self) -> Result<(), Problem> {
        let status = self.state.status();
        if status.is_open() {
            return Ok(());
        }
        Err(self.stage(format!("it is {}; reopen it first", status.word())))
    }

    fn stage(&self, why: String) -> Problem {
        Problem::new(&problem::STAGE_MISMATCH, format!("INC-{}: {why}", self.state.no))
    }
}

/// A text that must be there, within [`MAX_TEXT`].
fn text(field: &str, value: &str) -> Result<String, Problem> {
    let trimmed = value.trim();
    let length = trimmed.chars().count();
    if length == 0 {
        return Err(Problem::new(&problem::TEXT_INVALID, format!("`{field}` is empty")));
    }
    if length > MAX_TEXT {
        let detail = format!("`{field}` has {length} characters; at most {MAX_TEXT} are allowed");
        return Err(Problem::new(&problem::TEXT_INVALID, detail));
    }
    Ok(trimmed.to_owned())
}
