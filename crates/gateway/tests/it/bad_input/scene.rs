//! A platform on which every operation has something real to be called on, and somebody who may.

use std::{collections::HashMap, fmt};

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value, json};

use crate::support::{
    Person, TestApp, Visitor,
    company::{IBAN, Recruit, token},
    floor::{Floor, id, link_token},
};

/// One operation, as the description of the API has it.
pub struct Operation {
    pub method: Method,
    pub path: String,
    /// Names of the ids in its path.
    pub parameters: Vec<String>,
    /// Names of what may be asked in its query.
    pub queries: Vec<String>,
    roles: Vec<String>,
    is_for_machines: bool,
    body: Option<Value>,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl Operation {
    fn new(method: &str, path: &str, described: &Value) -> Self {
        let security = described["security"].as_array();
        let roles = |scheme: &str| {
            let mut all = security.into_iter().flatten();
            all.find_map(|one| one[scheme].as_array())
        };
        let named = |place: &str| {
            let all = described["parameters"].as_array().into_iter().flatten();
            all.filter(|parameter| parameter["in"] == place)
                .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
                .collect()
        };
        let texts = |texts: &Vec<Value>| {
            let texts = texts.iter();
            texts
                .map(|text| text.as_str().unwrap().to_owned())
                .collect()
        };
        let content = &described["requestBody"]["content"]["application/json"];
        Self {
            method: method.to_uppercase().parse().unwrap(),
            path: path.to_owned(),
            parameters: named("path"),
            queries: named("query"),
            roles: roles("bearer").map(texts).unwrap_or_default(),
            is_for_machines: roles("machine").is_some(),
            body: content.get("schema").cloned(),
        }
    }

    pub fn takes_json(&self) -> bool {
        self.body.is_some()
    }

    /// Its path with ids of what is there.
    pub fn address(&self, scene: &Scene<'_>) -> String {
        self.parameters
            .iter()
            .fold(self.path.clone(), |path, name| {
                path.replace(&format!("{{{name}}}"), scene.id(name))
            })
    }

    /// A body with which nothing is wrong; null where it takes none.
    pub fn example(&self, scene: &Scene<'_>) -> Value {
        let schema = self.body.as_ref();
        schema.map_or(Value::Null, |schema| scene.example(schema, "body"))
    }
}

/// A company in the middle of its day.
pub struct Scene<'a> {
    document: Value,
    floor: Floor<'a>,
    agent: Recruit,
    applicant: Recruit,
    preparer: Person,
    approver: Person,
    stranger: Visitor,
    ids: HashMap<&'static str, String>,
    invitation: String,
    now: DateTime<Utc>,
}

impl<'a> Scene<'a> {
    pub async fn set(app: &'a TestApp) -> Self {
        let floor = app.floor().await;
        let document = serde_json::to_value(gateway::api::document()).unwrap();
        let mut scene = Self {
            document,
            agent: floor.agent().await,
            applicant: floor.company.applicant().await,
            preparer: app.finance_preparer().await,
            approver: app.finance_approver().await,
            stranger: app.stranger(),
            ids: HashMap::new(),
            invitation: String::new(),
            now: app.db.now(),
            floor,
        };
        scene.invite().await;
        scene.staff(app).await;
        scene.work(app).await;
        scene
    }

    async fn invite(&mut self) {
        let company = &self.floor.company;
        let (reference, _) = company.customer().await;
        let body = json!({ "customer_ref": reference });
        let invited = company
            .supervisor
            .post("/api/v1/ops/invitations", &body)
            .await;
        let link = invited.assert_status(201).json()["link"].clone();
        token(link.as_str().unwrap()).clone_into(&mut self.invitation);
        let subject = company.submitted().await;
        self.ids.insert("agent_id", subject.id);
    }

