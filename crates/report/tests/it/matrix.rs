//! The starter's matrix in every form.

use expect_test::expect_file;
use lab::Matrix;
use policy::{Source, load, starter};

pub(crate) fn matrix() -> Matrix {
    let policy = Source { name: "policy.yaml", text: starter::POLICY };
    let loaded = load(policy, Source { name: "roster.yaml", text: starter::ROSTER });
    let mut matrix = lab::matrix(&loaded.policy.unwrap(), &loaded.roster.unwrap());
    // The version follows every comment in the document.
    "000000000000".clone_into(&mut matrix.policy);
    matrix
}

#[test]
fn every_form_of_the_starters_matrix() {
    let matrix = matrix();
    expect_file!["snapshots/matrix.md"].assert_eq(&report::matrix::markdown(&matrix));
    expect_file!["snapshots/matrix.csv"].assert_eq(&report::matrix::csv(&matrix).replace("\r\n", "\n"));
    expect_file!["snapshots/matrix.html"]
        .assert_eq(&report::matrix::html(&matrix).into_string().replace("<tr>", "\n<tr>"));
}

#[test]
fn json_holds_the_whole_model() {
    let json: serde_json::Value = serde_json::from_str(&report::matrix::json(&matrix())).unwrap();
    assert_eq!(json["rows"].as_array().unwrap().len(), matrix().rows.len());
    assert_eq!(json["rows"][0]["first_response"], "10 min");
    assert_eq!(json["summary"]["readiness"]["tier"], "enterprise");
}

#[test]
fn the_brief_holds_the_table() {
    let brief = report::matrix::html_brief(&matrix()).into_string();
    assert!(brief.contains(&report::matrix::html(&matrix()).into_string().replace("Escalation matrix", "Matrix")));
    assert!(brief.contains("<h2>Readiness</h2>"));
}
