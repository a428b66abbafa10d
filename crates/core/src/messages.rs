//! Who may say what to an audience, and what becomes of words that wait to be said.
//!
//! The clocks that words keep are in `notices`.

use calendar::{Duration, Instant};
use policy::model::{Audience, Role};
use problem::Problem;

use crate::clock::after;
use crate::draft::Draft;
use crate::event::{Act, Approval, Event, PageReason, Update, Words};
use crate::incident::Pending;
use crate::roles::or_fallback;

/// How long approved words may wait to be published before somebody is told.
pub const UNSENT_AFTER: Duration = Duration::from_secs(60);

/// Furthest promise of a next update: beyond a week it is no cadence.
const MAX_PROMISE: Duration = Duration::from_hours(24 * 7);

/// The page of this program on which updates appear where an audience has no other surface.
const BUILT_IN_SURFACE: &str = "inbox";

impl Pending {
    /// When somebody is told that approved words were not published; `None` where nothing is due.
    pub fn unsent_at(&self) -> Option<Instant> {
        let approved = self.approved.as_ref().filter(|_| !self.reported)?;
        Some(after(approved.at + UNSENT_AFTER))
    }
}

impl Draft<'_> {
    /// Reports words that were approved and are still not published.
    pub(crate) fn tick_pending(&mut self) {
        let now = self.now();
        let late = |pending: &&Pending| pending.unsent_at().is_some_and(|at| at <= now);
        let found: Vec<u32> = self.state.pending.values().filter(late).map(|pending| pending.words.no).collect();
        for update in found {
            self.emit(Event::ApprovedUnsent { update });
            let mut parties = self.answering(Role::Publishing);
            parties.extend(self.answering(Role::Commander));
            self.page(PageReason::Unsent { update }, or_fallback(parties));
        }
    }

    /// The number of the next message of this incident.
    pub(crate) fn next_update_no(&self) -> u32 {
        let published = self.state.updates.iter().map(|update| update.no);
        let pending = self.state.pending.values().map(|pending| pending.words.no);
        published.chain(pending).max().unwrap_or(0).saturating_add(1)
    }

    /// Publishes words, and shows them at once where the audience's surface is a page.
    pub(crate) fn publish(&mut self, act: &Act, words: Words, approval: Approval) {
        self.take(act);
        self.accept_by_acting(Role::Publishing, &act.by);
        let declared = self.ctx.policy.audiences.get(&words.audience);
        let channels = declared.map(|audience| audience.channels.as_slice()).unwrap_or_default();
        let known = |channel: &&String| self.ctx.roster.channels.contains_key(*channel);
        let channels: Vec<String> = channels.iter().filter(known).cloned().collect();
        let surface = declared.and_then(|audience| audience.surface.clone());
        let surface = surface.or_else(|| channels.is_empty().then(|| BUILT_IN_SURFACE.to_owned()));
        let no = words.no;
        self.emit(Event::UpdatePublished(Box::new(Update {
            no,
            audience: words.audience,
            text: words.text,
            by: act.by.clone(),
            published_at: act.at,
            channels,
            visible_at: None,
            next_update_at: words.next_update_at,
            approval,
            corrects: words.corrects,
        })));
        if let Some(surface) = surface {
            self.show(no, &surface);
        }
    }

    /// A message can be seen. A second surface of the same message changes nothing.
    pub(crate) fn show(&mut self, no: u32, surface: &str) {
        let Some(update) = self.state.updates.iter().find(|update| update.no == no) else { return };
        if update.visible_at.is_some() {
            return;
        }
        let (audience, promised) = (update.audience.clone(), update.next_update_at);
        self.emit(Event::UpdateVisible { update: no, surface: surface.to_owned() });
        self.audience_informed(&audience, promised);
    }

    /// How the words of a person who publishes them in one step count as approved: where no role
    /// approves, or by the holder of that role, who may approve their own words.
    pub(crate) fn approval_in_one_step(&self, audience: &str, author: &str) -> Result<Approval, Problem> {
        let Some(role) = self.approver(audience) else { return Ok(Approval::NotNeeded) };
        self.must_hold(role, author, &problem::APPROVAL_REQUIRED)?;
        self.may_approve_own(audience, author)?;
        Ok(Approval::By(author.to_owned()))
    }

    /// Refuses an author's own approval where the policy wants a second person. Without a word of
    /// the policy it does for restricted classes.
    pub(crate) fn may_approve_own(&self, audience: &str, author: &str) -> Result<(), Problem> {
        if self.own_approval(audience).unwrap_or(!self.state.restricted) {
            return Ok(());
        }
        let detail = format!(
            "{author} wrote this to `{audience}` about INC-{}; draft it, and let another person approve it",
            self.state.no
        );
        Err(Problem::new(&problem::APPROVAL_REQUIRED, detail))
    }

    /// The audience of that name.
    pub(crate) fn audience(&self, name: &str) -> Result<&Audience, Problem> {
        self.ctx.policy.audiences.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.ctx.policy.audiences.keys().map(String::as_str).collect();
            let detail = format!("`audience` is `{name}`; the policy has {}", known.join(", "));
            Problem::new(&problem::NAME_UNKNOWN, detail)
        })
    }

    /// Where a role decides whether an audience is told, it is not told before.
    pub(crate) fn must_be_decided(&self, audience: &str) -> Result<(), Problem> {
        match self.decider(audience) {
            Some(role) if !self.state.informed.contains(audience) => {
                let detail = format!("{role} has not decided to inform `{audience}` of INC-{}", self.state.no);
                Err(Problem::new(&problem::ROLE_REQUIRED, detail))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a promise of a next update that is no longer, or not yet, one.
    pub(crate) fn must_be_promisable(&self, next_update_at: Option<Instant>) -> Result<(), Problem> {
        match next_update_at {
            Some(at) if at <= self.now() || at > self.now() + MAX_PROMISE => {
                let detail = format!("`next_update_at` is {at}; it must come after {} and within a week", self.now());
                Err(Problem::new(&problem::TIME_INVALID, detail))
            }
            _ => Ok(()),
        }
    }

    /// The words of that number which wait to be approved or published.
    pub(crate) fn pending(&self, no: u32) -> Result<Pending, Problem> {
        let found = self.state.pending.values().find(|pending| pending.words.no == no).cloned();
        found.ok_or_else(|| {
            let waiting: Vec<String> =
                self.state.pending.values().map(|pending| pending.words.no.to_string()).collect();
            let waiting = if waiting.is_empty() { "none".to_owned() } else { waiting.join(", ") };
            Problem::new(&problem::UPDATE_UNKNOWN, format!("`update` is {no}; of INC-{} wait {waiting}", self.state.no))
        })
    }

    /// The published message of that number.
    pub(crate) fn published(&self, no: u32) -> Result<&Update, Problem> {
        self.state.updates.iter().find(|update| update.no == no).ok_or_else(|| {
            let detail = format!("`update` is {no}; no such message of INC-{} was published", self.state.no);
            Problem::new(&problem::UPDATE_UNKNOWN, detail)
        })
    }

    /// Refuses a person who neither holds a role nor stands in for it by policy.
    pub(crate) fn must_hold(&self, role: Role, person: &str, code: &'static problem::Code) -> Result<(), Problem> {
        let holder = self.state.roles.get(&role);
        let stands_in = || {
            let backups = self.backups(role);
            backups.iter().flat_map(|party| self.ctx.roster.resolve(party, self.now())).any(|p| p == person)
        };
        let holds = holder.is_some_and(|holder| {
            holder.person == person || holder.consulted.iter().any(|consulted| consulted == person)
        });
        if holds || stands_in() {
            return Ok(());
        }
        let detail = match holder {
            Some(holder) => format!("{role} of INC-{} is {}", self.state.no, holder.person),
            None => format!("nobody is {role} of INC-{}; have it assigned to you first", self.state.no),
        };
        Err(Problem::new(code, detail))
    }
}
