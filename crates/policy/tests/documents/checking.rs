//! Ignored findings, and the formats in which other programs read diagnostics.

use crate::common::{POLICY, ROSTER, edited};
use expect_test::expect;
use policy::{LINTS, Source, load_on, to_github, to_sarif};

/// A day on which the entries below are judged.
const TODAY: &str = "2027-01-31";

/// The pair with a shadowed trigger, which is a warning, and these entries of `ignore`.
fn with_ignores(entries: &str) -> String {
    let copy = "  - id: copy\n    when: signal.metric == \"pii_leak\" && signal.label == \"confirmed\"\n    \
                raise: {class: pii_leak, severity: SEV-1}\naudiences:\n";
    let slower = edited(&edited(POLICY, "audiences:\n", copy), "    acknowledge: 10m", "    acknowledge: 45m");
    edited(&slower, "escalate_after: 20m", "escalate_after: 50m") + &format!("ignore: [{entries}]\n")
}

/// Codes that remain, with the line of each, and how many were ignored.
fn remaining(entries: &str) -> (Vec<String>, usize) {
    let text = with_ignores(entries);
    let policy = Source { name: "policy.yaml", text: &text };
    let loaded = load_on(policy, Source { name: "roster.yaml", text: ROSTER }, TODAY.parse().expect("a date"));
    let codes = loaded.diagnostics.iter().map(|found| found.code.id.to_owned()).collect();
    (codes, loaded.ignored)
}

#[test]
fn what_is_ignored_is_gone_until_its_day_is_over() {
    let (shadowed, looser) = ("trigger-shadowed", "stricter-is-looser");
    for (entries, codes, ignored) in [
        ("", vec![shadowed, looser], 0),
        ("{check: trigger-shadowed, until: 2027-01-31, reason: On trial.}", vec![looser], 1),
        ("{check: trigger-shadowed, at: triggers/copy, until: 2027-02-28, reason: On trial.}", vec![looser], 1),
        ("{check: trigger-shadowed, at: triggers, until: 2027-02-28, reason: On trial.}", vec![looser], 1),
        ("{check: stricter-is-looser, at: targets/sev-1, until: 2027-02-28, reason: Known.}", vec![shadowed], 1),
        ("{check: stricter-is-looser, at: targets/1/acknowledge, until: 2027-02-28, reason: x}", vec![shadowed], 1),
        (
            "{check: trigger-shadowed, at: triggers/cop, until: 2027-02-28, reason: Elsewhere.}",
            vec![shadowed, looser, "ignore-unused"],
            0,
        ),
        (
            "{check: stricter-is-looser, at: targets/SEV-2, until: 2027-02-28, reason: Elsewhere.}",
            vec![shadowed, looser, "ignore-unused"],
            0,
        ),
        ("{check: trigger-shadowed, until: 2027-01-30, reason: Over.}", vec![shadowed, looser, "ignore-expired"], 0),
        (
            "{check: trigger-shadowed, until: 2027-01-30, reason: Over.}, \
             {check: trigger-shadowed, until: 2027-03-01, reason: Still on trial.}",
            vec![looser, "ignore-expired"],
            1,
        ),
    ] {
        let (found, hidden) = remaining(entries);
        assert_eq!((found, hidden), (codes.iter().map(|code| (*code).to_owned()).collect(), ignored), "{entries}");
    }
}

#[test]
fn an_entry_that_is_not_understood_ignores_nothing() {
    for (entry, code) in [
        ("{check: trigger-shadwed, until: 2027-02-28, reason: x}", "unknown-check"),
        ("{check: policy-type, until: 2027-02-28, reason: x}", "unknown-check"),
        ("{check: trigger-shadowed, until: 2027-02-28}", "policy-missing-key"),
        ("{check: trigger-shadowed, until: 2027-02-28, reason: ' '}", "policy-value"),
        ("{check: trigger-shadowed, until: soon, reason: x}", "policy-value"),
        ("{check: trigger-shadowed, reason: x}", "policy-missing-key"),
        ("trigger-shadowed", "policy-type"),
    ] {
        assert_eq!(remaining(entry), (vec![code.to_owned()], 0), "{entry}");
    }
}

#[test]
fn the_book_names_every_check_that_can_be_ignored() {
    let book = include_str!("../../../../docs/checking.md");
    for lint in LINTS {
        assert!(book.contains(&format!("[`{0}`](errors/{0}.md)", lint.id)), "docs/checking.md lacks {}", lint.id);
    }
}

/// A pair with a warning that has a related place, and an error without a place.
fn two_findings() -> (String, String) {
    (edited(POLICY, "acknowledge: 20m", "ackn%owledge: 20m"), ROSTER.replace("calendars:", "kalender\u{e4}:"))
}

#[test]
fn sarif_has_the_shape_that_2_1_0_requires() {
    let text = with_ignores("");
    let sources = [Source { name: "./team a/policy.yaml", text: &text }, Source { name: "roster.yaml", text: ROSTER }];
    let sarif = to_sarif(&load_on(sources[0], sources[1], TODAY.parse().unwrap()).diagnostics, &sources);
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    let rules: Vec<&str> =
        run["tool"]["driver"]["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    let results = run["results"].as_array().unwrap();
    assert_eq!((rules.len(), results.len()), (2, 2));
    for result in results {
        assert!(rules.contains(&result["ruleId"].as_str().unwrap()), "{result}");
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()), "{result}");
        assert!(!result["message"]["text"].as_str().unwrap().is_empty(), "{result}");
    }
    expect![[r#"
        {
          "level": "warning",
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "team%20a/policy.yaml"
                },
                "region": {
                  "endColumn": 13,
                  "endLine": 15,
                  "startColumn": 9,
                  "startLine": 15
                }
              }
            }
          ],
          "message": {
            "text": "`copy` never adds anything: `pii-confirmed` fires on the same signals. Help: remove it, or change what it looks at"
          },
          "relatedLocations": [
            {
              "message": {
                "text": "this one is first"
              },
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "team%20a/policy.yaml"
                },
                "region": {
                  "endColumn": 22,
                  "endLine": 9,
                  "startColumn": 9,
                  "startLine": 9
                }
              }
            }
          ],
          "ruleId": "trigger-shadowed"
        }"#]]
    .assert_eq(&format!("{:#}", results[0]));
}

#[test]
fn github_reads_each_finding_on_a_line_of_its_own() {
    let (policy, roster) = two_findings();
    let sources =
        [Source { name: "./a,b:c/policy.yaml", text: &policy }, Source { name: "roster.yaml", text: &roster }];
    let shown = to_github(&load_on(sources[0], sources[1], TODAY.parse().unwrap()).diagnostics, &sources);
    assert!(shown.lines().all(|line| line.starts_with("::")), "{shown}");
    expect![[r#"
        ::error file=a%2Cb%3Ac/policy.yaml,line=25,endLine=25,col=5,endColumn=17,title=policy-unknown-key::`targets` has no key `ackn%25owledge`%0AHelp: did you mean `acknowledge`?
        ::error file=a%2Cb%3Ac/policy.yaml,line=28,endLine=28,col=49,endColumn=55,title=unknown-calendar::there is no calendar `office`%0AHelp: the roster defines always
        ::error file=a%2Cb%3Ac/policy.yaml,line=41,endLine=41,col=50,endColumn=56,title=unknown-calendar::there is no calendar `office`%0AHelp: the roster defines always
        ::error file=roster.yaml,line=9,endLine=9,col=1,endColumn=10,title=policy-unknown-key::the roster has no key `kalenderä`%0AHelp: did you mean `calendars`?
    "#]].assert_eq(&shown);
}
