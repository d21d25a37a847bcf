//! Who may speak, how a conversation goes on without its agent, and how it is opened again, over
//! HTTP.

use serde_json::{Value, json};

use crate::support::{
    Answer, TestApp, Visitor,
    company::Recruit,
    floor::{Floor, id, link_token},
};

async fn change(assistant: &Visitor, ticket: &Value, verb: &str, epoch: i64) -> Answer {
    let path = format!("/api/v1/tickets/{}/control/{verb}", id(ticket));
    assistant.post(&path, &json!({ "epoch": epoch })).await
}

async fn speak(assistant: &Visitor, ticket: &Value, epoch: i64, name: &str) -> Answer {
    let path = format!("/api/v1/tickets/{}/messages", id(ticket));
    let body = json!({
        "author": "assistant", "epoch": epoch, "client_id": name, "body": "I have sent it again.",
    });
    assistant.post(&path, &body).await
}

/// What the customer sees.
async fn messages(app: &TestApp, ticket: &Value) -> Vec<String> {
    let path = format!("/api/v1/conversations/{}/messages", link_token(ticket));
    let answer = app.stranger().get(&path).await.assert_status(200).json();
    let items = answer["items"].as_array().unwrap().iter();
    items
        .map(|message| message["body"].as_str().unwrap().to_owned())
        .collect()
}

async fn part(agent: &Recruit, engagement: &Value, verb: &str, body: &Value) -> Answer {
    let path = format!("/api/v1/engagements/{}/{verb}", id(engagement));
    agent.post(&path, body).await
}

async fn claimed(floor: &Floor<'_>, agent: &Recruit, external_id: &str) -> (Value, Value) {
    let ticket = floor.assistant.escalate(external_id).await;
    let engagement = agent.claim(&ticket).await.assert_status(201).json();
    (ticket, engagement)
}

#[actix_web::test]
async fn a_message_with_an_old_epoch_is_refused_with_the_new_one_and_never_delivered() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let ada = floor.agent().await;
    let assistant = &floor.assistant;
    let ticket = assistant.escalate("1").await;
    let control = json!({ "holder": "queue", "epoch": 1, "resume_after": 0, "requested_at": null });
    assert_eq!(ticket["control"], control);
    let told = &messages(&app, &ticket).await[0];
    assert!(
        told.starts_with("You are being put through to a person"),
        "{told}"
    );

    change(assistant, &ticket, "request", 1)
        .await
        .assert_status(200);
    let held = change(assistant, &ticket, "accept", 1).await;
    let held = held.assert_status(200).json();
    assert_eq!(
        (&held["status"], &held["control"]["epoch"]),
        (&json!("returned"), &json!(2))
    );
    speak(assistant, &ticket, 2, "one").await.assert_status(201);
    speak(assistant, &ticket, 2, "one").await.assert_status(200);
    change(assistant, &ticket, "offer", 2)
        .await
        .assert_status(200);
    ada.claim(&ticket).await.assert_status(201);

    let before = messages(&app, &ticket).await;
    let problem = speak(assistant, &ticket, 2, "two")
        .await
        .assert_problem(409, "stale_epoch");
    assert_eq!(problem["control"], json!({ "holder": "agent", "epoch": 3 }));
    for verb in ["offer", "accept", "pass", "release", "request"] {
        let refused = change(assistant, &ticket, verb, 2).await;
        let problem = refused.assert_problem(409, "stale_epoch");
        assert_eq!(problem["control"]["epoch"], 3);
    }
    let problem = speak(assistant, &ticket, 3, "two")
        .await
        .assert_problem(409, "not_in_control");
    assert_eq!(problem["control"]["holder"], "agent");
    assert_eq!(messages(&app, &ticket).await, before);
    let path = format!("/api/v1/tickets/{}/messages", id(&ticket));
    let nameless = json!({ "author": "assistant", "client_id": "x", "body": "x" });
    assistant
        .post(&path, &nameless)
        .await
        .assert_problem(422, "invalid_input");
    change(assistant, &ticket, "grab", 3)
        .await
        .assert_status(404);
    app.database.assert_promises();
}

