//! A person's words to an audience. Its clocks are met when the words can be seen.

use calendar::{Duration, Instant};
use policy::model::Role;
use problem::Problem;

use crate::draft::Draft;
use crate::event::{Actor, Event, Update};

/// Furthest promise of a next update: beyond a week it is no cadence.
const MAX_PROMISE: Duration = Duration::from_hours(24 * 7);

/// The page of this program on which updates appear where an audience has no other surface.
const BUILT_IN_SURFACE: &str = "inbox";

pub(super) fn publish(
    draft: &mut Draft<'_>,
    by: &Actor,
    audience: &str,
    text: &str,
    next_update_at: Option<Instant>,
) -> Result<(), Problem> {
    let act = draft.act(by)?;
    let text = super::text("text", text)?;
    let Some(declared) = draft.ctx.policy.audiences.get(audience) else {
        let known: Vec<&str> = draft.ctx.policy.audiences.keys().map(String::as_str).collect();
        let detail = format!("`audience` is `{audience}`; the policy has {}", known.join(", "));
        return Err(Problem::new(&problem::NAME_UNKNOWN, detail));
    };
    draft.must_be_decided(audience)?;
    draft.must_be_approved(audience, &act.by)?;
    if let Some(at) = next_update_at
        && (at <= draft.now() || at > draft.now() + MAX_PROMISE)
    {
        let detail = format!("`next_update_at` is {at}; it must come after {} and within a week", draft.now());
        return Err(Problem::new(&problem::TIME_INVALID, detail));
    }
    let known = |channel: &&String| draft.ctx.roster.channels.contains_key(*channel);
    let channels: Vec<String> = declared.channels.iter().filter(known).cloned().collect();
    let surface = declared.surface.clone().or_else(|| channels.is_empty().then(|| BUILT_IN_SURFACE.to_owned()));
    let no = u32::try_from(draft.state.updates.len()).unwrap_or(u32::MAX).saturating_add(1);
    draft.take(&act);
    draft.accept_by_acting(Role::Publishing, &act.by);
    draft.emit(Event::UpdatePublished(Box::new(Update {
        no,
        audience: audience.to_owned(),
        text,
        by: act.by,
        published_at: act.at,
        channels,
        visible_at: None,
        next_update_at,
    })));
    if let Some(surface) = surface {
        show(draft, no, &surface);
    }
    Ok(())
}

/// A message can be seen. A second surface of the same message changes nothing.
pub(super) fn show(draft: &mut Draft<'_>, no: u32, surface: &str) {
    let Some(update) = draft.state.updates.iter().find(|update| update.no == no) else { return };
    if update.visible_at.is_some() {
        return;
    }
    let (audience, promised) = (update.audience.clone(), update.next_update_at);
    draft.emit(Event::UpdateVisible { update: no, surface: surface.to_owned() });
    draft.audience_informed(&audience, promised);
}

impl Draft<'_> {
    /// Where a role decides whether an audience is told, it is not told before.
    fn must_be_decided(&self, audience: &str) -> Result<(), Problem> {
        match self.decider(audience) {
            Some(role) if !self.state.informed.contains(audience) => {
                let detail = format!("{role} has not decided to inform `{audience}` of INC-{}", self.state.no);
                Err(Problem::new(&problem::ROLE_REQUIRED, detail))
            }
            _ => Ok(()),
        }
    }

    /// Where a window asks for a role's approval, the holder of that role publishes.
    fn must_be_approved(&self, audience: &str, person: &str) -> Result<(), Problem> {
        let Some(role) = self.approver(audience) else { return Ok(()) };
        self.must_hold(role, person, &problem::APPROVAL_REQUIRED)
    }

    /// Refuses a person who neither holds a role nor stands in for it by policy.
    pub(super) fn must_hold(&self, role: Role, person: &str, code: &'static problem::Code) -> Result<(), Problem> {
        let Some(holder) = self.state.roles.get(&role) else { return Ok(()) };
        let backups = self.backups(role);
        let stands_in = backups.iter().flat_map(|party| self.ctx.roster.resolve(party, self.now()));
        if holder.person == person
            || holder.consulted.iter().any(|p| p == person)
            || stands_in.into_iter().any(|p| p == person)
        {
            return Ok(());
        }
        Err(Problem::new(code, format!("{role} of INC-{} is {}", self.state.no, holder.person)))
    }
}
