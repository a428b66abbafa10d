//! Playbooks and checklists over the API.

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn playbooks_are_listed_with_the_classes_that_name_them() {
    let world = World::new().await;
    let list = world.get("/api/v1/playbooks").await.json();
    let list = list["playbooks"].as_array().unwrap();
    assert_eq!(list.len(), policy::playbook::built_in().len());
    let injection = list.iter().find(|one| one["id"] == "prompt-injection-response").unwrap();
    assert_eq!(injection["classes"], json!(["prompt_injection", "system_prompt_leak"]));
    let one = world.get("/api/v1/playbooks/data-leak").await.json();
    assert_eq!((&one["steps"][0]["role"], &one["steps"][0]["within_s"]), (&json!("commander"), &json!(300)));
    assert_eq!(one["maps"]["owasp_llm_2025"], json!(["LLM02"]));
    assert_eq!(world.get("/api/v1/playbooks/data-leek").await.verdict(), "404 unknown-playbook");
}

#[tokio::test]
async fn a_checklist_is_followed() {
    let world = World::new().await;
    world.commitment("seed").await;
    let ana = world.person("ana").await;
    let fresh = world.get("/api/v1/incidents/INC-1").await.json();
    assert!(fresh.get("checklists").is_none(), "{fresh}");
    let leak = |step: u32| json!({"checklist": "hallucinated-policy", "step": step});
    let with = |step: u32, field: &str, value: &str| {
        let mut body = leak(step);
        body[field] = json!(value);
        body
    };
    for (command, body, verdict) in [
        ("start-checklist", json!({"playbook": "hallucinated-policy"}), "200"),
        ("start-checklist", json!({"playbook": "hallucinated-policy"}), "200"),
        ("tick-step", with(1, "note", "saved"), "200"),
        ("tick-step", leak(2), "200"),
        ("untick-step", with(2, "reason", "not in the app"), "200"),
        ("untick-step", leak(2), "400 command-malformed"),
        ("assign-step", with(3, "person", "tom"), "200"),
        ("assign-step", with(3, "person", "nobody"), "422 name-unknown"),
        ("tick-step", leak(9), "404 step-unknown"),
    ] {
        let answer = world.call("POST", &format!("/api/v1/incidents/INC-1/{command}"), &ana, body.to_string()).await;
        assert_eq!(answer.verdict(), verdict, "{command} {body}: {answer:?}");
    }
    let incident = world.get("/api/v1/incidents/INC-1").await.json();
    assert_eq!(incident["checklists"].as_array().unwrap().len(), 1);
    let list = &incident["checklists"][0];
    assert_eq!((&list["playbook"], &list["done"]), (&json!("hallucinated-policy"), &json!(1)));
    let steps = &list["steps"];
    assert_eq!(
        (&steps[0]["no"], &steps[0]["done"]["by"], &steps[0]["note"]),
        (&json!(1), &json!("ana"), &json!("saved"))
    );
    assert_eq!((&steps[1]["done"], &steps[2]["owner"]), (&json!(null), &json!("tom")));
    assert!(steps[2]["due_at"].as_str().is_some_and(|due| due > list["started"]["at"].as_str().unwrap()));
    let viewer = world.token(json!({"name": "reader", "scopes": ["incidents:read"]})).await;
    let tried = world.call("POST", "/api/v1/incidents/INC-1/tick-step", &viewer, leak(2).to_string()).await;
    assert_eq!(tried.status, 403, "{tried:?}");
}