#[actix_web::test]
async fn a_request_reaches_the_agent_who_may_give_the_conversation_back() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let ada = floor.agent().await;
    let (ticket, engagement) = claimed(&floor, &ada, "1").await;
    let path = format!("/api/v1/engagements/{}", id(&engagement));
    ada.say(&path, "1", "Hello").await.assert_status(201);
    let asked = change(&floor.assistant, &ticket, "request", 2).await;
    asked.assert_status(200);
    let desk = ada.desk().await;
    assert!(desk["engagements"][0]["control_requested_at"].is_string());

    let returned = part(&ada, &engagement, "return", &json!({})).await;
    let returned = returned.assert_status(200).json();
    assert_eq!(returned["engagement"]["status"], "returned");
    let words = returned["earning"]["computation"].as_str().unwrap();
    assert!(words.starts_with("0.00 EUR for the engagement"), "{words}");
    let now = floor.assistant.ticket(&ticket).await;
    assert_eq!(
        (&now["status"], &now["control"]["epoch"]),
        (&json!("returned"), &json!(3))
    );
    // The assistant reads what it missed, and goes on.
    let after = &now["control"]["resume_after"];
    let path = format!("/api/v1/tickets/{}/messages?after={after}", id(&ticket));
    let missed = floor.assistant.get(&path).await.assert_status(200).json();
    let authors: Vec<&Value> = missed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| &message["author"])
        .collect();
    assert_eq!(authors, ["platform", "agent", "platform"]);
    speak(&floor.assistant, &ticket, 3, "one")
        .await
        .assert_status(201);

    let (second, _) = claimed(&floor, &ada, "2").await;
    let path = format!("/api/v1/ops/tickets/{}/return", id(&second));
    let supervisor = &floor.company.supervisor;
    let returned = supervisor.post(&path, &json!({})).await.assert_status(200);
    assert_eq!(returned.json()["status"], "returned");
    app.database.assert_promises();
}

#[actix_web::test]
async fn a_conversation_is_handed_on_with_a_note_that_only_the_next_agent_sees() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let (ada, ben) = (floor.agent().await, floor.agent().await);
    let (ticket, engagement) = claimed(&floor, &ada, "1").await;
    let path = format!("/api/v1/engagements/{}/colleagues", id(&engagement));
    let colleagues = ada.get(&path).await.assert_status(200).json();
    assert_eq!(colleagues["items"].as_array().unwrap().len(), 1);
    let colleague = colleagues["items"][0]["id"].clone();

    for body in [
        json!({}),
        json!({ "queue": "vip", "agent_id": colleague }),
        json!({ "queue": "nowhere" }),
        json!({ "queue": "vip", "required_skills": ["juggling"] }),
    ] {
        let refused = part(&ada, &engagement, "transfer", &body).await;
        refused.assert_problem(422, "invalid_input");
    }
    let body = json!({ "agent_id": colleague, "note": "She has tried twice." });
    let passed = part(&ada, &engagement, "transfer", &body).await;
    let passed = passed.assert_status(200).json();
    assert_eq!(passed["engagement"]["status"], "transferred");
    assert!(passed["earning"].is_object(), "{passed}");
    let offer = ben.desk().await["offers"][0].clone();
    assert_eq!(offer["ticket"]["id"], ticket["id"]);
    let taken = ben.answer(&offer, "accept").await.assert_status(200).json();
    assert_eq!(taken["handover"]["note"], "She has tried twice.");
    assert!(
        !messages(&app, &ticket)
            .await
            .concat()
            .contains("tried twice"),
        "it is not for the customer"
    );

    // Whoever had it before reads no further.
    let path = format!("/api/v1/engagements/{}", id(&taken));
    ben.say(&path, "1", "Between us").await.assert_status(201);
    let path = format!("/api/v1/engagements/{}/messages", id(&engagement));
    let read = ada.get(&path).await.assert_status(200).json();
    assert!(!read.to_string().contains("Between us"), "{read}");
    ben.go("offline").await;
    let (_, engagement) = claimed(&floor, &ada, "2").await;
    let away = part(
        &ada,
        &engagement,
        "transfer",
        &json!({ "agent_id": colleague }),
    )
    .await;
    away.assert_problem(409, "person_not_available");
    app.database.assert_promises();
}

