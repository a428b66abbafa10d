//! Who is paged next, and when: steps, rounds and the fallback, until someone acknowledges.
//!
//! A step names parties; the outbox resolves them to people when it claims the page, and tells
//! when a page has its receipt. A step's `wait` is time for people to acknowledge: where no page
//! of it arrives, nobody is there to wait for, and the next step is paged after [`NEXT_STEP_AFTER`].

use calendar::{Duration, Instant, Intervals};
use policy::model::{Party, Step};

use crate::draft::Draft;
use crate::event::{Event, PageReason};
use crate::incident::Escalation;
use crate::promise;

/// Pause between pages of the fallback: a SEV-1 never falls silent before someone acknowledges.
pub const FALLBACK_EVERY: Duration = Duration::from_mins(10);

/// Without the receipt that its channel can give, a person's contact is followed by their next one
/// after this long: time for several attempts, and half of what the next step is given.
pub const NEXT_CONTACT_AFTER: Duration = Duration::from_secs(60);

/// Without a receipt for any page of a step, the next step is paged this long after it, whatever
/// its `wait` says: twice the time after which a person's next contact is tried.
pub const NEXT_STEP_AFTER: Duration = Duration::from_secs(120);

impl Draft<'_> {
    /// Pages the first step; after an earlier pass in a further round, so that no page is taken
    /// for one that was delivered before.
    pub(crate) fn start_escalation(&mut self) {
        let round = self.state.escalation.current.map_or(0, |(_, round)| round + 1);
        self.page_step(0, round);
    }

    /// Pages the step that has fallen due. After downtime the steps between are not replayed.
    pub(crate) fn tick_escalation(&mut self) {
        let now = self.now();
        let Escalation { current, next, receipt_due } = self.state.escalation;
        let deaf = current.filter(|_| receipt_due.is_some_and(|until| until <= now));
        match (next, deaf) {
            // A repeated step would only call those again who cannot be reached.
            (Some((next, _, _)), Some((step, round))) if next == step => self.pass_over(step, round, (step + 1, round)),
            (Some((step, round, at)), _) if at <= now => self.page_step(step, round),
            (Some((next, next_round, _)), Some((step, round))) => self.pass_over(step, round, (next, next_round)),
            (None, Some((step, round))) => self.pass_over(step, round, (step + 1, round)),
            (_, None) => {}
        }
    }

    /// No page of a step arrived: the next one is paged at once.
    fn pass_over(&mut self, step: u32, round: u32, next: (u32, u32)) {
        self.emit(Event::ReceiptMissing { step, round });
        self.page_step(next.0, next.1);
    }

    /// A page of a step arrived: from now on its `wait` counts.
    pub(crate) fn receive_step(&mut self, (step, round): (u32, u32), person: &str, channel: &str) {
        let escalation = &self.state.escalation;
        if escalation.current == Some((step, round)) && escalation.receipt_due.is_some() {
            let (person, channel) = (person.to_owned(), channel.to_owned());
            self.emit(Event::StepReceived { step, round, person, channel });
        }
    }

    /// A claimed step had nobody: the next one is paged at once, after the last the fallback.
    pub(crate) fn skip_step(&mut self, step: u32, round: u32) {
        let answered = self.state.acknowledged.is_some() || !self.state.status().is_open();
        if answered || self.state.escalation.current != Some((step, round)) {
            return;
        }
        self.emit(Event::StepSkipped { step, round });
        match self.state.escalation.next {
            // A repeated step waits for its round: it would find nobody again at once.
            Some((next_step, _, _)) if next_step == step => {}
            Some((next_step, next_round, _)) => self.page_step(next_step, next_round),
            None => self.page_step(step + 1, round),
        }
    }

    /// Stops paging, if it still goes on.
    pub(crate) fn stop_escalation(&mut self, reason: &str) {
        if !self.state.escalation.is_at_rest() {
            self.emit(Event::EscalationStopped { reason: reason.to_owned() });
        }
    }

    fn page_step(&mut self, step: u32, round: u32) {
        let steps = self.steps();
        let parties = steps.get(step as usize).map_or_else(|| vec![Party::Fallback], |step| step.page.clone());
        // Beyond the fallback stands nobody.
        let has_others = (step as usize) < steps.len() && parties != [Party::Fallback];
        let until = self.receipt_due(step);
        self.page(PageReason::Escalation { step, round }, parties);
        let following = self.following(&steps, step, round);
        match following {
            Some((step, round, at)) => self.emit(Event::EscalationPlanned { step, round, at }),
            None => self.emit(Event::EscalationStopped { reason: "every step was paged".to_owned() }),
        }
        let sooner = following.is_some_and(|(next, _, at)| next != step && at <= until);
        if has_others && !sooner {
            self.emit(Event::ReceiptAwaited { step, round, until });
        }
    }

    /// By when a step paged now must have a receipt. Rounds that follow each other quickly do not
    /// put it off.
    fn receipt_due(&self, step: u32) -> Instant {
        let escalation = &self.state.escalation;
        let repeated = escalation.current.is_some_and(|(current, _)| current == step);
        escalation.receipt_due.filter(|_| repeated).unwrap_or(self.now() + NEXT_STEP_AFTER)
    }

    /// What comes after a step, paged now. Beyond the last step stands the fallback.
    fn following(&self, steps: &[Step], step: u32, round: u32) -> Option<(u32, u32, Instant)> {
        let now = self.now();
        let Some(current) = steps.get(step as usize) else { return Some((step, round + 1, now + FALLBACK_EVERY)) };
        if current.repeat_until_acknowledged {
            return Some((step, round + 1, now + current.wait.max(MIN_WAIT)));
        }
        let at = if step == 0 { self.escalate_after(round, current.wait) } else { now + current.wait };
        let has_next = (step as usize) + 1 < steps.len();
        (has_next || self.state.severity == 1).then_some((step + 1, round, at))
    }

    /// First page to a person outside the first step, measured from the opening, or from when it came back.
    fn escalate_after(&self, round: u32, wait: Duration) -> Instant {
        let Some(target) = self.targets().escalate_after else { return self.now() + wait };
        let calendar = self.ctx.calendar(&target.calendar);
        let from = if round == 0 { self.state.opened_at } else { self.now() };
        let length = promise::length(calendar, target.length, from);
        promise::due(calendar, from, length, &Intervals::new()).unwrap_or(self.now() + wait).max(self.now())
    }

    fn steps(&self) -> Vec<Step> {
        self.ctx.policy.steps(&self.state.class).to_vec()
    }
}

/// A repeated step never pages faster than this.
const MIN_WAIT: Duration = Duration::from_secs(30);

impl Draft<'_> {
    /// A raised severity may bring the next step forward, never back.
    pub(crate) fn quicken_escalation(&mut self) {
        let Some((current, round)) = self.state.escalation.current else { return };
        if self.state.acknowledged.is_some() {
            return;
        }
        let steps = self.steps();
        let planned = self.state.escalation.next.map(|(_, _, at)| at);
        if let Some((step, round, at)) = self.following(&steps, current, round)
            && planned.is_none_or(|planned| at < planned)
        {
            self.emit(Event::EscalationPlanned { step, round, at });
        }
    }
}
