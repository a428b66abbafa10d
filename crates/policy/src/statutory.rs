//! Statutory notices: which there are, what starts them, and by when they are due.
//!
//! The rows are data with their sources (`data/regulatory_clocks.json`): templates for a team's
//! counsel, not legal advice. Which incidents run which of them the policy's classes say.

mod deadline;

use std::sync::LazyLock;

use serde::Deserialize;

use crate::suggest;
pub use deadline::Deadline;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../data/regulatory_clocks.json")).expect("the table is tested to be read")
});

#[derive(Deserialize)]
struct Table {
    clocks: Vec<StatutoryClock>,
}

/// A notice that a law asks for, and its clock.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct StatutoryClock {
    /// Its id, such as `gdpr-33-1`.
    pub id: String,
    /// The notice that keeps it; several clocks may run for one notice.
    pub notice: String,
    /// The law, in its usual short form.
    pub regime: String,
    /// Where it holds.
    pub jurisdiction: String,
    /// Whom it obliges.
    pub obligated: String,
    /// What it asks a notice of.
    pub trigger: String,
    /// What starts the clock; `None`: something that incidents do not record.
    pub starts: Option<Start>,
    /// How long there is.
    #[serde(rename = "deadline")]
    pub length: Length,
    /// How the days and hours are counted.
    #[serde(rename = "calendar_rule")]
    pub rule: Rule,
    /// Who gets the notice.
    pub recipient: String,
    /// Where it is written.
    pub source: String,
    /// How far this row was verified.
    pub verified: Verified,
    /// Whether it is in force.
    pub status: String,
    /// What else to know.
    pub note: String,
    /// Why a policy may not name it; `None` where it may.
    pub disabled: Option<String>,
}

/// What starts a clock.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// A recorded fact.
    Fact(StartingFact),
    /// The actual submission of another notice.
    After(String),
}

/// A fact that starts clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartingFact {
    /// The organization became aware.
    AwareAt,
    /// Suspected became confirmed.
    ConfirmedAt,
    /// It was classified: major, material, notifiable, or of high risk.
    ClassifiedAt,
}

/// How long there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Length {
    /// How many.
    pub value: u32,
    /// Of what.
    pub unit: Unit,
}

/// What a length counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
    /// Days of the calendar.
    CalendarDays,
    /// Days on which offices work.
    BusinessDays,
    /// Months of the calendar.
    Months,
    /// As soon as possible: the law names no time.
    WithoutUndueDelay,
    /// At once: the law names no time.
    Immediate,
}

/// How days and hours are counted, for the latest lawful instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Rule {
    /// Regulation (EEC, Euratom) 1182/71 art. 3, periods in days and months.
    #[serde(rename = "eu_1182_71")]
    EuDays,
    /// Regulation (EEC, Euratom) 1182/71 art. 3, periods in hours.
    #[serde(rename = "eu_1182_71_hours")]
    EuHours,
    /// What ends on a day off ends at noon of the next working day (Delegated Regulation 2025/301 art. 5).
    #[serde(rename = "dora_noon_next_working_day")]
    NoonOfNextWorkingDay,
    /// Business days after the day of determination, to the end of the last (Form 8-K, General Instruction B.1).
    #[serde(rename = "us_sec_business_days")]
    UsBusinessDays,
    /// Elapsed time, and days to their end, without exception for days off.
    #[serde(rename = "none", alias = "wallclock", alias = "contract", alias = "24x7", alias = "br")]
    Elapsed,
}

/// How far a row was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Verified {
    /// The text of the law was read.
    A,
    /// A secondary source was read.
    B,
    /// From general knowledge.
    C,
    /// No law: a contract.
    #[serde(rename = "n/a")]
    Contract,
}

/// Every row, in the order of the table.
pub fn all() -> &'static [StatutoryClock] {
    &TABLE.clocks
}

/// The row of that id.
pub fn find(id: &str) -> Option<&'static StatutoryClock> {
    all().iter().find(|clock| clock.id == id)
}

/// A question for the nearest row that may be named.
pub(crate) fn did_you_mean(id: &str) -> Option<String> {
    suggest::did_you_mean(id, all().iter().filter(|clock| clock.disabled.is_none()).map(|clock| clock.id.as_str()))
}

impl StatutoryClock {
    /// Whether a submitted notice of that name keeps it.
    pub fn is_kept_by(&self, notice: &str) -> bool {
        self.notice == notice || self.id == notice
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_its_chains_lead_somewhere() {
        assert!(all().len() > 30);
        for clock in all() {
            assert_eq!(all().iter().filter(|other| other.id == clock.id).count(), 1, "{}", clock.id);
            assert!(!clock.source.is_empty() && !clock.recipient.is_empty(), "{}", clock.id);
            if let Some(Start::After(notice)) = &clock.starts {
                assert!(all().iter().any(|other| other.notice == *notice), "{} follows {notice}", clock.id);
            }
        }
    }

    #[test]
    fn what_is_not_verified_or_cannot_start_is_disabled() {
        for clock in all() {
            let usable = clock.verified != Verified::C && clock.starts.is_some();
            assert!(usable || clock.disabled.is_some(), "{}", clock.id);
        }
        for id in ["hipaa-ba", "us-circia", "co-sb24-205", "uk-gdpr-33", "contract-rca", "cra-final-vuln"] {
            assert!(find(id).unwrap().disabled.is_some(), "{id}");
        }
        for id in ["gdpr-33-1", "gdpr-34", "dora-initial-a", "nis2-final", "sec-8k-105", "contract-dpa"] {
            assert_eq!(find(id).unwrap().disabled, None, "{id}");
        }
    }
}
