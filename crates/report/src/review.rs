//! The weekly review: for the meeting, for a spreadsheet, and for programs.

mod sections;
mod table;
mod value;

use lab::Review;
use maud::Markup;

use crate::document::Document;
use crate::{csv, html, markdown, words};

/// The review as a document for the meeting.
pub fn markdown(review: &Review) -> String {
    markdown::render(&document(review))
}

/// One row per miss, false page, broken glass, open validation, answer after hours and finding.
pub fn csv(review: &Review) -> String {
    csv::render(table::HEAD, table::rows(review))
}

/// Everything, with times as RFC 3339 and lengths in seconds.
pub fn json(review: &Review) -> String {
    serde_json::to_string_pretty(&value::value(review)).expect("a JSON value always encodes") + "\n"
}

/// The review below a page's own heading.
pub fn html(review: &Review) -> Markup {
    html::render(&document(review))
}

fn document(review: &Review) -> Document {
    let zone = words::zone(&review.zone);
    let [from, until, now] = [review.from, review.until, review.now].map(|at| words::local(at, &zone));
    let span = format!("From {from} until {until}, {}; as known at {now}.", review.zone);
    let head = review.head.as_ref().map(|(position, hash)| format!("Head of the journal: {hash} at {position}."));
    Document {
        title: format!("Weekly review {}", review.week),
        lead: [span].into_iter().chain(head).collect(),
        sections: sections::sections(review, &zone),
    }
}
