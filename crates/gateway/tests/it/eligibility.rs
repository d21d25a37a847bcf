//! Who may be given work: connected, admitted, within working time, agreed, and no friend of the
//! customer's.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Answer, TestApp,
    company::Recruit,
    floor::{Floor, escalation, id},
};

/// How many offers there have ever been.
const OFFERS: &str = "SELECT count(*) FROM dispatch.offers";

/// Runs the matcher once, whatever the worker does meanwhile, and says what is on offer.
async fn matched(app: &TestApp, agent: &Recruit) -> Value {
    let run = app.db.write("match_tickets", |tx| {
        workflows::Matchmaker::default().run(tx)
    });
    run.await.unwrap();
    agent.desk().await["offers"].clone()
}

/// Notes that the agent worked from so many minutes ago until so many.
fn worked_before(app: &TestApp, agent: &Recruit, from: i64, until: i64) {
    let (id, now): (kernel::AgentId, _) = (agent.id.parse().unwrap(), app.db.now());
    let ago = |minutes| now - TimeDelta::minutes(minutes);
    app.database.sql(&format!(
        "INSERT INTO availability.work_spans VALUES ('{}', '{}', '{}')",
        id.uuid(),
        ago(from).to_rfc3339(),
        ago(until).to_rfc3339(),
    ));
}

fn beat(agent: &Recruit, connection: &str) -> reqwest::RequestBuilder {
    agent
        .request(Method::POST, "/api/v1/presence/heartbeat")
        .header("x-connection-id", connection)
}

#[actix_web::test]
async fn an_agent_who_is_not_heard_of_gets_no_offer_and_keeps_all_else() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let agent = floor.agent().await;
    app.db.clock().advance(TimeDelta::seconds(21));
    let ticket = floor.assistant.escalate("1").await;
    assert_eq!(matched(&app, &agent).await, json!([]));
    let presence = agent.desk().await["presence"].clone();
    assert_eq!(
        (&presence["status"], &presence["connection"]),
        (&json!("available"), &json!("unstable"))
    );
    agent
        .claim(&ticket)
        .await
        .assert_problem(409, "not_available");
    let back = Answer::to(beat(&agent, "phone")).await.assert_status(200);
    assert_eq!(back.json()["connection"], "connected");
    assert_eq!(matched(&app, &agent).await[0]["ticket"]["id"], ticket["id"]);
    app.database.assert_promises();
}

#[actix_web::test]
async fn closing_one_of_two_tabs_is_not_noticed_and_closing_both_is_no_loss() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let agent = floor.company.agent().await;
    let go = json!({ "status": "available", "connection_id": "desk" });
    agent.put("/api/v1/presence", &go).await.assert_status(200);
    Answer::to(beat(&agent, "phone")).await.assert_status(200);
    let leave = async |name: &str| {
        let body = json!({ "connection_id": name });
        agent
            .post("/api/v1/presence/leave", &body)
            .await
            .assert_status(204);
        agent.get("/api/v1/presence").await.json()
    };
    assert_eq!(leave("desk").await["connection"], "connected");
    let gone = leave("phone").await;
    assert_eq!(
        (&gone["status"], &gone["connection"]),
        (&json!("available"), &json!("unstable"))
    );
    // The page is loaded again.
    let back = Answer::to(beat(&agent, "desk"))
        .await
        .assert_status(200)
        .json();
    assert_eq!(
        (&back["connection"], &back["since"]),
        (&json!("connected"), &gone["since"])
    );
    let odd = Answer::to(beat(&agent, "No Name")).await;
    odd.assert_problem(422, "invalid_input");
    app.database.assert_promises();
}

#[actix_web::test]
async fn a_new_agreement_stops_offers_once_it_is_in_force_until_it_is_accepted() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let agent = floor.agent().await;
    let effective_at = app.db.now() + TimeDelta::minutes(10);
    let next = json!({ "title": "Agreement", "body": "Be kinder.", "effective_at": effective_at });
    let next = floor
        .company
        .admin
        .post("/api/v1/admin/agreements", &next)
        .await;
    let next = next.assert_status(201).json();
    let before = floor.assistant.escalate("before").await;
    let offer = matched(&app, &agent).await[0].clone();
    assert_eq!(offer["ticket"]["id"], before["id"], "there is time yet");
    agent.answer(&offer, "accept").await.assert_status(200);

    app.db.clock().advance(TimeDelta::minutes(10));
    agent.go("available").await;
    let after = floor.assistant.escalate("after").await;
    assert_eq!(matched(&app, &agent).await, json!([]));
    agent
        .claim(&after)
        .await
        .assert_problem(403, "not_qualified");
    assert_eq!(agent.claimable().await, json!([]));

    let word = json!({ "version": next["version"], "sha256": next["sha256"] });
    agent
        .post("/api/v1/application/agreement", &word)
        .await
        .assert_status(204);
    assert_eq!(matched(&app, &agent).await[0]["ticket"]["id"], after["id"]);
    app.database.assert_promises();
}

