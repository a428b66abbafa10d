//! What can be done to an incident now: the one step that moves it on, and everything else.
//!
//! A projection of the state for people. It refuses nothing: the core does, and the form says why.

use policy::model::{Role, Window};
use wcore::Incident;
use wcore::clock::ClockKind;
use wcore::event::Fact;
use wcore::incident::Status;

use super::event_words::fact_words;
use super::form::{Action, Button, Field, Input};
use super::frame::Scene;
use super::words;

/// Longest single line asked for.
const MAX_LINE: usize = 400;

/// Offers for the next update, in minutes.
const NEXT_UPDATE_MINUTES: [(u32, &str); 6] =
    [(15, "15 minutes"), (30, "30 minutes"), (60, "1 hour"), (120, "2 hours"), (240, "4 hours"), (1_440, "1 day")];

/// The one step that moves the incident on; none once it is reviewed.
pub(crate) fn primary(incident: &Incident) -> Option<Action> {
    match incident.status() {
        Status::Triggered => Some(acknowledge()),
        Status::Acknowledged => Some(contain()),
        Status::Contained => Some(mitigate()),
        Status::Mitigated => Some(validate()),
        Status::Validated => Some(resolve()),
        Status::Resolved => Some(review()),
        Status::Closed => None,
    }
}

/// Everything else, in the groups in which people look for it.
pub(crate) fn others(incident: &Incident, scene: &Scene) -> Vec<(&'static str, Vec<Action>)> {
    let open = incident.status().is_open();
    let mut tell = vec![update(scene)];
    tell.extend(undecided(incident, scene).into_iter().map(|audience| decide(&audience)));
    tell.push(note());
    let people = if open { vec![assign(scene)] } else { Vec::new() };
    let mut change = Vec::new();
    if open {
        change.push(severity(incident, scene));
        change.push(if incident.paused.is_some() { unpause() } else { pause() });
    }
    if incident.clocks.iter().any(wcore::clock::Clock::is_open) {
        change.push(waive(incident));
    }
    change.push(fact());
    if !open {
        change.push(reopen());
    }
    let groups = [("Tell people", tell), ("People", people), ("Change", change), ("Skip ahead", ahead(incident))];
    groups.into_iter().filter(|(_, actions)| !actions.is_empty()).collect()
}

/// Steps after the primary one that may come first, as containment does not always.
fn ahead(incident: &Incident) -> Vec<Action> {
    match incident.status() {
        Status::Triggered => vec![contain(), mitigate(), validate()],
        Status::Acknowledged => vec![mitigate(), validate(), resolve()],
        Status::Contained => vec![validate(), resolve()],
        Status::Mitigated | Status::Validated if incident.contained.is_none() => vec![contain()],
        _ => Vec::new(),
    }
}

/// Roles that the viewer was given and has not accepted.
pub(crate) fn acceptance(incident: &Incident, scene: &Scene) -> Vec<Action> {
    let me = scene.viewer.person.as_deref();
    let mine = incident.roles.iter().filter(|(_, holder)| Some(holder.person.as_str()) == me && !holder.accepted);
    let open = incident.status().is_open();
    mine.filter(|_| open).map(|(role, _)| accept(*role)).collect()
}

fn acknowledge() -> Action {
    Action::new("acknowledge", "Acknowledge", "Acknowledge").key("a").help("You take it. Paging stops, and you lead.")
}

fn contain() -> Action {
    Action::new("contain", "Contain", "Contained")
        .help("Customers are no longer harmed, even if the cause still acts.")
        .field(
            Field::new("customers_see", "What do customers see now?", Input::Area)
                .hint("For example: the assistant hands every refund question to a person."),
        )
}

fn mitigate() -> Action {
    Action::new("mitigate", "Mitigate", "Mitigated")
        .help("The cause no longer acts. The proof comes next.")
        .field(Field::new("note", "What was done?", Input::Area).hint("For example: rolled prompt v48 back to v47."))
}

fn validate() -> Action {
    Action::new("validations", "Validate", "")
        .help("Prove that it is fixed, with evidence newer than the mitigation.")
        .field(
            Field::new("kind", "Evaluation set", Input::Line(MAX_LINE))
                .hint("For example: refund-policy-v3, 200 conversations."),
        )
        .field(Field::new("text", "What did it show?", Input::Area))
        .field(Field::new("link", "Link to the evidence", Input::Line(MAX_LINE)).optional())
        .field(Field::new("observed_at", "Observed at", Input::Time).optional().hint("Leave empty for now."))
        .buttons(vec![
            Button { label: "Passed".to_owned(), answer: Some(("passed", "true")), primary: true },
            Button { label: "Failed".to_owned(), answer: Some(("passed", "false")), primary: false },
        ])
}

fn resolve() -> Action {
    Action::new("resolve", "Resolve", "Resolve").help("It is proven. Closing notices and the review follow.")
}

fn review() -> Action {
    Action::new("reviews", "Review", "Close the review")
        .help("What caused it, and what will be different.")
        .field(Field::new("cause", "Cause", Input::Area))
        .field(Field::new("action", "What is done about it, by whom, until when", Input::Area))
}

