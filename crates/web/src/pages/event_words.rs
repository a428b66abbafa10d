//! Every event of an incident in plain words, for the timeline.
//!
//! The match is exhaustive: an event without words does not compile.

use calendar::Instant;
use maud::{Markup, html};
use policy::model::{Rank, Role};
use wcore::clock::{ClockId, Ending};
use wcore::event::{Attached, Event, Evidence, Fact, Opened, PageReason, PageRequest, RetimeCause, Retimed, Update};

use super::form::sentence;
use super::names::Names;
use super::{checklist_words, moment, words};

/// How much of a timeline a line deserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    /// Bookkeeping that follows from something else; folded away.
    Minor,
    /// Worth a line.
    Major,
    /// A promise was missed, or nobody could be reached.
    Alarm,
}

/// One line of the timeline.
pub(crate) struct Line {
    /// How much it matters.
    pub(crate) weight: Weight,
    /// What happened.
    pub(crate) text: Markup,
    /// Words that a person wrote, or a trigger's statement.
    pub(crate) quote: Option<String>,
}

fn minor(text: Markup) -> Line {
    Line { weight: Weight::Minor, text, quote: None }
}

pub(super) fn major(text: Markup) -> Line {
    Line { weight: Weight::Major, text, quote: None }
}

fn alarm(text: Markup) -> Line {
    Line { weight: Weight::Alarm, text, quote: None }
}

impl Line {
    pub(super) fn quoting(mut self, quote: &str) -> Line {
        self.quote = Some(quote.to_owned()).filter(|quote| !quote.trim().is_empty());
        self
    }
}

