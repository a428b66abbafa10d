//! What will be done to the system, from a seed: a list of inputs and faults at fixed instants.
//!
//! It is plain data made before anything runs, so that a failing run can be repeated with fewer of them.

use crate::random::Random;

/// One second, in the microseconds that the simulator counts.
pub(crate) const SECOND: i64 = 1_000_000;
/// A virtual day.
pub(crate) const DAY: i64 = 86_400 * SECOND;
/// Inputs of one seed, at least.
pub const INPUTS: usize = 500;

/// Kinds of faults; each seed enables some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each says what happens")]
pub enum Fault {
    CrashBeforeCommit,
    CrashAfterCommit,
    CrashAfterSend,
    StoreFull,
    StoreFailing,
    ClockForward,
    ClockBack,
    DuplicateSignals,
    LateSignals,
    ReorderedSignals,
    Slow,
    Failing,
    Gone,
    Lying,
    LostReceipt,
    DoubledOnTheWay,
    OtherDocuments,
    NobodyAnswers,
    OthersAnswer,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 19] = [
        Fault::CrashBeforeCommit,
        Fault::CrashAfterCommit,
        Fault::CrashAfterSend,
        Fault::StoreFull,
        Fault::StoreFailing,
        Fault::ClockForward,
        Fault::ClockBack,
        Fault::DuplicateSignals,
        Fault::LateSignals,
        Fault::ReorderedSignals,
        Fault::Slow,
        Fault::Failing,
        Fault::Gone,
        Fault::Lying,
        Fault::LostReceipt,
        Fault::DoubledOnTheWay,
        Fault::OtherDocuments,
        Fault::NobodyAnswers,
        Fault::OthersAnswer,
    ];
}

/// What a person, or now and then a machine, does to an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the core's commands say what they are")]
pub enum Verb {
    Acknowledge,
    AcknowledgeByMachine,
    Assign,
    Accept,
    Decline,
    HandOver,
    Contain,
    Mitigate,
    Validate,
    Resolve,
    BreakGlass,
    Confirm,
    Reopen,
    Pause,
    Unpause,
    Raise,
    Lower,
    ConfirmLower,
    DeclineLower,
    Update,
    Statement,
    Draft,
    Approve,
    Publish,
    Correct,
    Decide,
    Aware,
    Confirmed,
    Submitted,
    Waive,
    Review,
    StartChecklist,
    TickStep,
    UntickStep,
    GiveStep,
    Note,
}

/// How often each is done, beside the others.
const VERBS: [(Verb, usize); 36] = [
    (Verb::Acknowledge, 2),
    (Verb::AcknowledgeByMachine, 1),
    (Verb::Assign, 2),
    (Verb::Accept, 2),
    (Verb::Decline, 2),
    (Verb::HandOver, 2),
    (Verb::Contain, 2),
    (Verb::Mitigate, 4),
    (Verb::Validate, 6),
    (Verb::Resolve, 5),
    (Verb::BreakGlass, 2),
    (Verb::Confirm, 4),
    (Verb::Reopen, 2),
    (Verb::Pause, 2),
    (Verb::Unpause, 2),
    (Verb::Raise, 2),
    (Verb::Lower, 3),
    (Verb::ConfirmLower, 3),
    (Verb::DeclineLower, 1),
    (Verb::Update, 3),
    (Verb::Statement, 1),
    (Verb::Draft, 3),
    (Verb::Approve, 4),
    (Verb::Publish, 3),
    (Verb::Correct, 1),
    (Verb::Decide, 2),
    (Verb::Aware, 2),
    (Verb::Confirmed, 1),
    (Verb::Submitted, 1),
    (Verb::Waive, 1),
    (Verb::Review, 1),
    (Verb::StartChecklist, 2),
    (Verb::TickStep, 3),
    (Verb::UntickStep, 1),
    (Verb::GiveStep, 1),
    (Verb::Note, 1),
];

/// What happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Signals of one request, by the number that makes each of them unique.
    Signals {
        /// What they say: an index into [`METRICS`].
        what: usize,
        /// First number and how many.
        ids: (u32, u32),
        /// The alert ends.
        clears: bool,
        /// How long ago they happened.
        age_us: i64,
    },
    /// A person acts.
    Person {
        /// Who: an index into [`PEOPLE`].
        person: usize,
        /// What.
        verb: Verb,
        /// On which of the incidents that exist then, counted back from the newest.
        back: u64,
    },
    /// A person declares an incident.
    Declare {
        /// Who.
        person: usize,
    },
    /// Another version of the documents comes into force.
    Activate(usize),
    /// The wall clock jumps by so much.
    Jump(i64),
    /// The process dies at one of its next writes, or after its next message went out.
    Crash(Fault),
    /// The store fails for so long.
    StoreFails(Fault, i64),
    /// A receiver behaves so for so long.
    Receiver {
        /// Which: an index into [`CHANNELS`].
        channel: usize,
        /// How.
        fault: Fault,
        /// How long.
        lasts_us: i64,
    },
}

