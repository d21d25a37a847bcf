//! Collections of bad input that others made: Nicolas Seriot's JSON test suite and the Big List of
//! Naughty Strings. They are not part of the repository; where they are missing, the test
//! says so and passes.

use std::{fs, path::PathBuf};

use reqwest::Method;
use serde_json::{Value, json};

use super::{Attempt, Operation, Scene, send_all};
use crate::support::{Answer, TestApp, company::import};

/// Where the collections are: `GIGDESK_DATA`, else beside the repository.
fn collection(name: &str) -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let data = std::env::var_os("GIGDESK_DATA").map_or(beside, PathBuf::from);
    let path = data.join("bad-input").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!(
        "skipped: {} is not there; GIGDESK_DATA says where it is",
        path.display()
    );
    None
}

fn operation(scene: &Scene<'_>, method: &Method, path: &str) -> Operation {
    let is_it = |one: &Operation| one.method == *method && one.path == path;
    scene.operations(is_it).pop().unwrap()
}

#[actix_web::test]
async fn what_is_not_json_by_the_test_suite_is_malformed() {
    let Some(suite) = collection("json-test-suite") else {
        return;
    };
    let app = TestApp::spawn().await;
    let scene = Scene::set(&app).await;
    let mut count = 0;
    for path in ["/api/v1/sessions", "/api/v1/escalations"] {
        let operation = operation(&scene, &Method::POST, path);
        let mut attempts = Vec::new();
        for entry in fs::read_dir(&suite).unwrap() {
            let file = entry.unwrap().path();
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            if name.starts_with("n_") || name.starts_with("i_") || name.starts_with("y_") {
                let body = fs::read(&file).unwrap();
                attempts.push(Attempt::bytes(&scene, &operation, &name, body));
            }
        }
        for (what, status) in send_all(&app, attempts).await {
            // Good JSON is understood, and is not what the operation takes.
            let expected = match what.rsplit(' ').next().unwrap().get(..2) {
                Some("n_") => &[400][..],
                Some("y_") => &[422],
                _ => &[400, 422],
            };
            assert!(expected.contains(&status), "{what}: {status}");
            count += 1;
        }
    }
    assert!(count > 500, "{count}");
}

fn naughty_strings() -> Option<Vec<String>> {
    let list = fs::read(collection("blns/blns.json")?).unwrap();
    Some(serde_json::from_slice(&list).unwrap())
}

#[actix_web::test]
async fn a_naughty_message_is_kept_as_it_is() {
    let Some(strings) = naughty_strings() else {
        return;
    };
    let app = TestApp::spawn().await;
    let scene = Scene::set(&app).await;
    let conversation = format!("/api/v1/conversations/{}", scene.id("token"));
    let customer = app.stranger();
    let mut kept = 0;
    for (number, text) in strings.iter().enumerate() {
        let said = customer.say(&conversation, &number.to_string(), text).await;
        if said.status == 422 {
            let problem = said.assert_problem(422, "invalid_input");
            assert_eq!(problem["errors"][0]["field"], "body", "{text:?}");
            continue;
        }
        let message = said.assert_status(201).json();
        if message["masked"] == json!([]) {
            assert_eq!(message["body"], json!(text.trim()));
            kept += 1;
        }
    }
    assert!(kept > 400, "{kept} of {}", strings.len());
    let page = customer.get(&format!("/c/{}", scene.id("token"))).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(!page.body.contains("<script>alert"), "a message is text");
    app.database.assert_promises();
}

#[actix_web::test]
async fn a_naughty_name_is_kept_as_it_is() {
    let Some(strings) = naughty_strings() else {
        return;
    };
    let app = TestApp::spawn().await;
    let ada = app.company().await.agent().await;
    let account = app.account(kernel::Role::Supervisor).await;
    let browser = app.browser(&account).await;
    let page = format!("/ops/agents/{}", ada.id);
    for (number, text) in strings.iter().enumerate() {
        let body = json!({ "display_name": text, "time_zone": "UTC", "languages": ["en"] });
        let saved = ada.put("/api/v1/application/profile", &body).await;
        if saved.status == 422 {
            let fault = &saved.json()["errors"][0];
            assert_eq!(fault["field"], "display_name", "{text:?}");
            continue;
        }
        let name = saved.assert_status(200).json()["display_name"].clone();
        assert_eq!(name, json!(text.trim()));
        if number % 10 == 0 {
            browser.get(&page).await.assert_status(200);
        }
    }
}

#[actix_web::test]
async fn a_spoiled_file_of_customers_is_refused_whole() {
    let app = TestApp::spawn().await;
    let supervisor = app.supervisor().await;
    let header = "customer_ref,email,display_name,tier,customer_since,country,household_ref\n";
    let line = |name: &str| format!("{header}C-1,a@example.com,{name},gold,2019-05-01,SE,\n");
    let before = super::rows(&app).await;
    let files = [
        String::new(),
        header.replace("email", "e-mail") + "x\n",
        line("a\0b"),
        line(&"x".repeat(100_000)),
        line("\"Ada"),
        line("Ada,Bea"),
        line("Ada").replace("2019-05-01", "yesterday"),
        line("Ada").replace("SE", "Sweden"),
        line("Ada") + "C-1,b@example.com,Ben,gold,2019-05-01,SE,\n",
    ];
    for file in &files {
        let refused = import(&supervisor, file).await;
        let shown: String = file.chars().take(120).collect();
        assert!(
            (400..500).contains(&refused.status),
            "{shown}: {}",
            refused.body
        );
        let code: Value = refused.json()["code"].clone();
        refused.assert_problem(refused.status, code.as_str().unwrap());
    }
    let bytes = [
        line("A").as_bytes(),
        b"C-2,\xff\xfe,B,gold,2019-05-01,SE,\n",
    ]
    .concat();
    let request = supervisor.request(Method::POST, "/api/v1/ops/customers");
    let request = request.header("content-type", "text/csv").body(bytes);
    let refused = Answer::to(request).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert_eq!(super::rows(&app).await, before);
}