/// An event in words. `now` decides whether an instant needs its date.
pub(crate) fn line(event: &Event, names: &Names, now: Instant) -> Line {
    let at = |instant: &Instant| moment::at(*instant, now);
    match event {
        Event::Opened(opened) => opening(opened, names),
        Event::Attached(attached) => attachment(attached),
        Event::SourceCleared { alerts, firing } => cleared(alerts.len(), *firing),
        Event::ClockStarted(clock) => {
            minor(html! { "Clock started: " (name(&clock.id)) ", " (due(clock.due_at, now)) })
        }
        Event::ClockRetimed(retimed) => retiming(retimed, now),
        Event::ClockWarned { clock, percent, late } => warning(clock, *percent, *late),
        Event::ClockMet { clock, at: met } => minor(html! { (name(clock)) " done at " (at(met)) }),
        Event::ClockBreached { clock, due_at } => {
            alarm(html! { strong { "Missed: " (name(clock)) } ", was due " (at(due_at)) })
        }
        Event::ClockEnded { clock, ending } => ended(clock, ending, names),
        Event::RoleAssigned { role, person, consulted } => assignment(*role, person, consulted, names),
        Event::RoleVacant { role } => alarm(html! { strong { "Nobody holds " (words::role(*role).0) } }),
        Event::RoleAccepted { role, person } => {
            minor(html! { (names.person(person)) " accepted " (words::role(*role).0) })
        }
        Event::Acknowledged(act) => major(html! { strong { "Acknowledged" } " by " (names.person(&act.by)) }),
        Event::Contained { customers_see, .. } => {
            major(html! { strong { "Contained" } ". Customers now see:" }).quoting(customers_see)
        }
        Event::Mitigated { note, .. } => major(html! { strong { "Mitigated" } }).quoting(note),
        Event::Validated { passed, evidence, .. } => validation(*passed, evidence, now),
        Event::Resolved { on_clear: false, .. } => major(html! { strong { "Resolved" } }),
        Event::Resolved { on_clear: true, .. } => {
            major(html! { strong { "Resolved" } ": its sender cleared it, as the class allows" })
        }
        Event::Reopened { reason } => alarm(html! { strong { "Reopened" } }).quoting(reason),
        Event::Reviewed { cause, action, owner, due_at, .. } => {
            let of = owner.as_ref().map(|id| html! { ", the action is " (names.person(id)) "'s" });
            let until = due_at.as_ref().map(|due| html! { ", due " (at(due)) });
            major(html! { strong { "Reviewed" } (of.unwrap_or_default()) (until.unwrap_or_default()) })
                .quoting(&format!("Cause: {cause}\nAction: {action}"))
        }
        Event::Checklist(event) => checklist_words::line(event, names),
        Event::ActionDone { note, .. } => major(html! { strong { "Action done" } }).quoting(note),
        Event::FactRecorded { fact, act, note } => {
            major(html! { (fact_words(*fact)) " at " (at(&act.at)) }).quoting(note)
        }
        Event::SeverityChanged { from, to, reason } => severity_change(*from, *to, names).quoting(reason),
        Event::Noted { text } => major(html! { "Note" }).quoting(text),
        Event::Paused { reason } => major(html! { "Work paused" }).quoting(reason),
        Event::Unpaused => major(html! { "Work goes on" }),
        Event::UpdatePublished(update) => publication(update, now),
        Event::UpdateVisible { update, surface } => minor(html! { "Update " (update) " is visible: " (surface) }),
        Event::AudienceDecided { audience, inform, reason } => {
            let verdict = if *inform { "are told" } else { "are not told" };
            major(html! { "Decided: " (audience) " " (verdict) }).quoting(reason)
        }
        Event::PageRequested(request) => paging(request, names),
        Event::StepSkipped { step, .. } => {
            alarm(html! { strong { "Step " (step + 1) " had nobody to page" } ", so the next one was paged at once" })
        }
        Event::EscalationPlanned { step, at: planned, .. } => {
            minor(html! { "Unless someone acknowledges, step " (step + 1) " is paged at " (at(planned)) })
        }
        Event::ReceiptAwaited { until, step, .. } => {
            minor(html! { "Unless a page of step " (step + 1) " arrives, the next step is paged at " (at(until)) })
        }
        Event::StepReceived { step, person, channel, .. } => {
            minor(html! { "Step " (step + 1) " has reached " (names.person(person)) " by " (channel) })
        }
        Event::ReceiptMissing { step, .. } => alarm(html! {
            strong { "No page of step " (step + 1) " arrived" } " in time, so the next step was paged at once"
        }),
        Event::EscalationStopped { reason } => minor(html! { "Paging stopped: " (reason) }),
        Event::RoleDeclined { role, person, reason } => {
            alarm(html! { (names.person(person)) " declined " (words::role(*role).0) }).quoting(reason)
        }
        Event::HandOverOffered { role, person, note } => {
            major(html! { (names.person(person)) " is asked to take over " (words::role(*role).0) }).quoting(note)
        }
        Event::NoticeSubmitted { notice, act, note } => {
            major(html! { "Notice " code { (notice) } " submitted at " (at(&act.at)) }).quoting(note)
        }
        Event::UpdateDrafted(words) => {
            major(html! { "Drafted for " (words.audience) " by " (names.person(&words.by)) }).quoting(&words.text)
        }
        Event::UpdateApproved { update, act } => {
            major(html! { "Update " (update) " approved by " (names.person(&act.by)) })
        }
        Event::ApprovedUnsent { update } => {
            alarm(html! { strong { "Update " (update) " is approved and not published" } })
        }
        Event::HoldStarted { until } => minor(html! { "The fix must stand until " (at(until)) }),
        Event::HoldBroken { trigger } => {
            alarm(html! { strong { "Validation failed" } ": trigger " code { (trigger) } " fired in the hold" })
        }
        Event::BreakGlassRequested { by, reason, until } => alarm(html! {
            (names.person(by)) " asks to resolve without proof; a second person may confirm it until " (at(until))
        })
        .quoting(reason),
        Event::LoweringRequested { .. } | Event::LoweringDeclined { .. } | Event::LoweringConfirmed { .. } => {
            lowering(event, names, now)
        }
        Event::FactCorrected { fact, notice, was, act, reason, note } => {
            let (by, earlier) = (names.person(&act.by), names.person(&was.by));
            major(html! {
                strong { "Corrected by " (by) } ": " (fact_words(*fact))
                @if let Some(notice) = notice { " " code { (notice) } }
                " at " (at(&act.at)) ", not at " (at(&was.at)) " as " (earlier) " had stated"
            })
            .quoting(&format!("{reason}\n{note}"))
        }
        Event::BrokenGlass { by, confirmed_by, reason } => alarm(html! {
            strong { "Resolved without proof" } " by " (names.person(by)) " and " (names.person(confirmed_by))
        })
        .quoting(reason),
    }
}

