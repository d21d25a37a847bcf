//! How long agents may work, and which queues take whoever is there.

use actix_web::{
    HttpResponse, delete, get, put,
    web::{self, Data, Path},
};
use availability::{DecidedRules, QueueAdmission, Rules};
use chrono::{DateTime, Utc};
use kernel::AgentId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    extract::{Json, Supervisor},
    problem::{ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(show_rules)
        .service(save_rules)
        .service(show_agent_rules)
        .service(save_agent_rules)
        .service(drop_agent_rules)
        .service(list_admissions)
        .service(set_admission);
}

/// How long one may work.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_field_names,
    reason = "units come last in the names of the API"
)]
struct RulesBody {
    /// In a calendar day of the agent's time zone, 30 to 1,200.
    max_day_minutes: i32,
    /// In a calendar week of that zone, 30 to 6,000.
    max_week_minutes: i32,
    /// After so many minutes of work a break is due, 30 to 1,200.
    break_after_minutes: i32,
    /// How long a break is at least, 5 to 240.
    break_minutes: i32,
    /// The rest that every 24 hours from the beginning of work must hold, 240 to 1,380.
    rest_minutes: i32,
}

impl From<RulesBody> for Rules {
    fn from(body: RulesBody) -> Self {
        let RulesBody {
            max_day_minutes,
            max_week_minutes,
            break_after_minutes,
            break_minutes,
            rest_minutes,
        } = body;
        Self {
            max_day_minutes,
            max_week_minutes,
            break_after_minutes,
            break_minutes,
            rest_minutes,
        }
    }
}

/// The rules of working time that hold.
#[derive(Debug, Serialize, ToSchema)]
struct RulesView {
    /// In a calendar day of the agent's time zone.
    max_day_minutes: i32,
    /// In a calendar week of that zone.
    max_week_minutes: i32,
    /// After so many minutes of work a break is due.
    break_after_minutes: i32,
    /// How long a break is at least.
    break_minutes: i32,
    /// The rest that every 24 hours from the beginning of work must hold.
    rest_minutes: i32,
    /// Whether they are the agent's own, and not those for all.
    is_own: bool,
    /// When they were decided; none where nobody ever did.
    changed_at: Option<DateTime<Utc>>,
}

impl RulesView {
    fn of(own: Option<DecidedRules>, for_all: Option<DecidedRules>) -> Self {
        let decided = own.or(for_all);
        let Rules {
            max_day_minutes,
            max_week_minutes,
            break_after_minutes,
            break_minutes,
            rest_minutes,
        } = decided.map(|one| one.rules).unwrap_or_default();
        Self {
            max_day_minutes,
            max_week_minutes,
            break_after_minutes,
            break_minutes,
            rest_minutes,
            is_own: own.is_some(),
            changed_at: decided.map(|one| one.changed_at),
        }
    }
}

/// What was decided about a queue.
#[derive(Debug, Serialize, ToSchema)]
struct AdmissionView {
    /// The queue's code.
    queue: String,
    /// Whether its work goes to whoever is there, and not only to agents on a shift for it.
    on_demand: bool,
    changed_at: DateTime<Utc>,
}

impl From<QueueAdmission> for AdmissionView {
    fn from(admission: QueueAdmission) -> Self {
        Self {
            queue: admission.queue,
            on_demand: admission.on_demand,
            changed_at: admission.changed_at,
        }
    }
}

/// What was decided about queues.
#[derive(Debug, Serialize, ToSchema)]
struct Admissions {
    items: Vec<AdmissionView>,
}

/// Whether a queue takes whoever is there.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AdmissionBody {
    on_demand: bool,
}

/// See how long agents may work who have no rules of their own.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    responses((status = 200, description = "The rules for all", body = RulesView), Problems),
)]
#[get("/ops/working-time")]
async fn show_rules(_caller: Supervisor, state: Data<State>) -> ApiResult<web::Json<RulesView>> {
    let for_all = state
        .read(|conn| availability::decided_rules(conn, None))
        .await?;
    Ok(web::Json(RulesView::of(None, for_all)))
}

