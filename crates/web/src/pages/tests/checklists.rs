//! A playbook on an incident's page, over a real engine: read, started, ticked, given away.

use axum::http::StatusCode;
use calendar::Duration;

use super::acts::{declared, section};

#[tokio::test(flavor = "multi_thread")]
async fn a_playbook_is_read_started_and_followed() {
    let (server, ana) = declared("hallucinated_commitment").await;
    let tom = server.sign_in("tom").await;
    let page = server.page(&ana).await;
    assert!(section(&page, "playbook").contains("href=\"/playbooks/hallucinated-policy\""), "{page}");
    let page = server.act(&ana, "start-checklist", "playbook=hallucinated-policy").await;
    assert!(!page.contains("id=\"playbook\""), "it is not offered twice");
    let card = section(&page, "checklist-0");
    assert!(card.contains("0 of 8 steps done") && !card.contains("class=\"late\""), "{card}");
    assert_eq!(card.matches("action=\"/incidents/INC-1/tick-step\"").count(), 16, "each by one press, or with a note");
    let step = "checklist=hallucinated-policy&step";
    let page = server.act(&ana, "tick-step", &format!("{step}=1&note=It+is+saved")).await;
    let card = section(&page, "checklist-0");
    assert!(card.contains("1 of 8 steps done") && card.contains("Done by Ana Ruiz") && card.contains("It is saved"));
    assert!(page.contains("Step 1 of Hallucinated commitment is done"), "in the timeline");
    server.act(&ana, "assign-step", &format!("{step}=3&person=ben")).await;
    let ben = server.sign_in("ben").await;
    assert!(server.get(&ben, "/mine").await.contains("Give agents the words"));
    server.engine.advance(Duration::from_hours(1)).await.unwrap();
    let page = server.page(&tom).await;
    let card = section(&page, "checklist-0");
    assert!(card.contains("2 late") && card.contains("Ben Okoye"), "{card}");
    let page = server.act(&tom, "tick-step", &format!("{step}=2")).await;
    assert!(section(&page, "checklist-0").contains("<strong>late</strong>"), "done late stays visible");
    let page = server.act(&tom, "untick-step", &format!("{step}=2&reason=One+intent+was+missed")).await;
    assert!(page.contains("is not done after all") && page.contains("One intent was missed"));
    let refused = server.refused(&tom, "untick-step", &format!("{step}=1&reason="), "text-invalid").await;
    assert_eq!(refused.matches("class=\"refusal\"").count(), 1, "at its own form");
    server.refused(&tom, "tick-step", &format!("{step}=99"), "step-unknown").await;
    server.refused(&tom, "start-checklist", "playbook=nothing", "unknown-playbook").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn open_steps_are_mentioned_before_the_resolution_and_stay_to_be_done() {
    let (server, ana) = declared("provider_outage").await;
    server.act(&ana, "start-checklist", "playbook=post-incident-review").await;
    for (word, fields) in [("acknowledge", ""), ("contain", "customers_see=People"), ("mitigate", "note=Back")] {
        server.act(&ana, word, fields).await;
    }
    server.engine.advance(Duration::from_mins(5)).await.unwrap();
    let mara = server.sign_in("mara").await;
    let proof = "kind=sample&set=30+chats&text=All+good&passed=true";
    let page = server.act(&mara, "validations", proof).await;
    assert!(page.contains("Still open, which holds nothing up: 10 steps of checklists."), "{page}");
    server.act(&ana, "resolve", "").await;
    let mine = server.get(&ana, "/mine").await;
    assert!(mine.contains("Set the date"), "what comes afterwards is still hers: {mine}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_restricted_incident_only_those_involved_see_the_checklist() {
    // Ana reports it and holds no role in it.
    let (server, ana) = declared("pii_leak").await;
    let ines = server.sign_in("ines").await;
    server.act(&ines, "start-checklist", "playbook=data-leak").await;
    let hidden = server.send(&ana, "GET", "/incidents/INC-1", "").await;
    assert_eq!(hidden.status, StatusCode::NOT_FOUND);
    assert!(!server.get(&ana, "/mine").await.contains("INC-1"));
    let tried = server.send(&ana, "POST", "/incidents/INC-1/tick-step", "checklist=data-leak&step=1&note=").await;
    assert_eq!(tried.status, StatusCode::NOT_FOUND);
    server.act(&ines, "assign-step", "checklist=data-leak&step=2&person=ana").await;
    assert!(server.get(&ana, "/mine").await.contains("Stop the path"), "who is given a step is involved");
    assert!(section(&server.page(&ana).await, "checklist-0").contains("Stop the path"));
}

#[tokio::test(flavor = "multi_thread")]
async fn playbooks_are_pages_and_files() {
    let (server, ana) = declared("hallucinated_commitment").await;
    let list = server.get(&ana, "/playbooks").await;
    for playbook in policy::playbook::built_in().values() {
        assert!(list.contains(&format!("href=\"/playbooks/{}\"", playbook.id)), "{}", playbook.id);
        let page = server.get(&ana, &format!("/playbooks/{}", playbook.id)).await;
        for related in &playbook.related {
            assert!(page.contains(&format!("href=\"/playbooks/{related}\"")), "{} {related}", playbook.id);
        }
    }
    for (address, begins) in [
        ("/playbooks/data-leak?format=md", "# Data leak"),
        ("/playbooks/data-leak?format=csv", "#,Step,Role,Within"),
        ("/playbooks/data-leak?format=html", "<!DOCTYPE html>"),
        ("/playbooks/data-leak?format=json", "{\n  \"id\": \"data-leak\""),
        ("/playbooks/ai-change-management?format=csv&part=sheet", "Change,What and why"),
        ("/playbooks/ai-security-controls-review?format=md&part=sheet", "\n## Controls"),
    ] {
        let answer = server.send(&ana, "GET", address, "").await;
        assert_eq!(answer.status, StatusCode::OK, "{address}");
        assert!(answer.text.starts_with(begins), "{address}: {}", answer.text);
    }
    for (address, status) in [
        ("/playbooks/nothing", StatusCode::NOT_FOUND),
        ("/playbooks/data-leak?format=csv&part=sheet", StatusCode::BAD_REQUEST),
        ("/playbooks/ai-change-management?format=json&part=sheet", StatusCode::BAD_REQUEST),
        ("/playbooks/data-leak?format=pdf", StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(server.send(&ana, "GET", address, "").await.status, status, "{address}");
    }
}
