//! Events become state: every fact is applied as it stands, and nothing is decided here.

use std::collections::{BTreeMap, BTreeSet};

use calendar::{Instant, Intervals};

use super::{
    BreakGlass, Correction, Escalation, Hold, Holder, Incident, Lowering, MAX_ALERTS, Offer, Pending, SLOTS_KEPT,
};
use super::{Sources, Validation};
use crate::clock::{Clock, ClockId, ClockKind, Ending};
use crate::event::{Approval, Attached, Entry, Event, Fact, Opened, PageReason};
use crate::signal::AlertState;

impl Incident {
    /// The incident that an opening event begins.
    pub fn open(opened: &Opened, at: Instant) -> Incident {
        let mut sources = Sources::default();
        if let Some(decision) = &opened.decision {
            sources.take(&decision.trigger, decision.count, decision.first_at, decision.last_at);
        }
        sources.fire(&opened.alerts);
        Incident {
            no: opened.no,
            title: opened.title.clone(),
            class: opened.class.clone(),
            severity: opened.severity,
            service: opened.service.clone(),
            key: opened.key.clone(),
            restricted: opened.restricted,
            policy: opened.policy.clone(),
            opened_at: at,
            impact_started_at: opened.impact_started_at,
            trigger: opened.decision.as_ref().map(|d| d.trigger.clone()),
            acknowledged: None,
            contained: None,
            mitigated: None,
            validation: None,
            hold: None,
            holds_broken: 0,
            break_glass: None,
            lowering: None,
            resolved_at: None,
            reviewed: None,
            action_done: None,
            paused: None,
            pauses: Intervals::new(),
            facts: BTreeMap::new(),
            notices: BTreeMap::new(),
            corrections: Vec::new(),
            reopened: 0,
            roles: BTreeMap::new(),
            vacant: BTreeMap::new(),
            declined: BTreeSet::new(),
            clocks: Vec::new(),
            escalation: Escalation::default(),
            sources,
            updates: Vec::new(),
            pending: BTreeMap::new(),
            informed: BTreeSet::new(),
            checklists: Vec::new(),
        }
    }

    /// Folds whole entries; `None` where the first event does not open it.
    pub fn fold<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Option<Incident> {
        let mut state: Option<Incident> = None;
        for entry in entries {
            for event in &entry.events {
                match (&mut state, event) {
                    (None, Event::Opened(opened)) => state = Some(Incident::open(opened, entry.at)),
                    (None, _) => return None,
                    (Some(incident), event) => incident.evolve(event, entry.at),
                }
            }
        }
        state
    }

    /// Applies one fact.
    pub fn evolve(&mut self, event: &Event, at: Instant) {
        match event {
            Event::Opened(_) => {}
            Event::Attached(attached) => self.attach(attached),
            Event::SourceCleared { alerts, .. } => self.sources.clear(alerts),
            Event::ClockStarted(clock) => {
                self.forget_slots(&clock.id.kind);
                self.clocks.push((**clock).clone());
            }
            Event::ClockRetimed(retimed) => self.replace_clock(&retimed.clock),
            Event::ClockWarned { clock, percent, .. } => self.warned(clock, *percent, at),
            Event::ClockMet { clock, at: met } => self.change_clock(clock, |c| {
                c.met_at = Some(*met);
                c.ending = Some(Ending::Met);
            }),
            Event::ClockBreached { clock, due_at } => {
                self.change_clock(clock, |c| c.breached_at = c.breached_at.or(Some(*due_at)));
            }
            Event::ClockEnded { clock, ending } => self.change_clock(clock, |c| c.ending = Some(ending.clone())),
            Event::RoleAssigned { .. }
            | Event::RoleVacant { .. }
            | Event::RoleAccepted { .. }
            | Event::RoleDeclined { .. }
            | Event::HandOverOffered { .. } => self.evolve_roles(event, at),
            Event::Acknowledged(_)
            | Event::Contained { .. }
            | Event::Mitigated { .. }
            | Event::Validated { .. }
            | Event::HoldStarted { .. }
            | Event::HoldBroken { .. }
            | Event::BreakGlassRequested { .. }
            | Event::BrokenGlass { .. }
            | Event::LoweringRequested { .. }
            | Event::LoweringDeclined { .. }
            | Event::Resolved { .. }
            | Event::Reopened { .. }
            | Event::Reviewed { .. }
            | Event::ActionDone { .. } => self.evolve_work(event, at),
            Event::UpdatePublished(_)
            | Event::UpdateDrafted(_)
            | Event::UpdateApproved { .. }
            | Event::ApprovedUnsent { .. }
            | Event::UpdateVisible { .. }
            | Event::AudienceDecided { .. } => self.evolve_words(event, at),
            Event::FactRecorded { .. } | Event::FactCorrected { .. } | Event::NoticeSubmitted { .. } => {
                self.evolve_facts(event);
            }
            // A request was made in another situation.
            Event::SeverityChanged { to, .. } => (self.severity, self.lowering) = (*to, None),
            Event::Paused { reason } => {
                self.paused = Some(reason.clone());
                self.pauses.add(at, Instant::MAX);
            }
            Event::Unpaused => {
                self.paused = None;
                self.pauses.close(at);
            }
            Event::PageRequested(_)
            | Event::StepSkipped { .. }
            | Event::ReceiptAwaited { .. }
            | Event::StepReceived { .. }
            | Event::ReceiptMissing { .. }
            | Event::EscalationPlanned { .. }
            | Event::EscalationStopped { .. } => self.escalation.evolve(event),
            Event::Checklist(event) => self.evolve_checklist(event),
            Event::Noted { .. } | Event::LoweringConfirmed { .. } => {}
        }
    }