    async fn staff(&mut self, app: &TestApp) {
        let company = &self.floor.company;
        let colleague = app.supervisor().await;
        let name = json!({ "name": "spare" });
        let key = company
            .admin
            .post("/api/v1/admin/machine-keys", &name)
            .await;
        let starts_at = self.hour(24);
        let shift = json!({
            "queue": "vip", "starts_at": starts_at, "ends_at": self.hour(26), "seats": 2,
        });
        let shift = company.supervisor.post("/api/v1/ops/shifts", &shift).await;
        let shift = id(&shift.assert_status(201).json()).to_owned();
        let path = format!("/api/v1/shifts/{shift}/commitments");
        let commitment = self.agent.post(&path, &json!({})).await;
        let body = json!({ "skill": "refunds" });
        let attempt = self
            .applicant
            .post("/api/v1/application/attempts", &body)
            .await;
        let made = |answer: &crate::support::Answer| id(&answer.json()).to_owned();
        self.ids.extend([
            ("account_id", colleague.account.id.to_string()),
            ("key_id", made(&key)),
            ("shift_id", shift),
            ("commitment_id", made(&commitment)),
            ("attempt_id", made(&attempt)),
            ("code", "extra".to_owned()),
            ("queue", "vip".to_owned()),
        ]);
    }

    /// One ticket is paid, one is talked about, one is on offer.
    async fn work(&mut self, app: &TestApp) {
        let (agent, assistant) = (&self.agent, &self.floor.assistant);
        let mut engagements = Vec::new();
        for number in 1..=2 {
            let ticket = assistant.escalate(&number.to_string()).await;
            let engagement = agent.claim(&ticket).await.assert_status(201).json();
            let path = format!("/api/v1/engagements/{}", id(&engagement));
            agent.say(&path, "1", "Hello").await.assert_status(201);
            engagements.push((ticket, engagement, path));
        }
        let body = json!({ "disposition": "solved" });
        let resolved = agent
            .post(&format!("{}/resolve", engagements[0].2), &body)
            .await;
        resolved.assert_status(200);
        let end = app.db.now();
        let body = json!({
            "period_start": "2026-01-01T00:00:00Z", "period_end": end, "currency": "EUR",
        });
        let run = self
            .preparer
            .post("/api/v1/finance/payout-runs", &body)
            .await;
        let run = run.assert_status(201).json();
        let contact = json!({ "customer_ref": "C-7", "reason": "" });
        let conflict = agent.post("/api/v1/conflicts", &contact).await;
        let conflict = conflict.assert_status(201).json()["id"].to_string();
        assistant.escalate("3").await;
        let matched = app
            .db
            .write("match", |tx| workflows::Matchmaker::default().run(tx))
            .await;
        assert_eq!(matched.unwrap(), 1);
        let offer = agent.desk().await["offers"][0].clone();
        let letter = self.put_aside(app).await;
        self.ids.extend([
            ("ticket_id", id(&engagements[1].0).to_owned()),
            ("token", link_token(&engagements[1].0).to_owned()),
            ("engagement_id", id(&engagements[1].1).to_owned()),
            ("offer_id", id(&offer).to_owned()),
            ("dead_letter_id", letter),
            ("conflict_id", conflict),
            ("run_id", id(&run["run"]).to_owned()),
            ("verb", "offer".to_owned()),
        ]);
    }

    /// A ticket that nobody took in time, and its dead letter.
    async fn put_aside(&self, app: &TestApp) -> String {
        self.floor.assistant.escalate("4").await;
        app.database.sql(
            "UPDATE dispatch.tickets SET deadline_at = now() - interval '1 second'
              WHERE external_id = '4'",
        );
        for reconciler in workflows::RECONCILERS {
            let run = app.db.write(reconciler.name, |tx| reconciler.run(tx));
            run.await.unwrap();
        }
        let supervisor = &self.floor.company.supervisor;
        let letters = supervisor.get("/api/v1/ops/dead-letters").await;
        id(&letters.assert_status(200).json()["items"][0]).to_owned()
    }

    fn hour(&self, hours: i64) -> DateTime<Utc> {
        let at = self.now + TimeDelta::hours(hours);
        at.duration_trunc(TimeDelta::hours(1)).unwrap()
    }

    /// The operations of which this is true.
    pub fn operations(&self, is_wanted: impl Fn(&Operation) -> bool) -> Vec<Operation> {
        let mut found = Vec::new();
        for (path, operations) in self.document["paths"].as_object().unwrap() {
            for (method, described) in operations.as_object().unwrap() {
                let operation = Operation::new(method, path, described);
                if is_wanted(&operation) {
                    found.push(operation);
                }
            }
        }
        found
    }

    /// The id of something that is there.
    pub fn id(&self, parameter: &str) -> &str {
        let found = self.ids.get(parameter);
        found.unwrap_or_else(|| panic!("there is no {parameter} on the scene"))
    }