/// What becomes of a request for a lower severity.
fn lowering(event: &Event, names: &Names, now: Instant) -> Line {
    match event {
        Event::LoweringRequested { by, to, reason, until } => alarm(html! {
            (names.person(by)) " asks to lower the severity to " strong { (names.severity(*to)) }
            "; a second person may confirm it until " (moment::at(*until, now))
        })
        .quoting(reason),
        Event::LoweringDeclined { by, reason } => {
            major(html! { (names.person(by)) " ended the request for a lower severity" }).quoting(reason)
        }
        Event::LoweringConfirmed { by, confirmed_by, .. } => {
            major(html! { (names.person(by)) " and " (names.person(confirmed_by)) " lower the severity" })
        }
        _ => minor(html! {}),
    }
}

fn opening(opened: &Opened, names: &Names) -> Line {
    let severity = names.severity(opened.severity);
    let (class, service) = (names.class(&opened.class), names.service(&opened.service));
    let text = html! { "Opened as " strong { (severity) } ": " (class) " in " (service) };
    match &opened.decision {
        Some(decision) => major(text).quoting(&sentence(&decision.statement)),
        None => major(html! { (text) ", declared by a person" }).quoting(&opened.title),
    }
}

fn attachment(attached: &Attached) -> Line {
    let signals = words::count(attached.decision.count, "further signal", "further signals");
    major(html! { (signals) " by trigger " code { (attached.decision.trigger) } })
        .quoting(&sentence(&attached.decision.statement))
}

fn cleared(alerts: usize, firing: u32) -> Line {
    let alerts = words::count(alerts as u64, "alert", "alerts");
    let rest = if firing == 0 { "none fires any more".to_owned() } else { format!("{firing} still firing") };
    major(html! { "The sender cleared " (alerts) "; " (rest) })
}

fn retiming(retimed: &Retimed, now: Instant) -> Line {
    let why = match retimed.cause {
        RetimeCause::Severity => "the severity changed",
        RetimeCause::Pause => "work was paused",
        RetimeCause::Unpause => "work goes on",
        RetimeCause::Reopened => "the incident came back",
        RetimeCause::ValidationFailed => "the validation failed",
        RetimeCause::Promised => "an earlier update was promised",
        RetimeCause::Corrected => "the fact that it hangs on was corrected",
        RetimeCause::Backdated => "what started it happened earlier",
    };
    minor(html! { (name(&retimed.clock.id)) " now " (due(retimed.clock.due_at, now)) ": " (why) })
}

fn warning(clock: &ClockId, percent: u8, late: bool) -> Line {
    let late = if late { ", noticed late" } else { "" };
    minor(html! { (name(clock)) ": " (percent) " % of the time is gone" (late) })
}

fn ended(clock: &ClockId, ending: &Ending, names: &Names) -> Line {
    match ending {
        Ending::Met => minor(html! { (name(clock)) " done" }),
        Ending::Cancelled { reason } => minor(html! { (name(clock)) " no longer required: " (reason) }),
        Ending::Waived { by, reason } => major(html! { (names.person(by)) " waived " (name(clock)) }).quoting(reason),
        Ending::Corrected { by, reason } => {
            let whose =
                html! { (names.person(by)) " corrected the fact that " (name(clock)) " hung on; it ran by mistake" };
            major(whose).quoting(reason)
        }
        Ending::Superseded { by } => minor(html! { (name(clock)) " replaced by " (name(by)) }),
    }
}