    fn evolve_facts(&mut self, event: &Event) {
        match event {
            Event::FactRecorded { fact, act, .. } => {
                // Nobody becomes unaware: the earliest statement of it holds.
                let known = self.facts.get(fact).filter(|known| *fact == Fact::AwareAt && known.at <= act.at);
                if known.is_none() {
                    self.facts.insert(*fact, act.clone());
                }
            }
            Event::FactCorrected { fact, notice, was, act, reason, .. } => {
                match notice {
                    Some(notice) => self.notices.insert(notice.clone(), act.clone()),
                    None => self.facts.insert(*fact, act.clone()),
                };
                self.corrections.retain(|earlier| (earlier.fact, &earlier.notice) != (*fact, notice));
                let (notice, was, reason) = (notice.clone(), was.clone(), reason.clone());
                self.corrections.push(Correction { fact: *fact, notice, was, reason });
            }
            Event::NoticeSubmitted { notice, act, .. } => {
                let first = self.notices.entry(notice.clone()).or_insert_with(|| act.clone());
                if act.at < first.at {
                    *first = act.clone();
                }
            }
            _ => {}
        }
    }

    fn evolve_roles(&mut self, event: &Event, at: Instant) {
        match event {
            Event::RoleAssigned { role, person, consulted } => {
                let (person, consulted) = (person.clone(), consulted.clone());
                self.roles.insert(*role, Holder { person, consulted, accepted: false, since: at, offer: None });
                self.vacant.remove(role);
            }
            Event::RoleVacant { role } => {
                self.roles.remove(role);
                self.vacant.insert(*role, at);
            }
            Event::RoleAccepted { role, person } => {
                if let Some(holder) = self.roles.get_mut(role) {
                    holder.accepted = true;
                    holder.since = at;
                }
                self.declined.remove(&(*role, person.clone()));
            }
            Event::RoleDeclined { role, person, .. } => {
                if let Some(holder) = self.roles.get_mut(role).filter(|holder| holder.is_offered_to(person)) {
                    holder.offer = None;
                }
                self.declined.insert((*role, person.clone()));
            }
            Event::HandOverOffered { role, person, note } => {
                if let Some(holder) = self.roles.get_mut(role) {
                    holder.offer = Some(Offer { person: person.clone(), note: note.clone(), since: at });
                }
            }
            _ => {}
        }
    }

    fn evolve_work(&mut self, event: &Event, at: Instant) {
        match event {
            Event::Acknowledged(act) => self.acknowledged = self.acknowledged.take().or(Some(act.clone())),
            Event::Contained { act, customers_see } => self.contained = Some((act.clone(), customers_see.clone())),
            Event::Mitigated { act, note } => {
                self.mitigated = Some((act.clone(), note.clone()));
                self.hold = self.hold.take().filter(|_| self.is_validated());
            }
            Event::Validated { act, passed, evidence } => {
                self.validation = Some(Validation { act: act.clone(), passed: *passed, evidence: evidence.clone() });
                if !passed {
                    self.mitigated = None;
                    self.hold = None;
                }
            }
            Event::HoldStarted { until } => self.hold = Some(Hold { since: at, until: *until }),
            Event::HoldBroken { .. } => {
                (self.hold, self.validation, self.mitigated) = (None, None, None);
                self.holds_broken += 1;
            }
            Event::BreakGlassRequested { by, reason, until } => {
                self.break_glass = Some(BreakGlass { by: by.clone(), reason: reason.clone(), until: *until });
            }
            Event::BrokenGlass { .. } => self.break_glass = None,
            Event::LoweringRequested { by, to, reason, until } => {
                self.lowering = Some(Lowering { by: by.clone(), to: *to, reason: reason.clone(), until: *until });
            }
            Event::LoweringDeclined { .. } => self.lowering = None,
            Event::Resolved { at, .. } => {
                self.resolved_at = Some(*at);
                (self.hold, self.break_glass, self.lowering) = (None, None, None);
            }
            Event::Reopened { .. } => self.reopen(at),
            Event::Reviewed { act, .. } => (self.reviewed, self.action_done) = (Some(act.clone()), None),
            Event::ActionDone { act, .. } => self.action_done = Some(act.clone()),
            _ => {}
        }
    }