fn update(scene: &Scene) -> Action {
    let audiences: Vec<(String, String)> =
        scene.names.policy.audiences.keys().map(|id| (id.clone(), id.clone())).collect();
    let mut next = vec![(String::new(), "as the policy says".to_owned())];
    next.extend(NEXT_UPDATE_MINUTES.iter().map(|(minutes, words)| (minutes.to_string(), format!("in {words}"))));
    Action::new("updates", "Send an update", "Publish")
        .key("u")
        .help("Published under your name, and not editable afterwards.")
        .field(Field::new("audience", "To", Input::Choice(audiences)))
        .field(Field::new("impact", "What is affected, and what are we doing?", Input::Area))
        .field(Field::new("workaround", "What can they do meanwhile?", Input::Area).optional())
        .field(Field::new("next_in", "Next update", Input::Choice(next)).optional())
}

/// Audiences about which a role has yet to decide.
fn undecided(incident: &Incident, scene: &Scene) -> Vec<String> {
    let targets = scene.names.policy.targets(&incident.class, incident.severity);
    let waits = |audience: &String| {
        let clock = incident.open_clocks(&ClockKind::Decide(audience.clone())).next().is_some();
        clock || !incident.informed.contains(audience)
    };
    let decided_by_a_role = targets.updates.iter().filter(|(_, window)| matches!(window, Window::Decide { .. }));
    decided_by_a_role.map(|(audience, _)| audience.clone()).filter(waits).collect()
}

fn decide(audience: &str) -> Action {
    Action::new("decide", format!("Decide whether {audience} are told"), "")
        .help("The policy leaves this to a role. Nothing goes out before.")
        .field(Field::hidden("audience", audience))
        .field(Field::new("reason", "Why?", Input::Area))
        .buttons(vec![
            Button { label: "Tell them".to_owned(), answer: Some(("inform", "true")), primary: true },
            Button { label: "Do not tell them".to_owned(), answer: Some(("inform", "false")), primary: false },
        ])
}

fn note() -> Action {
    Action::new("notes", "Write a note", "Add note")
        .key("n")
        .help("For the timeline, and for nobody outside.")
        .field(Field::new("text", "Note", Input::Area))
}

fn assign(scene: &Scene) -> Action {
    let roles = Role::ALL.iter().map(|role| (role.word().to_owned(), words::role(*role).0.to_owned())).collect();
    let people = scene.names.roster.people.iter().map(|(id, person)| (id.clone(), person.name.clone())).collect();
    Action::new("assign", "Assign a role", "Assign")
        .key("o")
        .help("They are paged, and accept it themselves.")
        .field(Field::new("role", "Role", Input::Choice(roles)))
        .field(Field::new("person", "To", Input::Choice(people)))
}

fn accept(role: Role) -> Action {
    Action::new("accept", "", format!("Accept {role}")).field(Field::hidden("role", role.word()))
}

fn severity(incident: &Incident, scene: &Scene) -> Action {
    let names = &scene.names;
    let severities = names.policy.severities.iter().filter(|severity| severity.rank != incident.severity);
    let severities = severities.map(|severity| (severity.name.clone(), severity.name.clone())).collect();
    let mut people = vec![(String::new(), "nobody".to_owned())];
    let others = names.roster.people.iter().filter(|(id, _)| Some(id.as_str()) != scene.viewer.person.as_deref());
    people.extend(others.map(|(id, person)| (id.clone(), person.name.clone())));
    Action::new("severity", "Change the severity", "Change")
        .key("s")
        .help("In doubt the higher one. Looser deadlines need a second person.")
        .field(Field::new("severity", "To", Input::Choice(severities)))
        .field(Field::new("reason", "Why?", Input::Area))
        .field(Field::new("approver", "Approved by", Input::Choice(people)).optional())
}

fn pause() -> Action {
    Action::new("pause", "Pause the work", "Pause")
        .help("Stops the clocks of the work. People who wait to hear are not paused, nor is paging.")
        .field(Field::new("reason", "Why?", Input::Area))
}

fn unpause() -> Action {
    Action::new("unpause", "Go on with the work", "Go on").help("The clocks of the work run again.")
}

fn waive(incident: &Incident) -> Action {
    let open = incident.clocks.iter().filter(|clock| clock.is_open());
    let clocks = open.map(|clock| {
        let cycle = if clock.id.cycle > 1 { format!(" no. {}", clock.id.cycle) } else { String::new() };
        (clock.id.to_string(), format!("{}{cycle}", words::clock(&clock.id.kind)))
    });
    Action::new("waive", "Let a clock go", "Waive")
        .help("In your name, on record. What was missed stays missed.")
        .field(Field::new("clock", "Clock", Input::Choice(clocks.collect())))
        .field(Field::new("reason", "Why?", Input::Area))
}

fn fact() -> Action {
    let facts = [Fact::AwareAt, Fact::ConfirmedAt, Fact::ClassifiedAt, Fact::SubmittedAt];
    let word = |fact: Fact| match fact {
        Fact::AwareAt => "aware_at",
        Fact::ConfirmedAt => "confirmed_at",
        Fact::ClassifiedAt => "classified_at",
        Fact::SubmittedAt => "submitted_at",
    };
    let facts = facts.map(|fact| (word(fact).to_owned(), fact_words(fact).to_owned())).to_vec();
    Action::new("facts", "Record a dated fact", "Record")
        .help("Facts start or chain the clocks of statutory notices.")
        .field(Field::new("fact", "Fact", Input::Choice(facts)))
        .field(Field::new("at", "When", Input::Time).optional().hint("Leave empty for now."))
        .field(Field::new("note", "What it rests on", Input::Area))
}

fn reopen() -> Action {
    Action::new("reopen", "Reopen", "Reopen")
        .help("It came back. What was acknowledged stays so; the work resumes.")
        .field(Field::new("reason", "Why?", Input::Area))
}