#[actix_web::test]
async fn who_has_worked_long_enough_is_sent_away_and_keeps_what_is_in_hand() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let agent = floor.company.agent().await;
    let mut rules = floor
        .company
        .supervisor
        .get("/api/v1/ops/working-time")
        .await
        .json();
    assert_eq!(
        (&rules["max_day_minutes"], &rules["is_own"]),
        (&json!(600), &json!(false))
    );
    rules["break_after_minutes"] = json!(30);
    for field in ["is_own", "changed_at"] {
        rules.as_object_mut().unwrap().remove(field);
    }
    let path = format!("/api/v1/ops/agents/{}/working-time", agent.id);
    let saved = floor
        .company
        .supervisor
        .put(&path, &rules)
        .await
        .assert_status(200);
    assert_eq!(saved.json()["is_own"], true);

    // 24 minutes of work, and a pause that is too short for a break: moments less than six are left.
    worked_before(&app, &agent, 25, 1);
    let presence = agent.go("available").await;
    let time = &presence["working_time"];
    assert_eq!(time["limit"], "break");
    // Of six minutes, those that are whole.
    assert!(
        [5, 6]
            .map(|left| json!(left))
            .contains(&time["left_minutes"])
    );
    assert_eq!(time["is_ending"], true);
    let ticket = floor.assistant.escalate("1").await;
    let offer = matched(&app, &agent).await[0].clone();
    agent.answer(&offer, "accept").await.assert_status(200);
    for _ in 0..12 {
        app.db.clock().advance(TimeDelta::seconds(30));
        agent.heartbeat().await.assert_status(200);
    }
    app.db.clock().advance(TimeDelta::seconds(5));
    let sent = app
        .db
        .write("end_overlong_work", workflows::end_overlong_work);
    assert_eq!(sent.await.unwrap(), 1);

    let desk = agent.desk().await;
    assert_eq!(
        (&desk["presence"]["status"], &desk["presence"]["cause"]),
        (&json!("away"), &json!("working_time"))
    );
    assert_eq!(desk["engagements"][0]["ticket"]["id"], ticket["id"]);
    let again = json!({ "status": "available" });
    let refused = agent.put("/api/v1/presence", &again).await;
    refused.assert_problem(409, "over_working_time");
    let dropped = floor.company.supervisor.delete(&path).await;
    dropped.assert_status(204);
    agent.go("available").await;
    app.database.assert_promises();
}

#[actix_web::test]
async fn a_contact_who_is_declared_while_their_ticket_is_on_offer_goes_to_another() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let agent = floor.agent().await;
    let mut body = escalation("friend");
    body["customer"]["reference"] = json!("X-friend");
    Answer::to(floor.assistant.handoff("friend", &body))
        .await
        .assert_status(201);
    let offers = matched(&app, &agent).await;
    assert_eq!(offers.as_array().unwrap().len(), 1);

    let contact = json!({ "customer_ref": "X-friend", "reason": "my neighbour" });
    let declared = agent
        .post("/api/v1/conflicts", &contact)
        .await
        .assert_status(201)
        .json();

    assert_eq!(agent.desk().await["offers"], json!([]));
    let late = agent.answer(&offers[0], "accept").await;
    late.assert_problem(409, "offer_closed");
    agent
        .post("/api/v1/conflicts", &contact)
        .await
        .assert_problem(409, "conflict_declared");
    let listed = agent.get("/api/v1/conflicts").await.json();
    assert_eq!(listed["items"][0]["customer_ref"], "X-friend");
    let path = format!("/api/v1/conflicts/{}", declared["id"]);
    agent.delete(&path).await.assert_status(204);
    agent
        .delete(&path)
        .await
        .assert_problem(404, "conflict_not_found");
    app.database.assert_promises();
}

#[actix_web::test]
async fn a_contact_who_has_nothing_on_offer_takes_no_offer_away() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let agent = floor.agent().await;
    floor.assistant.escalate("1").await;
    let offers = matched(&app, &agent).await;
    let contact = json!({ "customer_ref": "X-nobody" });
    agent
        .post("/api/v1/conflicts", &contact)
        .await
        .assert_status(201);
    assert_eq!(agent.desk().await["offers"], offers);
    assert_eq!(app.database.number(OFFERS), 1);
}

