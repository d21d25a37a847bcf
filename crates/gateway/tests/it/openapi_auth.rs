//! What the API's description says about who may call what. Whether the operations keep to it,
//! `callers` tries out.

use std::collections::BTreeSet;

use kernel::Role;
use serde_json::Value;

use crate::support::TestApp;

/// What is open to everybody on purpose: before signing in, and for customers with their link.
const PUBLIC: &[&str] = &[
    "GET /api/v1/conversations/{token}",
    "GET /api/v1/conversations/{token}/events",
    "GET /api/v1/conversations/{token}/messages",
    "GET /api/v1/health",
    "POST /api/v1/applications",
    "POST /api/v1/conversations/{token}/leave",
    "POST /api/v1/conversations/{token}/messages",
    "POST /api/v1/conversations/{token}/rating",
    "POST /api/v1/invitation-requests",
    "POST /api/v1/sessions",
    "POST /api/v1/sessions/refresh",
];

/// Every operation with its description.
async fn operations(app: &TestApp) -> Vec<(String, Value)> {
    let document = app.stranger().get("/api/openapi.json").await.json();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, operations)| {
        let of_path = operations.as_object().unwrap().iter();
        of_path.map(move |(method, operation)| {
            (
                format!("{} {path}", method.to_uppercase()),
                operation.clone(),
            )
        })
    });
    operations.collect()
}

#[actix_web::test]
async fn what_is_open_to_everybody_is_so_on_purpose() {
    let app = TestApp::spawn().await;
    let open: BTreeSet<String> = operations(&app)
        .await
        .into_iter()
        .filter(|(_, operation)| operation.get("security").is_none())
        .map(|(name, _)| name)
        .collect();
    assert_eq!(open, PUBLIC.iter().map(|name| (*name).to_owned()).collect());
}

#[actix_web::test]
async fn whoever_may_call_an_operation_is_a_role_or_a_machine() {
    let app = TestApp::spawn().await;
    for (name, operation) in operations(&app).await {
        for (scheme, roles) in operation["security"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|one| one.as_object().unwrap())
        {
            assert!(
                ["bearer", "machine"].contains(&scheme.as_str()),
                "{name}: {scheme}"
            );
            for role in roles.as_array().unwrap() {
                let known = role.as_str().unwrap().parse::<Role>();
                assert!(known.is_ok(), "{name} is for {role}");
            }
        }
    }
}

#[actix_web::test]
async fn every_operation_says_what_it_does_and_how_it_refuses() {
    let app = TestApp::spawn().await;
    for (name, operation) in operations(&app).await {
        assert!(
            !operation["summary"].as_str().unwrap_or_default().is_empty(),
            "{name}"
        );
        assert_eq!(
            operation["tags"].as_array().map(Vec::len),
            Some(1),
            "{name}"
        );
        let problem = &operation["responses"]["default"]["content"]["application/problem+json"];
        assert!(problem.is_object(), "{name} does not say how it refuses");
        let ids: BTreeSet<&str> = name
            .split('{')
            .skip(1)
            .filter_map(|p| p.split('}').next())
            .collect();
        let described: BTreeSet<&str> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        assert_eq!(described, ids, "{name}");
    }
}