#[actix_web::test]
async fn a_conversation_is_given_back_and_all_are_handed_over_at_the_end_of_a_shift() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let ada = floor.agent().await;
    let (ticket, engagement) = claimed(&floor, &ada, "1").await;
    let reason = json!({ "reason": "knows_customer" });
    let given = part(&ada, &engagement, "release", &reason).await;
    let given = given.assert_status(200).json();
    assert_eq!(given["engagement"]["status"], "released");
    assert_eq!(given["earning"], Value::Null, "nothing was said");
    assert_eq!(floor.assistant.ticket(&ticket).await["status"], "waiting");

    claimed(&floor, &ada, "2").await;
    claimed(&floor, &ada, "3").await;
    let note = json!({ "note": "Good night" });
    let handed = ada.post("/api/v1/desk/hand-over", &note).await;
    let handed = handed.assert_status(200).json();
    assert_eq!(handed["items"].as_array().unwrap().len(), 2);
    assert_eq!(ada.desk().await["load"], 0);
    app.database.assert_promises();
}

#[actix_web::test]
async fn a_resolved_conversation_is_opened_again_by_writing_or_by_the_company() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let ada = floor.agent().await;
    let (ticket, engagement) = claimed(&floor, &ada, "1").await;
    let solved = json!({ "disposition": "solved" });
    part(&ada, &engagement, "wrap-up", &json!({}))
        .await
        .assert_status(200);
    let longer = part(&ada, &engagement, "extend", &json!({})).await;
    assert_eq!(longer.assert_status(200).json()["extensions"], 1);
    part(&ada, &engagement, "resolve", &solved)
        .await
        .assert_status(200);
    let conversation = format!("/api/v1/conversations/{}", link_token(&ticket));
    let customer = app.stranger();
    let view = customer.get(&conversation).await.json();
    assert!(view["reopens_until"].is_string(), "{view}");

    customer
        .say(&conversation, "1", "One more thing")
        .await
        .assert_status(201);
    let now = floor.assistant.ticket(&ticket).await;
    assert_eq!(
        (&now["status"], &now["reopened_count"]),
        (&json!("waiting"), &json!(1))
    );
    let again = ada.claim(&ticket).await.assert_status(201).json();
    part(&ada, &again, "resolve", &solved)
        .await
        .assert_status(200);
    let path = format!("/api/v1/tickets/{}/reopen", id(&ticket));
    for _ in 0..2 {
        let open = floor.assistant.post(&path, &json!({})).await;
        assert_eq!(open.assert_status(200).json()["status"], "waiting");
    }
    let again = ada.claim(&ticket).await.assert_status(201).json();
    part(&ada, &again, "resolve", &solved)
        .await
        .assert_status(200);
    app.db.clock().advance(chrono::TimeDelta::days(7));
    let late = floor.assistant.post(&path, &json!({})).await;
    late.assert_problem(409, "reopen_too_late");
    customer
        .say(&conversation, "2", "Hello?")
        .await
        .assert_problem(409, "reopen_too_late");
    app.database.assert_promises();
}

#[actix_web::test]
async fn a_supervisor_sees_who_is_not_answered_before_somebody_else_is_found() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let ada = floor.agent().await;
    let (ticket, _) = claimed(&floor, &ada, "1").await;
    let keep = async || {
        app.db
            .write("keep", workflows::keep_deadlines)
            .await
            .unwrap()
    };
    assert_eq!(keep().await, 0);
    app.db.clock().advance(chrono::TimeDelta::seconds(61));
    assert_eq!(keep().await, 1);
    assert!(ada.desk().await["engagements"][0]["alerted_at"].is_string());
    let supervisor = &floor.company.supervisor;
    let seen = supervisor.get("/api/v1/ops/floor").await.json();
    assert!(seen["tickets"][0]["alerted_at"].is_string(), "{seen}");

    app.db.clock().advance(chrono::TimeDelta::seconds(60));
    assert_eq!(keep().await, 1);
    assert_eq!(floor.assistant.ticket(&ticket).await["status"], "waiting");
    assert_eq!(ada.desk().await["presence"]["status"], "away");
    app.database.assert_promises();
}