    fn evolve_words(&mut self, event: &Event, at: Instant) {
        match event {
            Event::UpdatePublished(update) => {
                // What waited for the same audience was written before they read this. A holding
                // statement says nothing that would overtake it.
                if update.approval != Approval::InAdvance {
                    self.pending.remove(&update.audience);
                }
                self.updates.push((**update).clone());
            }
            Event::UpdateDrafted(words) => {
                let pending = Pending { words: (**words).clone(), approved: None, reported: false };
                self.pending.insert(words.audience.clone(), pending);
            }
            Event::UpdateApproved { update, act } => self.change_pending(*update, |p| p.approved = Some(act.clone())),
            Event::ApprovedUnsent { update } => self.change_pending(*update, |p| p.reported = true),
            Event::UpdateVisible { update, .. } => {
                if let Some(update) = self.updates.iter_mut().find(|u| u.no == *update) {
                    update.visible_at = update.visible_at.or(Some(at));
                }
            }
            Event::AudienceDecided { audience, inform: true, .. } => {
                self.informed.insert(audience.clone());
            }
            _ => {}
        }
    }

    fn attach(&mut self, attached: &Attached) {
        let decision = &attached.decision;
        self.sources.take(&decision.trigger, decision.count, decision.first_at, decision.last_at);
        self.sources.fire(&attached.alerts);
    }

    /// Withdraws facts, never events: what was acknowledged stays so.
    fn reopen(&mut self, at: Instant) {
        if let Some(resolved_at) = self.resolved_at.take() {
            self.pauses.add(resolved_at, at);
        }
        (self.reviewed, self.action_done) = (None, None);
        self.validation = None;
        self.mitigated = None;
        self.contained = None;
        self.reopened += 1;
    }

    fn change_pending(&mut self, no: u32, change: impl FnOnce(&mut Pending)) {
        if let Some(pending) = self.pending.values_mut().find(|pending| pending.words.no == no) {
            change(pending);
        }
    }

    /// Keeps the latest ended slots of a cadence.
    fn forget_slots(&mut self, kind: &ClockKind) {
        if !matches!(kind, ClockKind::Update(_)) {
            return;
        }
        let ended = |clock: &Clock| clock.id.kind == *kind && !clock.is_open();
        let count = self.clocks.iter().filter(|clock| ended(clock)).count();
        let mut surplus = count.saturating_sub(SLOTS_KEPT);
        self.clocks.retain(|clock| {
            let goes = surplus > 0 && ended(clock);
            surplus -= usize::from(goes);
            !goes
        });
    }

    fn change_clock(&mut self, id: &ClockId, change: impl FnOnce(&mut Clock)) {
        if let Some(clock) = self.clocks.iter_mut().find(|clock| clock.id == *id) {
            change(clock);
        }
    }

    fn replace_clock(&mut self, new: &Clock) {
        self.change_clock(&new.id, |clock| *clock = new.clone());
    }

    fn warned(&mut self, id: &ClockId, percent: u8, at: Instant) {
        self.change_clock(id, |clock| {
            for warning in clock.warnings.iter_mut().filter(|w| w.percent <= percent) {
                warning.fired_at = warning.fired_at.or(Some(at));
            }
        });
    }
}

impl Escalation {
    fn evolve(&mut self, event: &Event) {
        match event {
            Event::PageRequested(request) => {
                if let PageReason::Escalation { step, round } = request.reason {
                    *self = Escalation { current: Some((step, round)), next: None, receipt_due: None };
                }
            }
            Event::ReceiptAwaited { until, .. } => self.receipt_due = Some(*until),
            Event::StepReceived { .. } | Event::ReceiptMissing { .. } => self.receipt_due = None,
            Event::EscalationPlanned { step, round, at } => self.next = Some((*step, *round, *at)),
            Event::EscalationStopped { .. } => (self.next, self.receipt_due) = (None, None),
            _ => {}
        }
    }
}

impl Sources {
    fn take(&mut self, trigger: &str, count: u64, first: Instant, last: Instant) {
        self.signals += count;
        *self.triggers.entry(trigger.to_owned()).or_default() += count;
        self.span = Some(self.span.map_or((first, last), |(a, b)| (a.min(first), b.max(last))));
    }

    fn fire(&mut self, alerts: &[String]) {
        for key in alerts {
            if self.alerts.len() < MAX_ALERTS || self.alerts.contains_key(key) {
                self.alerts.insert(key.clone(), AlertState::Firing);
            }
        }
    }

    fn clear(&mut self, alerts: &[String]) {
        for key in alerts {
            if let Some(state) = self.alerts.get_mut(key) {
                *state = AlertState::Resolved;
            }
        }
    }
}