/// Decide how long agents may work who have no rules of their own.
///
/// It holds within moments for who is at work.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    request_body = RulesBody,
    responses((status = 200, description = "The rules for all", body = RulesView), Problems),
)]
#[put("/ops/working-time")]
async fn save_rules(caller: Supervisor, body: Json<RulesBody>) -> ApiResult<web::Json<RulesView>> {
    let (rules, by, db) = (body.0.into(), caller.account_id, caller.acting_db());
    let write = db.write("save_working_time_rules", move |tx| {
        workflows::save_working_time_rules(tx, None, &rules, by)
    });
    Ok(web::Json(RulesView::of(None, Some(write.await?))))
}

/// See how long an agent may work.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    params(("agent_id" = AgentId, Path)),
    responses((status = 200, description = "Their own rules, or those for all", body = RulesView), Problems),
)]
#[get("/ops/agents/{agent_id}/working-time")]
async fn show_agent_rules(
    _caller: Supervisor,
    state: Data<State>,
    agent: Path<AgentId>,
) -> ApiResult<web::Json<RulesView>> {
    let id = agent.into_inner();
    let found = state.read(move |conn| {
        let own = availability::decided_rules(conn, Some(id))?;
        let for_all = availability::decided_rules(conn, None)?;
        Ok(onboarding::agent(conn, id)?.map(|_| RulesView::of(own, for_all)))
    });
    let view = found.await?.ok_or(onboarding::Error::AgentNotFound)?;
    Ok(web::Json(view))
}

/// Give an agent rules of their own.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    params(("agent_id" = AgentId, Path)),
    request_body = RulesBody,
    responses((status = 200, description = "The agent's own rules", body = RulesView), Problems),
)]
#[put("/ops/agents/{agent_id}/working-time")]
async fn save_agent_rules(
    caller: Supervisor,
    agent: Path<AgentId>,
    body: Json<RulesBody>,
) -> ApiResult<web::Json<RulesView>> {
    let (agent, rules) = (Some(agent.into_inner()), body.0.into());
    let (by, db) = (caller.account_id, caller.acting_db());
    let write = db.write("save_working_time_rules", move |tx| {
        workflows::save_working_time_rules(tx, agent, &rules, by)
    });
    Ok(web::Json(RulesView::of(Some(write.await?), None)))
}

/// Let an agent go by the rules for all again.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    params(("agent_id" = AgentId, Path)),
    responses((status = 204, description = "The rules for all hold"), Problems),
)]
#[delete("/ops/agents/{agent_id}/working-time")]
async fn drop_agent_rules(caller: Supervisor, agent: Path<AgentId>) -> ApiResult<HttpResponse> {
    let (id, db) = (agent.into_inner(), caller.acting_db());
    db.write("drop_working_time_rules", move |tx| {
        workflows::drop_working_time_rules(tx, id)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// List which queues take whoever is there.
///
/// A queue about which nothing was decided does.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    responses((status = 200, description = "What was decided", body = Admissions), Problems),
)]
#[get("/ops/admissions")]
async fn list_admissions(
    _caller: Supervisor,
    state: Data<State>,
) -> ApiResult<web::Json<Admissions>> {
    let admissions = state.read(availability::queue_admissions).await?;
    Ok(web::Json(Admissions {
        items: admissions.into_iter().map(Into::into).collect(),
    }))
}

/// Decide whether a queue takes whoever is there, or only agents on a shift for it.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    params(("queue" = String, Path)),
    request_body = AdmissionBody,
    responses((status = 200, description = "As decided", body = AdmissionView), Problems),
)]
#[put("/ops/admissions/{queue}")]
async fn set_admission(
    caller: Supervisor,
    queue: Path<String>,
    body: Json<AdmissionBody>,
) -> ApiResult<web::Json<AdmissionView>> {
    let (queue, on_demand) = (queue.into_inner(), body.0.on_demand);
    let (by, db) = (caller.account_id, caller.acting_db());
    let write = db.write("set_on_demand", move |tx| {
        workflows::set_on_demand(tx, &queue, on_demand, by)
    });
    Ok(web::Json(write.await?.into()))
}
