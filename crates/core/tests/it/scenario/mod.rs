//! Scenarios: what people and time do to an incident, hour by hour. Instants without a date are
//! times of the day of the scenarios, in UTC; the incident opens at ten unless the story says so.

mod absence;
mod checklists;
mod corrections;
mod declaring;
mod duties;
mod edges;
mod escalation;
mod handing;
mod proof;
mod severity;
mod statutory;
mod triggers;
mod turns;
mod windows;
mod words;
mod work;
