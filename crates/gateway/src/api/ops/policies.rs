//! Routing policies: how each queue chooses, as data that operations publish.

use actix_web::{
    get, put,
    web::{self, Data, Path},
};
use chrono::{DateTime, Utc};
use dispatch::{NewPolicy, PolicyVersion};
use routing::Policy;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    extract::{Json, Supervisor},
    problem::{ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(list_policies).service(publish_policy);
}

/// A policy to be put in force.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PolicyBody {
    /// What it says. What is left out has its default.
    policy: Policy,
    /// Why, in 1 to 500 characters.
    note: String,
    /// The version that you looked at. Where another was published meanwhile, nothing is done.
    based_on: Option<i32>,
}

/// A version of a queue's policy.
#[derive(Debug, Serialize, ToSchema)]
struct PolicyView {
    queue: String,
    version: i32,
    /// What it says, whole.
    policy: Policy,
    note: String,
    created_by: String,
    created_at: DateTime<Utc>,
    /// The longest that a ticket can be overtaken by later ones, in seconds.
    overtaking_seconds: i64,
}

impl TryFrom<PolicyVersion> for PolicyView {
    type Error = dispatch::Error;
    fn try_from(version: PolicyVersion) -> Result<Self, dispatch::Error> {
        let policy = version.policy()?;
        Ok(Self {
            overtaking_seconds: policy.overtaking_seconds(),
            policy,
            queue: version.queue,
            version: version.version,
            note: version.note,
            created_by: version.created_by,
            created_at: version.created_at,
        })
    }
}

/// The versions of a queue's policy.
#[derive(Debug, Serialize, ToSchema)]
struct Policies {
    /// The newest, which is in force, first; at most 100.
    items: Vec<PolicyView>,
}

/// List the versions of a queue's policy.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    params(("code" = String, Path, description = "The queue")),
    responses((status = 200, description = "The newest first", body = Policies), Problems),
)]
#[get("/ops/queues/{code}/policies")]
async fn list_policies(
    _caller: Supervisor,
    state: Data<State>,
    code: Path<String>,
) -> ApiResult<web::Json<Policies>> {
    let code = code.into_inner();
    let versions = state
        .read(move |conn| dispatch::queries::policy_versions(conn, &code))
        .await?;
    if versions.is_empty() {
        return Err(dispatch::Error::QueueNotFound.into());
    }
    let items: Result<Vec<_>, _> = versions.into_iter().map(TryInto::try_into).collect();
    Ok(web::Json(Policies { items: items? }))
}

/// Publish a policy. It is in force at once, for what waits, too.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    params(("code" = String, Path, description = "The queue")),
    request_body = PolicyBody,
    responses((status = 200, description = "In force", body = PolicyView), Problems),
)]
#[put("/ops/queues/{code}/policy")]
async fn publish_policy(
    caller: Supervisor,
    code: Path<String>,
    body: Json<PolicyBody>,
) -> ApiResult<web::Json<PolicyView>> {
    let PolicyBody {
        policy,
        note,
        based_on,
    } = body.0;
    let input = NewPolicy {
        queue: code.into_inner(),
        policy,
        note,
        created_by: caller.display_name.clone(),
    };
    let db = caller.acting_db();
    let published = db
        .write("publish_policy", move |tx| {
            workflows::publish_policy(tx, &input, based_on)
        })
        .await?;
    Ok(web::Json(published.try_into()?))
}