fn assignment(role: Role, person: &str, consulted: &[String], names: &Names) -> Line {
    let consulted: Vec<String> = consulted.iter().map(|id| names.person(id).to_owned()).collect();
    minor(html! {
        (words::role(role).0) ": " (names.person(person))
        @if !consulted.is_empty() { ", with " (words::list(&consulted)) }
    })
}

fn validation(passed: bool, evidence: &Evidence, now: Instant) -> Line {
    let verdict = if passed { "Validation passed" } else { "Validation failed" };
    let text = html! {
        strong { (verdict) } " on " (evidence.kind) ", observed at " (moment::at(evidence.observed_at, now))
    };
    if passed { major(text) } else { alarm(text) }.quoting(&evidence.text)
}

fn severity_change(from: Rank, to: Rank, names: &Names) -> Line {
    let direction = if to < from { "raised" } else { "lowered" };
    major(html! { "Severity " (direction) " from " (names.severity(from)) " to " strong { (names.severity(to)) } })
}

fn publication(update: &Update, now: Instant) -> Line {
    major(html! {
        "Update " (update.no) " to " strong { (update.audience) }
        @if let Some(next) = update.next_update_at { ", the next one promised by " (moment::at(next, now)) }
    })
    .quoting(&update.text)
}

fn paging(request: &PageRequest, names: &Names) -> Line {
    let parties: Vec<String> = request.parties.iter().map(|party| names.party(party)).collect();
    let why = match &request.reason {
        PageReason::Escalation { step, round: 0 } => html! { "step " (step + 1) },
        PageReason::Escalation { step, round } => html! { "step " (step + 1) ", round " (round + 1) },
        PageReason::Warning { clock, percent } => html! { (name(clock)) " at " (percent) " %" },
        PageReason::Missed { clock } => html! { (name(clock)) " missed" },
        PageReason::Raised { to } => html! { "severity raised to " (names.severity(*to)) },
        PageReason::Reopened { .. } => html! { "it came back" },
        PageReason::Assigned { role } => html! { "given the role " (words::role(*role).0) },
        PageReason::HandOver { role } => html! { "asked to take over " (words::role(*role).0) },
        PageReason::Declined { role } => html! { (words::role(*role).0) " was declined" },
        PageReason::Unsent { update } => html! { "update " (update) " approved and not published" },
        PageReason::HoldBroken { .. } => html! { "a bad signal failed the validation" },
        PageReason::Lowering { to, .. } => html! { "asked to confirm a lower severity, " (names.severity(*to)) },
        PageReason::BreakGlass { .. } => html! { "asked to confirm a resolution without proof" },
    };
    let text = html! { "Paged " (words::list(&parties)) " (" (why) ")" };
    // Reminders are many, and whoever got one knows.
    if matches!(request.reason, PageReason::Warning { .. }) { minor(text) } else { major(text) }
}

fn name(id: &ClockId) -> Markup {
    html! { (words::clock(&id.kind)) @if id.cycle > 1 { " no. " (id.cycle) } }
}

fn due(due_at: Option<Instant>, now: Instant) -> Markup {
    match due_at {
        Some(at) => html! { "due " (moment::at(at, now)) },
        None => html! { "standing still" },
    }
}

/// A fact as the start of a sentence.
pub(crate) fn fact_words(fact: Fact) -> &'static str {
    match fact {
        Fact::AwareAt => "The organization became aware",
        Fact::ConfirmedAt => "Suspicion confirmed",
        Fact::ClassifiedAt => "Classified",
        Fact::SubmittedAt => "Notice submitted",
    }
}
