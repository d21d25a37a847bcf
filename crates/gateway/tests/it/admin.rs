//! What an admin sets up.

use serde_json::{Value, json};

use crate::support::{
    PASSWORD, Person, TestApp,
    company::{queue, skill},
};

async fn hire(admin: &Person, email: &str, role: &str) -> Value {
    let body = json!({ "email": email, "display_name": "Sam", "password": PASSWORD, "role": role });
    admin
        .post("/api/v1/admin/accounts", &body)
        .await
        .assert_status(201)
        .json()
}

#[actix_web::test]
async fn a_colleague_can_sign_in_at_once() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    for role in [
        "supervisor",
        "finance_preparer",
        "finance_approver",
        "admin",
    ] {
        let email = format!("{role}@example.org");
        let made = hire(&admin, &email, role).await;
        assert_eq!(
            (&made["role"], &made["status"]),
            (&json!(role), &json!("active"))
        );
        let credentials = json!({ "email": email, "password": PASSWORD });
        let welcome = app.stranger().post("/api/v1/sessions", &credentials).await;
        assert!(welcome.status < 300, "{}", welcome.body);
    }
}

#[actix_web::test]
async fn an_admin_makes_accounts_for_the_companys_own_people_only() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let good = json!({
        "email": "a@example.org", "display_name": "Sam", "password": PASSWORD, "role": "admin",
    });
    for (field, value) in [
        ("role", "agent"),
        ("role", "applicant"),
        ("password", "short"),
        ("email", "nobody"),
    ] {
        let mut body = good.clone();
        body[field] = json!(value);
        let refused = admin.post("/api/v1/admin/accounts", &body).await;
        assert_eq!(refused.status, 422, "{field}: {}", refused.body);
        assert_eq!(refused.json()["errors"][0]["field"], field);
    }
    admin
        .post("/api/v1/admin/accounts", &good)
        .await
        .assert_status(201);
    let again = admin.post("/api/v1/admin/accounts", &good).await;
    again.assert_problem(409, "email_taken");
}

#[actix_web::test]
async fn accounts_are_listed_the_newest_first() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let (sam, agent) = (
        hire(&admin, "sam@example.org", "supervisor").await,
        app.account(kernel::Role::Agent).await,
    );
    let list = |query: &str| {
        let path = format!("/api/v1/admin/accounts{query}");
        let admin = &admin;
        async move { admin.get(&path).await.assert_status(200).json() }
    };
    let first = list("?limit=1").await;
    assert_eq!(first["items"][0]["id"], agent.id.to_string());
    let second = list(&format!(
        "?limit=1&after={}",
        first["next"].as_str().unwrap()
    ))
    .await;
    assert_eq!(second["items"][0]["id"], sam["id"]);
    let staff = list("?staff_only=true").await;
    assert_eq!(staff["items"].as_array().unwrap().len(), 2);
    assert!(!staff.to_string().contains("hash"), "{staff}");
}

#[actix_web::test]
async fn a_suspended_colleague_is_out_at_once() {
    let app = TestApp::spawn().await;
    let (admin, sam) = (app.admin().await, app.supervisor().await);
    let path = |action: &str| format!("/api/v1/admin/accounts/{}/{action}", sam.account.id);
    let suspended = admin
        .post(&path("suspend"), &json!({}))
        .await
        .assert_status(200)
        .json();
    assert_eq!(suspended["status"], "suspended");
    sam.get("/api/v1/me")
        .await
        .assert_problem(401, "not_signed_in");
    let reinstated = admin
        .post(&path("reinstate"), &json!({}))
        .await
        .assert_status(200)
        .json();
    assert_eq!(reinstated["status"], "active");
    sam.get("/api/v1/me")
        .await
        .assert_problem(401, "not_signed_in");

    let unknown = format!("/api/v1/admin/accounts/acc_{}/suspend", "0".repeat(32));
    admin
        .post(&unknown, &json!({}))
        .await
        .assert_problem(404, "account_not_found");
}

#[actix_web::test]
async fn an_admin_suspends_neither_themselves_nor_agents() {
    let app = TestApp::spawn().await;
    let (admin, agent) = (app.admin().await, app.person(kernel::Role::Agent).await);
    let path =
        |id: kernel::AccountId, action: &str| format!("/api/v1/admin/accounts/{id}/{action}");
    let own = admin
        .post(&path(admin.account.id, "suspend"), &json!({}))
        .await;
    own.assert_problem(403, "own_account");
    for action in ["suspend", "reinstate"] {
        let refused = admin
            .post(&path(agent.account.id, action), &json!({}))
            .await;
        refused.assert_problem(409, "not_staff");
    }
    agent.get("/api/v1/me").await.assert_status(200);
}

