//! A playbook in every form, and hostile words in one.

use expect_test::{expect, expect_file};
use policy::playbook::{Playbook, built_in};
use policy::{Source, load, starter};

fn leak() -> &'static Playbook {
    &built_in()["data-leak"]
}

#[test]
fn every_form_of_a_playbook() {
    expect_file!["snapshots/playbook.md"].assert_eq(&report::playbook::markdown(leak(), built_in()));
    expect_file!["snapshots/playbook.csv"].assert_eq(&report::playbook::csv(leak()).replace("\r\n", "\n"));
    let json: serde_json::Value = serde_json::from_str(&report::playbook::json(leak())).unwrap();
    assert_eq!(json["id"], "data-leak");
    assert_eq!(json["steps"][1]["do"], leak().steps[1].text);
    assert_eq!((&json["steps"][1]["role"], &json["steps"][1]["within_s"]), (&"remediation".into(), &900.into()));
}

#[test]
fn a_page_that_stands_alone_holds_every_step_and_prints() {
    for playbook in built_in().values() {
        let page = report::playbook::page(playbook, built_in());
        assert!(page.contains("@media print"), "{}", playbook.id);
        assert_eq!(page.matches("<li><p><strong>").count(), playbook.steps.len(), "{}", playbook.id);
        for id in playbook.maps.lists().flat_map(|(_, ids)| ids) {
            assert!(page.contains(id.as_str()), "{}: {id}", playbook.id);
        }
    }
}

#[test]
fn the_sheets_are_templates_to_fill_in() {
    let sheet = |id: &str| built_in()[id].sheet.as_ref().unwrap();
    let controls = report::playbook::sheet_csv(sheet("ai-security-controls-review"));
    let head = controls.lines().next().unwrap();
    expect!["Control,Stops,Likelihood 1-5,Impact 1-5,Risk,Owner,Evidence and date,Gap and remediation,Due,Next review"]
        .assert_eq(head);
    assert_eq!(controls.lines().count(), 1 + sheet("ai-security-controls-review").rows.len());
    let changes = report::playbook::sheet_markdown(sheet("ai-change-management"));
    for column in ["Approvers", "Risk", "Rollback trigger", "Validation signal"] {
        assert!(changes.contains(&format!("| {column} |")), "{column}: {changes}");
    }
}

#[test]
fn hostile_words_stay_words() {
    let own = "playbooks:\n  own:\n    title: '<script>alert(1)</script>'\n    summary: '=cmd|x'\n    \
               steps: [{do: '=HYPERLINK(\"http://x\") [a](b) <b>', role: commander, within: 5m}]\n";
    let text = format!("{}{own}", starter::POLICY);
    let loaded =
        load(Source { name: "policy.yaml", text: &text }, Source { name: "roster.yaml", text: starter::ROSTER });
    let policy = loaded.policy.unwrap();
    let own = &policy.playbooks["own"];
    let markdown = report::playbook::markdown(own, &policy.playbooks);
    assert!(markdown.contains("\\[a\\](b) &lt;b>") && markdown.starts_with("# &lt;script>"), "{markdown}");
    assert!(report::playbook::csv(own).contains("\"'=HYPERLINK("));
    assert!(!report::playbook::page(own, &policy.playbooks).contains("<script>"));
}
