//! What a team is asked, and what it may answer. The defaults are the middle of the road.

use serde::{Deserialize, Serialize};

/// The answers of a team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Answers {
    /// Who promises.
    pub organization: String,
    /// What the assistant is called.
    pub assistant: String,
    /// Conversations a month.
    pub interactions: Interactions,
    /// Who is hurt when it fails.
    pub impact: Impact,
    /// Who is awake.
    pub on_call: OnCall,
    /// Where working hours are counted, an IANA name.
    pub time_zone: String,
    /// Whether it sees personal or otherwise regulated data.
    pub regulated: Regulated,
    /// What an answer of it can do.
    pub rights: Rights,
    /// How often model, prompts or knowledge change.
    pub changes: Changes,
    /// What customers get while it is off.
    pub fallback: Fallback,
    /// How closely executives follow.
    pub executives: Executives,
    /// Whether the public reads a status page.
    pub status_page: bool,
}

impl Default for Answers {
    fn default() -> Answers {
        Answers {
            organization: "Our team".to_owned(),
            assistant: "Support assistant".to_owned(),
            interactions: Interactions::From50k,
            impact: Impact::CustomerFacing,
            on_call: OnCall::Always,
            time_zone: "Europe/Berlin".to_owned(),
            regulated: Regulated::Possible,
            rights: Rights::Informs,
            changes: Changes::Weekly,
            fallback: Fallback::Partial,
            executives: Executives::Severest,
            status_page: true,
        }
    }
}

/// Defines a question with its answers: variant, word in files and forms, words for people.
macro_rules! question {
    ($(#[$doc:meta])* $name:ident $text:literal $($variant:ident $word:literal $label:literal)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $(#[doc = $label] #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// The word in files and forms.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }

            /// The same for people.
            pub fn label(self) -> &'static str {
                match self { $($name::$variant => $label,)* }
            }

            /// The question, and all answers.
            pub const QUESTION: Question = Question { text: $text, answers: &[$(($word, $label),)*] };

            /// The answer with that word.
            pub fn named(word: &str) -> Option<$name> {
                match word { $($word => Some($name::$variant),)* _ => None }
            }
        }
    };
}

/// A question with a choice of answers.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// As people are asked.
    pub text: &'static str,
    /// Word and label of each answer.
    pub answers: &'static [(&'static str, &'static str)],
}

question! {
    /// Conversations a month.
    Interactions "How many conversations a month?"
    Under10k "under-10k" "fewer than 10,000"
    From10k "10k-50k" "10,000 to 50,000"
    From50k "50k-250k" "50,000 to 250,000"
    From250k "250k-1m" "250,000 to a million"
    Over1m "over-1m" "more than a million"
}

question! {
    /// Who is hurt when it fails.
    Impact "Who meets its answers?"
    Internal "internal" "colleagues only"
    AssistedAgents "assisted-agents" "support agents, who check them"
    CustomerFacing "customer-facing" "customers"
    MissionCritical "mission-critical" "customers, and the business stands still without it"
}

question! {
    /// Who is awake.
    OnCall "Who is on call?"
    BusinessHours "business-hours" "one team, in working hours"
    Extended "extended" "one team, early until late"
    Always "always" "one team, around the clock"
    FollowTheSun "follow-the-sun" "three regions, each by day"
}

question! {
    /// Whether it sees personal or otherwise regulated data.
    Regulated "Does it see personal or otherwise regulated data?"
    None "none" "no"
    Possible "possible" "customers may type it in"
    Yes "yes" "yes, by design"
}

question! {
    /// What an answer of it can do.
    Rights "What can an answer of it do?"
    Informs "informs" "inform"
    Commits "commits" "quote prices, policies or refunds"
    Acts "acts" "act: refund, book, change accounts"
}

question! {
    /// How often model, prompts or knowledge change.
    Changes "How often do model, prompts or knowledge change?"
    Rarely "rarely" "less than weekly"
    Weekly "weekly" "about weekly"
    Daily "daily" "daily or by themselves"
}

question! {
    /// What customers get while it is off.
    Fallback "What do customers get while it is off?"
    None "none" "nothing"
    Partial "partial" "a queue or a form"
    Full "full" "people or a second provider at once"
}

question! {
    /// How closely executives follow.
    Executives "When are executives told?"
    Severest "severest" "when it is of the most severe kind"
    Two "two" "of the two most severe kinds"
    Never "never" "never by a clock"
}