#[actix_web::test]
async fn a_machine_key_opens_the_api_until_it_is_revoked() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let body = json!({ "name": "assistant" });
    let made = admin
        .post("/api/v1/admin/machine-keys", &body)
        .await
        .assert_status(201)
        .json();
    let secret = made["secret"].as_str().unwrap();
    let (machine, ticket) = (
        app.bearer(secret),
        format!("/api/v1/tickets/tkt_{}", "0".repeat(32)),
    );
    machine
        .get(&ticket)
        .await
        .assert_problem(404, "ticket_not_found");

    let listed = admin
        .get("/api/v1/admin/machine-keys")
        .await
        .assert_status(200);
    assert!(!listed.body.contains(secret), "a secret is shown once");
    assert_eq!(listed.json()["items"][0]["status"], "live");

    let path = format!(
        "/api/v1/admin/machine-keys/{}",
        made["id"].as_str().unwrap()
    );
    admin.delete(&path).await.assert_status(204);
    machine
        .get(&ticket)
        .await
        .assert_problem(401, "not_signed_in");
    let listed = admin.get("/api/v1/admin/machine-keys").await.json();
    assert_eq!(listed["items"][0]["status"], "revoked");
    let unknown = format!("/api/v1/admin/machine-keys/key_{}", "0".repeat(32));
    admin
        .delete(&unknown)
        .await
        .assert_problem(404, "machine_key_not_found");
}

#[actix_web::test]
async fn a_machine_key_that_another_node_revoked_is_of_no_use_within_a_second() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let made = admin
        .post(
            "/api/v1/admin/machine-keys",
            &json!({ "name": "assistant" }),
        )
        .await
        .assert_status(201)
        .json();
    let machine = app.bearer(made["secret"].as_str().unwrap());
    let ticket = format!("/api/v1/tickets/tkt_{}", "0".repeat(32));
    machine
        .get(&ticket)
        .await
        .assert_problem(404, "ticket_not_found");

    // Not through this node's API.
    app.database
        .sql("UPDATE identity.machine_keys SET status = 'revoked', revoked_at = now()");
    let revoked = std::time::Instant::now();
    while machine.get(&ticket).await.status != 401 {
        assert!(revoked.elapsed() < std::time::Duration::from_secs(1));
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[actix_web::test]
async fn a_queue_is_made_and_changed_under_its_code() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    admin
        .put("/api/v1/admin/queues/vip", &queue())
        .await
        .assert_status(200);
    let mut slower = queue();
    slower["first_reply_seconds"] = json!(45);
    let saved = admin
        .put("/api/v1/admin/queues/vip", &slower)
        .await
        .assert_status(200)
        .json();
    assert_eq!(
        (&saved["code"], &saved["first_reply_seconds"]),
        (&json!("vip"), &json!(45))
    );
    let finance = app.finance_preparer().await;
    let listed = finance
        .get("/api/v1/queues")
        .await
        .assert_status(200)
        .json();
    assert_eq!(listed["items"], json!([saved]));

    let mut wrong = queue();
    wrong["first_reply_seconds"] = json!(1);
    wrong["ticket_weight"] = json!(21);
    let refused = admin.put("/api/v1/admin/queues/V.I.P", &wrong).await;
    let problem = refused.assert_problem(422, "invalid_input");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 3, "{problem}");
}

#[actix_web::test]
async fn a_skill_comes_with_enough_questions() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let saved = admin
        .put("/api/v1/admin/skills/refunds", &skill())
        .await
        .assert_status(200);
    assert!(!saved.body.contains("correct"), "{}", saved.body);
    let mut greedy = skill();
    greedy["questions_asked"] = json!(5);
    greedy["questions"][1]["correct"] = json!(3);
    let refused = admin.put("/api/v1/admin/skills/refunds", &greedy).await;
    let faults = refused.assert_problem(422, "invalid_input")["errors"].clone();
    assert_eq!(
        (&faults[0]["field"], &faults[1]["field"]),
        (&json!("questions"), &json!("questions[1].correct"))
    );
}

#[actix_web::test]
async fn agreements_are_numbered() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    for version in 1..=2 {
        let body = json!({ "title": "Agreement", "body": format!("Version {version}") });
        let made = admin
            .post("/api/v1/admin/agreements", &body)
            .await
            .assert_status(201)
            .json();
        assert_eq!(made["version"], version);
        assert_eq!(made["sha256"].as_str().unwrap().len(), 64);
    }
    let empty = admin
        .post(
            "/api/v1/admin/agreements",
            &json!({ "title": "", "body": "" }),
        )
        .await;
    empty.assert_problem(422, "invalid_input");
}

#[actix_web::test]
async fn a_broken_promise_is_told() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let ada = company.agent().await;
    let verify = || async {
        company
            .admin
            .get("/api/v1/admin/verify")
            .await
            .assert_status(200)
            .json()
    };
    let whole = verify().await;
    assert_eq!(whole["broken"], json!([]));
    assert_eq!(whole["promises"], db::verify::promises().len());

    app.database
        .sql("UPDATE dispatch.workloads SET load = 1, chat_load = 1");
    let broken = verify().await["broken"].clone();
    assert_eq!(
        (&broken[0]["rows"], &broken[1]),
        (&json!(1), &Value::Null),
        "{broken}"
    );
    let uuid = ada.id.strip_prefix("agt_").unwrap();
    assert_eq!(
        broken[0]["examples"][0]["agent_id"]
            .as_str()
            .unwrap()
            .replace('-', ""),
        uuid
    );
}
