//! Every operation says whom it is for, and keeps everybody else out.

use kernel::Role;
use reqwest::Method;
use serde_json::{Map, Value};

use crate::support::{Answer, TestApp, Visitor};

/// One operation of the API, as its description has it.
struct Operation {
    method: Method,
    path: String,
    /// Whether people may call it, and with which roles; no role stands for any.
    people: Option<Vec<String>>,
    machines: bool,
}

impl Operation {
    async fn call(&self, visitor: &Visitor) -> Answer {
        let request = visitor.request(self.method.clone(), &self.path);
        Answer::to(request.json(&Value::Object(Map::new()))).await
    }

    fn allows(&self, role: Role) -> bool {
        let people = self.people.as_ref();
        people.is_some_and(|roles| roles.is_empty() || roles.iter().any(|r| r == role.as_str()))
    }
}

/// The operations that are not open to all.
async fn guarded(stranger: &Visitor) -> Vec<Operation> {
    let document = stranger.get("/api/openapi.json").await.json();
    let mut found = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let Some(security) = operation["security"].as_array() else {
                continue;
            };
            let roles = |scheme: &str| security.iter().find_map(|one| one[scheme].as_array());
            let names = |roles: &Vec<Value>| {
                roles
                    .iter()
                    .map(|role| role.as_str().unwrap().to_owned())
                    .collect()
            };
            found.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.replace(['{', '}'], ""),
                people: roles("bearer").map(names),
                machines: roles("machine").is_some(),
            });
        }
    }
    found
}

#[actix_web::test]
async fn a_stranger_is_asked_to_sign_in() {
    let (_app, stranger) = TestApp::with_stranger().await;
    let operations = guarded(&stranger).await;
    assert!(operations.len() >= 2);
    for operation in operations {
        let answer = operation.call(&stranger).await;
        assert_eq!(
            answer.status, 401,
            "{} {}",
            operation.method, operation.path
        );
        answer.assert_problem(401, "not_signed_in");
    }
}

#[actix_web::test]
async fn a_wrong_role_is_turned_away_before_anything_else() {
    let (app, stranger) = TestApp::with_stranger().await;
    let admin = app.admin().await;
    let machine = app.machine(&admin).await;
    let people = [
        app.person(Role::Applicant).await,
        app.person(Role::Agent).await,
        app.supervisor().await,
        app.finance_preparer().await,
        app.finance_approver().await,
        admin,
    ];
    for operation in guarded(&stranger).await {
        let name = format!("{} {}", operation.method, operation.path);
        let roles = operation.people.iter().flatten();
        for role in roles {
            assert!(
                role.parse::<Role>().is_ok(),
                "{name} is for an unknown role, {role}"
            );
        }
        for person in &people {
            if !operation.allows(person.account.role) {
                let answer = operation.call(person).await;
                assert_eq!(answer.status, 403, "{name} as {}", person.account.role);
                answer.assert_problem(403, "forbidden");
            }
        }
        if !operation.machines {
            assert_eq!(
                operation.call(&machine).await.status,
                403,
                "{name} as a machine"
            );
        }
    }
}