/// What signals can say: metric, label or value, and whether they carry an alert.
pub(crate) const METRICS: [(&str, Says, bool); 7] = [
    ("pii_leak", Says::Label("confirmed"), false),
    ("pii_leak", Says::Label("suspected"), false),
    ("degraded", Says::Label("bad"), false),
    ("provider_down", Says::Label("down"), true),
    ("commitment", Says::Label("made_up"), false),
    ("groundedness", Says::Value(0.1), false),
    ("groundedness", Says::Value(0.9), false),
];

/// What a signal says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Says {
    /// A word.
    Label(&'static str),
    /// A number.
    Value(f64),
}

/// Everybody. Zoe is on call in one version of the roster only.
pub(crate) const PEOPLE: [&str; 5] = ["ana", "ben", "mara", "tom", "zoe"];

/// Receivers.
pub(crate) const CHANNELS: [&str; 3] = ["pager", "spare", "chat"];

/// Everything that will happen.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// Enabled faults.
    pub faults: Vec<Fault>,
    /// What happens when, in microseconds since the beginning, ascending.
    pub acts: Vec<(i64, Act)>,
}

impl Plan {
    /// The plan of a seed.
    pub fn new(seed: u64) -> Plan {
        let mut random = Random::about(seed, "plan");
        let share = random.range(15, 85);
        let faults: Vec<Fault> = Fault::ALL.into_iter().filter(|_| random.percent(share)).collect();
        let mut acts = Vec::new();
        let mut next_id = 0;
        let inputs = INPUTS + usize::try_from(random.range(0, 60)).unwrap_or(0);
        for _ in 0..inputs {
            let at = random.range(0, DAY);
            let act = input(&mut random, &faults, &mut next_id);
            acts.push((at, act.clone()));
            if faults.contains(&Fault::DuplicateSignals) && matches!(act, Act::Signals { .. }) && random.percent(25) {
                acts.push((at + random.range(0, 3_600 * SECOND), act));
            }
        }
        for fault in &faults {
            for _ in 0..random.range(1, 4) {
                if let Some(act) = disturbance(&mut random, *fault) {
                    acts.push((random.range(0, DAY), act));
                }
            }
        }
        acts.sort_by_key(|(at, _)| *at);
        Plan { seed, faults, acts }
    }
}

fn input(random: &mut Random, faults: &[Fault], next_id: &mut u32) -> Act {
    let person = usize::try_from(random.range(0, 5)).unwrap_or(0);
    match random.range(0, 100) {
        0..40 => {
            let ids = (*next_id, u32::try_from(random.range(1, 4)).unwrap_or(1));
            *next_id += ids.1;
            let mut age_us = 0;
            if faults.contains(&Fault::LateSignals) && random.percent(10) {
                age_us = random.range(3_600, 5 * 86_400) * SECOND;
            } else if faults.contains(&Fault::ReorderedSignals) && random.percent(20) {
                age_us = random.range(1, 120) * SECOND;
            }
            // Certain triggers are rarer than doubtful ones.
            let what = *random.pick(&[0, 1, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6]);
            Act::Signals { what, ids, clears: what == 3 && random.percent(40), age_us }
        }
        40..45 => Act::Declare { person },
        _ => Act::Person { person, verb: verb(random), back: u64::try_from(random.range(0, 3)).unwrap_or(0) },
    }
}

fn verb(random: &mut Random) -> Verb {
    let all: usize = VERBS.iter().map(|(_, often)| often).sum();
    let mut left = usize::try_from(random.range(0, i64::try_from(all).unwrap_or(1))).unwrap_or(0);
    for (verb, often) in VERBS {
        match left.checked_sub(often) {
            Some(rest) => left = rest,
            None => return verb,
        }
    }
    Verb::Note
}

fn disturbance(random: &mut Random, fault: Fault) -> Option<Act> {
    let channel = usize::try_from(random.range(0, 3)).unwrap_or(0);
    let lasts_us = random.range(30, 2_400) * SECOND;
    match fault {
        Fault::CrashBeforeCommit | Fault::CrashAfterCommit | Fault::CrashAfterSend => Some(Act::Crash(fault)),
        Fault::StoreFull | Fault::StoreFailing => Some(Act::StoreFails(fault, random.range(1, 600) * SECOND)),
        Fault::ClockForward => Some(Act::Jump(*random.pick(&[1, 3, 60, 3_600, 86_400]) * SECOND)),
        Fault::ClockBack => Some(Act::Jump(*random.pick(&[-1, -3, -60, -3_600, -86_400]) * SECOND)),
        Fault::Slow | Fault::Failing | Fault::Gone | Fault::Lying | Fault::LostReceipt | Fault::DoubledOnTheWay => {
            Some(Act::Receiver { channel, fault, lasts_us })
        }
        Fault::OtherDocuments => Some(Act::Activate(usize::try_from(random.range(0, 3)).unwrap_or(0))),
        Fault::DuplicateSignals | Fault::LateSignals | Fault::ReorderedSignals => None,
        Fault::NobodyAnswers | Fault::OthersAnswer => None,
    }
}