#[actix_web::test]
async fn an_agents_capacity_is_decided_but_not_below_what_is_in_hand() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let agent = floor.agent().await;
    let boss = &floor.company.supervisor;
    let path = format!("/api/v1/ops/agents/{}/capacity", agent.id);
    let set = async |units: i32| boss.put(&path, &json!({ "capacity": units })).await;
    set(3).await.assert_status(200);
    for number in 0..3 {
        floor.assistant.escalate(&number.to_string()).await;
    }
    assert_eq!(matched(&app, &agent).await.as_array().unwrap().len(), 3);
    set(2).await.assert_problem(409, "capacity_below_load");
    for units in [0, 21] {
        set(units).await.assert_problem(422, "invalid_input");
    }
    let saved = set(20).await.assert_status(200).json();
    assert_eq!(
        saved,
        json!({
            "capacity": 20, "chat_capacity": 20, "message_capacity": 20, "load": 3,
        })
    );
    app.database.assert_promises();
}

/// Where operations decide about a queue.
async fn admit(floor: &Floor<'_>, queue: &str, on_demand: bool) -> Answer {
    let path = format!("/api/v1/ops/admissions/{queue}");
    let body = json!({ "on_demand": on_demand });
    floor.company.supervisor.put(&path, &body).await
}

#[actix_web::test]
async fn operations_decide_which_queues_take_whoever_is_there() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let agent = floor.agent().await;
    let list = async || {
        floor
            .company
            .supervisor
            .get("/api/v1/ops/admissions")
            .await
            .json()
    };
    assert_eq!(list().await["items"], json!([]));
    let closed = admit(&floor, "vip", false).await.assert_status(200);
    assert_eq!(closed.json()["on_demand"], false);
    assert_eq!(list().await["items"][0]["queue"], "vip");
    let now = app.db.now();
    let id: kernel::AgentId = agent.id.parse().unwrap();
    let admitted = app
        .db
        .read::<_, availability::Error>(move |conn| Ok(availability::admitted(conn, &[id], now)?));
    let admitted = admitted.await.unwrap();
    assert!(!admitted[0].queues.admits("vip"));
    admit(&floor, "nowhere", false)
        .await
        .assert_problem(404, "queue_not_found");
    admit(&floor, "vip", true).await.assert_status(200);
    app.database.assert_promises();
}

#[actix_web::test]
async fn a_profile_tells_how_well_a_language_is_spoken() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let agent = floor.agent().await;
    let save = async |languages: Value| {
        let body = json!({
            "display_name": "Ada", "time_zone": "Europe/Stockholm", "languages": languages,
        });
        agent.put("/api/v1/application/profile", &body).await
    };
    let mixed = save(json!(["en", { "code": "sv", "level": 5 }]))
        .await
        .assert_status(200)
        .json();
    assert_eq!(mixed["languages"], json!(["en", "sv"]));
    let levels = json!([{ "code": "en", "level": 4 }, { "code": "sv", "level": 5 }]);
    assert_eq!(mixed["language_levels"], levels);
    let odd = save(json!([{ "code": "en", "level": 6 }])).await;
    let problem = odd.assert_problem(422, "invalid_input");
    assert_eq!(problem["errors"][0]["field"], "languages[0]");
}

#[actix_web::test]
async fn a_shift_beyond_the_limits_is_refused_with_the_reason() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let agent = floor.company.agent().await;
    let tomorrow = (app.db.now() + TimeDelta::days(1)).date_naive();
    let publish = async |from: &str, until: &str| {
        let body = json!({
            "queue": "vip", "seats": 1,
            "starts_at": format!("{tomorrow}T{from}:00Z"), "ends_at": format!("{tomorrow}T{until}:00Z"),
        });
        let shift = floor
            .company
            .supervisor
            .post("/api/v1/ops/shifts", &body)
            .await;
        shift.assert_status(201).json()
    };
    let (early, late) = (
        publish("07:00", "12:00").await,
        publish("19:00", "21:00").await,
    );
    let commit = async |shift: &Value| {
        let path = format!("/api/v1/shifts/{}/commitments", id(shift));
        agent.post(&path, &json!({})).await
    };
    commit(&early).await.assert_status(201);
    let refused = commit(&late)
        .await
        .assert_problem(409, "commitment_over_limit");
    assert!(
        refused["detail"]
            .as_str()
            .unwrap()
            .contains("too little rest"),
        "{refused}"
    );
    app.database.assert_promises();
}

