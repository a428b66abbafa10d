//! What people do on an incident's page beyond its steps, over a real engine: words, roles, facts,
//! the hold, and the way out without proof.

use axum::http::StatusCode;
use calendar::Duration;

use super::served::Server;

/// A server with one incident of that class, declared by Ana, who is on call.
pub(super) async fn declared(class: &str) -> (Server, String) {
    let server = Server::new().await;
    let ana = server.sign_in("ana").await;
    server.send(&ana, "POST", "/incidents", &format!("title=Wrong+refunds&class={class}")).await;
    server.engine.advance(Duration::from_mins(1)).await.unwrap();
    (server, ana)
}

impl Server {
    pub(super) async fn refused(&self, cookie: &str, word: &str, fields: &str, code: &str) -> String {
        let answer = self.send(cookie, "POST", &format!("/incidents/INC-1/{word}"), fields).await;
        assert!(answer.status.is_client_error(), "{word}: {}", answer.status);
        assert!(answer.text.contains(&format!("/docs/errors/{code}")), "{word}: {}", answer.text);
        answer.text
    }

    pub(super) async fn page(&self, cookie: &str) -> String {
        self.get(cookie, "/incidents/INC-1").await
    }
}

/// The part of a page from that heading's id to the end of its section.
pub(super) fn section<'a>(page: &'a str, id: &str) -> &'a str {
    let from = page.split_once(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no {id} in {page}")).1;
    from.split_once("</section>").unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_drafted_approved_published_and_corrected() {
    let (server, ana) = declared("hallucinated_commitment").await;
    let tom = server.sign_in("tom").await;
    let page = server.page(&ana).await;
    assert!(page.contains("You cannot publish it yourself"), "ana does not publish to customers");
    let draft = "audience=customers&impact=Refunds+are+wrong&workaround=Ask+us&next_in=30&then=draft";
    let page = server.act(&ana, "updates", draft).await;
    let waiting = section(&page, "waiting");
    assert!(waiting.contains("Refunds are wrong") && waiting.contains("May be approved by Mara Lind and Tom Haas"));
    assert!(waiting.contains("Not now: ") && !waiting.contains("<form"), "she may not approve: {waiting}");
    let kept = server.refused(&ana, "approve", "update=1", "approval-required").await;
    assert!(section(&kept, "waiting").contains("class=\"refusal\""), "refused at its own place");
    let page = server.act(&tom, "approve", "update=1").await;
    assert!(section(&page, "waiting").contains("Approved by Tom Haas"));
    let page = server.act(&tom, "publish", "update=1").await;
    assert!(!page.contains("id=\"waiting\"") && section(&page, "sent").contains("Refunds are wrong"));
    let page = server.act(&tom, "corrections", "update=1&audience=customers&text=Fares+are+wrong&then=publish").await;
    let sent = section(&page, "sent");
    let (original, correction) = (sent.find("Refunds are wrong").unwrap(), sent.find("Correction</p>").unwrap());
    assert!(original < correction && sent.contains("Fares are wrong"), "beside the original: {sent}");
    let gone = server.refused(&tom, "publish", "update=1", "update-unknown").await;
    assert!(gone.contains("class=\"refusal\""), "what is gone is refused on top of the page");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holding_statement_needs_two_fields() {
    let (server, ana) = declared("hallucinated_commitment").await;
    let page = server.page(&ana).await;
    assert!(page.contains("wrong information: {impact}.") && page.contains("in <code>en</code>"), "{page}");
    let kept = server.refused(&ana, "statements", "audience=customers&impact=&next_in=60", "text-invalid").await;
    assert!(kept.contains("<option value=\"60\" selected>"), "what was chosen is kept");
    let page = server.act(&ana, "statements", "audience=customers&impact=wrong+refunds&next_in=30").await;
    let sent = section(&page, "sent");
    assert!(
        sent.contains("wrong information: wrong refunds. Please") && sent.contains("approved in advance"),
        "{sent}"
    );
    assert!(page.contains("Published."));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_closing_notice_says_what_recovered_and_which_data() {
    let (server, ana) = declared("hallucinated_commitment").await;
    let tom = server.sign_in("tom").await;
    assert!(!server.page(&tom).await.contains("INC-1/closings"));
    let page = server.act(&ana, "mitigate", "note=Rolled+back").await;
    assert!(page.contains("INC-1/closings"));
    server.refused(&tom, "closings", "audience=customers&recovered=Answers&then=publish", "text-invalid").await;
    let page = server.act(&tom, "closings", "audience=customers&recovered=Answers&data=none&then=publish").await;
    assert!(section(&page, "sent").contains("Answers\n\nData affected: none"));
    assert!(!page.contains("INC-1/closings"));
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_declined_and_handed_over() {
    let (server, ana) = declared("unsure").await;
    let (noor, ben) = (server.sign_in("noor").await, server.sign_in("ben").await);
    assert!(server.page(&noor).await.contains("Decline validation") && !server.page(&ana).await.contains("Decline "));
    server.refused(&noor, "decline", "role=validation&reason=+", "text-invalid").await;
    let page = server.act(&noor, "decline", "role=validation&reason=On+leave").await;
    assert!(page.contains("Noor Aziz declined Validation"));
    server.act(&ben, "acknowledge", "").await;
    assert!(server.page(&ben).await.contains("Give remediation back"), "accepted with the acknowledgement");
    let page = server.act(&ben, "hand-over", "role=remediation&person=ana&note=Prompt+v48+is+%3Cb%3Ebad").await;
    assert!(section(&page, "roles").contains("Asks <strong>Ana Ruiz</strong> to take over"));
    let anas = server.page(&ana).await;
    assert!(anas.contains("Prompt v48 is &lt;b&gt;bad") && anas.contains("Decline remediation"));
    let page = server.act(&ana, "accept", "role=remediation").await;
    assert!(!section(&page, "roles").contains("Asks <strong>"));
    assert!(!server.page(&ben).await.contains("Give remediation back"));
}

#[tokio::test(flavor = "multi_thread")]
async fn breaking_the_glass_takes_two_people_and_two_ticks() {
    let (server, ana) = declared("hallucinated_commitment").await;
    let mara = server.sign_in("mara").await;
    let unsure = server.refused(&ana, "break-glass", "reason=No+time+for+proof", "command-malformed").await;
    assert!(unsure.contains("No time for proof</textarea>"), "the reason is kept");
    let page = server.act(&ana, "break-glass", "reason=No+time+for+proof&sure=yes").await;
    assert!(section(&page, "glass").contains("A second person must confirm it"));
    assert!(server.get(&ana, "/incidents/INC-1/confirm").await.contains("Not now: "), "nobody confirms alone");
    server.refused(&ana, "confirm", "sure=yes", "approval-required").await;
    let before = *server.engine.positions().borrow();
    for _ in 0..3 {
        let page = server.get(&mara, "/incidents/INC-1/confirm").await;
        assert!(page.contains("No time for proof") && page.contains("This cannot be taken back"));
    }
    assert_eq!(*server.engine.positions().borrow(), before, "looking changes nothing");
    server.refused(&mara, "confirm", "", "command-malformed").await;
    let page = server.act(&mara, "confirm", "sure=yes").await;
    assert!(page.contains("Resolved without proof") && !page.contains("id=\"glass\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_refused_says_why_instead_of_asking() {
    let (server, ana) = declared("hallucinated_commitment").await;
    let page = server.act(&ana, "mitigate", "note=Rolled+back").await;
    let next = section(&page, "next");
    assert!(next.contains("Not now: ") && next.contains("which validation must check"), "{next}");
    assert!(!next.contains("<form"));
    let mara = server.sign_in("mara").await;
    assert!(section(&server.page(&mara).await, "next").contains("<form"));
    let file = "kind=file&set=report.csv&text=All+good&passed=true";
    server.refused(&mara, "validations", file, "evidence-invalid").await;
    let page = server.act(&mara, "validations", &format!("{file}&link=https%3A%2F%2Fevals.example.com%2F1")).await;
    assert!(page.contains("Validation passed</strong> on file"));
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_start_statutory_clocks_with_both_readings() {
    let (server, _) = declared("pii_leak").await;
    let ines = server.sign_in("ines").await;
    assert!(section(&server.page(&ines).await, "facts").contains("When did the organization become aware?"));
    let page = server.act(&ines, "facts", "fact=aware_at&at=2026-11-20T14%3A00&note=A+customer+called").await;
    let clocks = section(&page, "clocks");
    assert!(clocks.contains("Strict: ") && clocks.contains("latest lawful, for counsel: "), "{clocks}");
    assert!(clocks.contains("not legal advice") && clocks.contains("GDPR"), "{clocks}");
    assert!(section(&page, "facts").contains("recorded by Inês Prado"));
    server.refused(&ines, "facts", "fact=submitted_at&note=Sent", "notice-unknown").await;
    let notice = page.split_once("name=\"notice\"").unwrap().1.split_once("option value=\"").unwrap().1;
    let notice = notice.split_once('"').unwrap().0;
    let page = server.act(&ines, "facts", &format!("fact=submitted_at&notice={notice}&note=Sent")).await;
    assert!(section(&page, "facts").contains(&format!("Submitted <code>{notice}</code>")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledge_link_asks_by_a_button_and_changes_nothing_when_opened() {
    let (server, ana) = declared("hallucinated_commitment").await;
    let before = *server.engine.positions().borrow();
    for _ in 0..3 {
        let page = server.get(&ana, "/incidents/INC-1/acknowledge").await;
        assert_eq!(page.matches("action=\"/incidents/INC-1/acknowledge\"").count(), 1);
    }
    assert_eq!(*server.engine.positions().borrow(), before);
    server.act(&ana, "acknowledge", "").await;
    assert!(server.get(&ana, "/incidents/INC-1/acknowledge").await.contains("Taken by Ana Ruiz"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_asked_to_take_over_sees_a_restricted_incident() {
    let server = Server::new().await;
    let (ines, ana) = (server.sign_in("ines").await, server.sign_in("ana").await);
    let declared = server.send(&ana, "POST", "/incidents", "title=Addresses+shown&class=pii_leak").await;
    assert_eq!(declared.status, StatusCode::OK, "who reports it may not read it");
    assert!(declared.text.contains("only those involved") && !declared.text.contains("INC-1"));
    server.engine.advance(Duration::from_mins(1)).await.unwrap();
    let nowhere = ["/", "/?show=closed", "/?q=Addresses", "/mine", "/inbox", "/deliveries", "/review", "/status"];
    for path in nowhere {
        let page = server.get(&ana, path).await;
        assert!(!page.contains("INC-1") && !page.contains("Addresses shown"), "{path}");
    }
    assert_eq!(server.send(&ana, "GET", "/incidents/INC-1/acknowledge", "").await.status, StatusCode::NOT_FOUND);
    server.act(&ines, "accept", "role=privacy").await;
    server.act(&ines, "hand-over", "role=privacy&person=ana&note=Please+decide").await;
    assert!(server.page(&ana).await.contains("Accept privacy"));
    assert!(server.get(&ana, "/mine").await.contains("You are asked to take it over"));
    assert!(server.act(&ana, "accept", "role=privacy").await.contains("Accepted."));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lower_severity_waits_for_a_second_person_who_looks_first() {
    let (server, ana) = declared("hallucinated_commitment").await;
    let mara = server.sign_in("mara").await;
    let page = server.act(&ana, "severity", "severity=SEV-3&reason=Only+one+customer").await;
    let asked = section(&page, "lowering");
    assert!(asked.contains("A second person must confirm it") && asked.contains("Take it back"), "{asked}");
    server.refused(&ana, "confirm-severity", "severity=SEV-3&sure=yes", "approval-required").await;
    let page = server.act(&ana, "decline-severity", "reason=A+slip").await;
    assert!(!page.contains("id=\"lowering\"") && page.contains("ended the request for a lower severity"));
    server.act(&ana, "severity", "severity=SEV-3&reason=Only+one+customer").await;
    assert!(section(&server.page(&mara).await, "lowering").contains("Look and confirm"));
    let page = server.get(&mara, "/incidents/INC-1/confirm-severity").await;
    assert!(page.contains("Only one customer") && page.contains("What was missed stays missed"));
    server.refused(&mara, "confirm-severity", "severity=SEV-3", "command-malformed").await;
    let page = server.act(&mara, "confirm-severity", "severity=SEV-3&sure=yes").await;
    assert!(page.contains("Severity lowered from") && !page.contains("id=\"lowering\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_fact_is_corrected_and_both_stay_on_the_page() {
    let (server, _) = declared("pii_leak").await;
    let ines = server.sign_in("ines").await;
    let typo = "fact=aware_at&at=2025-11-20T14%3A00&note=A+customer+called";
    server.refused(&ines, "facts", typo, "time-invalid").await;
    server.act(&ines, "facts", &format!("{typo}&sure=yes")).await;
    let right = "fact=aware_at&at=2026-11-20T14%3A00&note=A+customer+called";
    server.refused(&ines, "facts", right, "fact-unchanged").await;
    let page = server.act(&ines, "facts", &format!("{right}&corrects=The+year+was+mistyped")).await;
    let facts = section(&page, "facts");
    assert!(facts.contains("had stated") && facts.contains("The year was mistyped"), "{facts}");
    assert!(section(&page, "clocks").contains("fact corrected by"), "the clock that ran by mistake stays");
}
