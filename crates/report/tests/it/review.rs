//! A week in every form.

use expect_test::expect_file;

use crate::week;

#[test]
fn every_form_of_a_week() {
    let review = week::review("Late page");
    expect_file!["snapshots/review.md"].assert_eq(&report::review::markdown(&review));
    expect_file!["snapshots/review.csv"].assert_eq(&report::review::csv(&review).replace("\r\n", "\n"));
    expect_file!["snapshots/review.json"].assert_eq(&report::review::json(&review));
}

#[test]
fn a_page_links_incidents_and_says_where_there_is_nothing() {
    let html = report::review::html(&week::review("Late page")).into_string();
    assert!(html.contains(r#"<td><a href="/incidents/INC-7">INC-7</a></td>"#));
    let by_owner = html.split("<h2>Misses by owner</h2>").nth(1).unwrap();
    assert!(by_owner.starts_with("<ul><li>None.</li></ul>"), "{by_owner}");
    assert!(!html.contains("<script") && !html.contains("style="));
}