    /// A request by somebody who may send it.
    pub fn request(&self, operation: &Operation, address: &str) -> RequestBuilder {
        let caller = match operation.roles.first().map(String::as_str) {
            _ if operation.is_for_machines => &self.floor.assistant,
            None => &self.stranger,
            Some("admin") => &self.floor.company.admin,
            Some("supervisor") => &self.floor.company.supervisor,
            Some("finance_preparer") => &self.preparer,
            Some("finance_approver") => &self.approver,
            Some("applicant") => &self.applicant,
            Some("agent") => &self.agent,
            Some(role) => panic!("nobody on the scene is {role}"),
        };
        let key = format!("key-{}", kernel::OfferId::new());
        caller
            .request(operation.method.clone(), address)
            .header("idempotency-key", key)
    }

    /// A value of this schema that makes sense under this name.
    fn example(&self, schema: &Value, name: &str) -> Value {
        if let Some(meant) = self.meant_by(name) {
            return meant;
        }
        if let Some(reference) = schema["$ref"].as_str() {
            let name_of_schema = reference.rsplit('/').next().unwrap();
            let found = &self.document["components"]["schemas"][name_of_schema];
            return self.example(found, name);
        }
        // What may be left out is left out.
        if schema["oneOf"]
            .as_array()
            .is_some_and(|options| options.iter().any(|option| option["type"] == "null"))
        {
            return Value::Null;
        }
        if let Some(options) = schema["enum"].as_array() {
            return options[0].clone();
        }
        if let Some(fields) = schema["properties"].as_object() {
            let filled = fields
                .iter()
                .map(|(name, of)| (name.clone(), self.example(of, name)));
            return Value::Object(filled.collect::<Map<_, _>>());
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds[0].as_str(),
            kind => kind.as_str(),
        };
        match kind {
            Some("array") => json!([self.example(&schema["items"], name)]),
            Some("integer") => json!(schema["minimum"].as_i64().unwrap_or(1)),
            Some("boolean") => json!(false),
            Some("string") => json!("x"),
            other => panic!("{name} is of type {other:?}: {schema}"),
        }
    }

    /// What a field of this name is for.
    fn meant_by(&self, name: &str) -> Option<Value> {
        Some(match name {
            "answers" => json!([1, 1, 1]),
            "at" | "period_end" => json!(self.now),
            "agent_id" | "based_on" | "building" | "effective_at" | "household" | "intent" => {
                Value::Null
            }
            "policy" => json!({
                "offer_seconds": 45, "weights": { "skill": 50 }, "floor": { "skill_level": 1 },
                "relaxation": [{ "after_seconds": 60, "skill_levels": 1 }],
            }),
            "break_after_minutes" => json!(360),
            "break_minutes" => json!(30),
            "code" => json!("123456"),
            "confidence" => json!("0.5"),
            "country" => json!("DE"),
            "currency" => json!("EUR"),
            "customer_ref" => json!("C-0"),
            "email" => json!("somebody@example.com"),
            "ends_at" => json!(self.hour(50)),
            "iban" => json!(IBAN),
            "invitation" => json!(self.invitation),
            "language" => json!("en"),
            "languages" => json!(["en"]),
            "locale" => json!("en-GB"),
            "max_day_minutes" => json!(600),
            "max_week_minutes" => json!(2_400),
            "on_demand" => json!(true),
            "options" => json!(["no", "yes"]),
            "pass_mark" => json!(80),
            "password" => json!("three blue herons wading"),
            "per_engagement" | "per_minute" => json!("1.50"),
            "period_start" => json!("2026-01-01T00:00:00Z"),
            "postcode" => json!("10969"),
            "queue" => json!("vip"),
            "required_skills" => json!(["refunds"]),
            "rest_minutes" => json!(660),
            "sha256" => json!("0".repeat(64)),
            "skill" => json!("refunds"),
            "starts_at" => json!(self.hour(48)),
            "time_zone" => json!("Europe/Berlin"),
            "valid_from" => json!(self.now + TimeDelta::days(40)),
            "first_reply_seconds"
            | "next_reply_seconds"
            | "silence_seconds"
            | "wrap_up_extension_seconds"
            | "wrap_up_seconds" => json!(60),
            _ => return None,
        })
    }
}