#[actix_web::test]
async fn operations_decide_on_their_pages_how_much_work_there_is_for_whom() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let agent = floor.agent().await;
    let browser = app.browser(&floor.company.supervisor.account).await;
    let rules = |after: &'static str| {
        [
            ("max_day_minutes", "480"),
            ("max_week_minutes", "1200"),
            ("break_after_minutes", after),
            ("break_minutes", "20"),
            ("rest_minutes", "720"),
        ]
    };
    let own = format!("/ops/agents/{}/working-time", agent.id);
    for path in ["/ops/working-time", &own] {
        browser.get(path).await.assert_status(200);
        let odd = browser.post_form(path, &rules("soon")).await;
        assert_eq!(odd.status, 422, "{}", odd.body);
        assert!(odd.body.contains("value=\"soon\""), "{}", odd.body);
        let saved = browser.post_form(path, &rules("123")).await;
        assert_eq!((saved.status, saved.header("location")), (303, path));
        assert!(browser.get(path).await.body.contains("value=\"123\""));
    }
    assert!(browser.get(&own).await.body.contains("rules are Ada’s own"));
    let dropped = browser.post_form(&format!("{own}/drop"), &[]).await;
    assert_eq!(dropped.header("location"), own);
    assert!(
        browser
            .get(&own)
            .await
            .body
            .contains("goes by the rules for all")
    );

    let page = format!("/ops/agents/{}", agent.id);
    let set = async |units| {
        browser
            .post_form(&format!("{page}/capacity"), &[("capacity", units)])
            .await
    };
    assert_eq!(set("7").await.header("location"), page);
    assert!(browser.get(&page).await.body.contains("value=\"7\""));
    for odd in ["21", "many"] {
        let refused = set(odd).await;
        assert_eq!(refused.status, 422);
        assert!(refused.body.contains(&format!("value=\"{odd}\"")));
    }

    let admit = async |open| {
        let form = [("queue", "vip"), ("on_demand", open)];
        let answer = browser.post_form("/ops/shifts/admission", &form).await;
        assert_eq!(answer.header("location"), "/ops/shifts");
        browser.get("/ops/shifts").await.body
    };
    assert!(admit("false").await.contains("on a shift only"));
    assert!(admit("true").await.contains("whoever is there"));
    app.database.assert_promises();
}

#[actix_web::test]
async fn an_agent_names_the_people_they_know_on_a_page() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let agent = floor.agent().await;
    let browser = app.browser_of(&agent.email).await;
    browser
        .get("/contacts")
        .await
        .assert_page(200, "People you know");
    let add = async |customer: &str| {
        let form = [("customer_ref", customer), ("reason", "<b>aunt</b>")];
        browser.post_form("/contacts", &form).await
    };
    assert_eq!(add("C-77").await.header("location"), "/contacts");
    assert_eq!(add("C-77").await.status, 409);
    assert_eq!(add(" ").await.status, 422);
    let page = browser.get("/contacts").await;
    assert!(
        page.body.contains("C-77") && page.body.contains("&#60;b&#62;aunt"),
        "{}",
        page.body
    );
    let (_, rest) = page.body.split_once("action=\"/contacts/").unwrap();
    let (number, _) = rest.split_once('/').unwrap();
    let path = format!("/contacts/{number}/withdraw");
    assert_eq!(
        browser.post_form(&path, &[]).await.header("location"),
        "/contacts"
    );
    assert!(!browser.get("/contacts").await.body.contains("C-77"));
    assert_eq!(browser.post_form(&path, &[]).await.status, 404);
}

#[actix_web::test]
async fn the_profiles_form_takes_a_level_for_each_language() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let agent = floor.agent().await;
    let browser = app.browser_of(&agent.email).await;
    let form = [
        ("display_name", "Ada"),
        ("time_zone", "Europe/Stockholm"),
        ("languages", "en"),
        ("level_en", "5"),
        ("languages", "sv"),
        ("level_de", "1"),
    ];
    let saved = browser.post_form("/join/checklist/profile", &form).await;
    assert_eq!(saved.header("location"), "/join/checklist");
    let seen = agent.get("/api/v1/application").await.json();
    let levels = json!([{ "code": "en", "level": 5 }, { "code": "sv", "level": 4 }]);
    assert_eq!(seen["agent"]["language_levels"], levels);
}
