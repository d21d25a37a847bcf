//! The application of whoever is signed in: how it stands, the profile, handing it in.

use actix_web::{
    get, post, put,
    web::{self, Data},
};
use chrono::{DateTime, Utc};
use kernel::AgentId;
use onboarding::{AgentStatus, ChecklistItem, ProfileInput, Requirement, Spoken};
use reports::AgentLine;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    agreements::{AcceptanceView, AgreementView},
    assessments::{GrantView, OfferedSkillView},
    payout_details::PayeeView,
};
use crate::{
    extract::{Applicant, Json},
    problem::{ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(show_application)
        .service(save_profile)
        .service(submit_application);
}

/// An applicant or agent.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgentView {
    id: AgentId,
    /// How far they have come.
    status: AgentStatus,
    email: String,
    /// The name that customers and colleagues see.
    display_name: String,
    /// The IANA name; none before the profile is saved.
    time_zone: Option<String>,
    /// ISO 639-1.
    languages: Vec<String>,
    /// The same, each with its level.
    language_levels: Vec<LanguageView>,
    /// Their tier as a customer.
    tier: String,
    /// ISO 3166, two letters.
    country: String,
    submitted_at: Option<DateTime<Utc>>,
    /// When the latest decision was made.
    decided_at: Option<DateTime<Utc>>,
    /// Why.
    reason: Option<String>,
}

impl From<AgentLine> for AgentView {
    fn from(line: AgentLine) -> Self {
        let AgentLine { agent, reason } = line;
        let language_levels = agent.spoken().into_iter().map(Into::into).collect();
        Self {
            id: agent.id,
            status: agent.status,
            email: agent.email,
            display_name: agent.display_name,
            time_zone: agent.time_zone,
            language_levels,
            languages: agent.languages,
            tier: agent.tier,
            country: agent.country,
            submitted_at: agent.submitted_at,
            decided_at: agent.decided_at,
            reason,
        }
    }
}

/// A language and how well somebody speaks it.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LanguageView {
    /// ISO 639-1.
    code: String,
    /// 1 a few words, 2 basic, 3 working, 4 fluent, 5 native.
    level: i32,
}

impl From<Spoken> for LanguageView {
    fn from(Spoken { code, level }: Spoken) -> Self {
        Self { code, level }
    }
}

/// A language: its code alone, which stands for fluent, or with a level.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
enum LanguageBody {
    /// Fluent.
    Code(String),
    /// At a level.
    Levelled(LanguageView),
}

impl From<LanguageBody> for Spoken {
    fn from(body: LanguageBody) -> Self {
        match body {
            LanguageBody::Code(code) => Self::fluently(code),
            LanguageBody::Levelled(LanguageView { code, level }) => Self { code, level },
        }
    }
}

/// One requirement.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChecklistItemView {
    requirement: Requirement,
    /// When it was first fulfilled; none while it is open.
    fulfilled_at: Option<DateTime<Utc>>,
}

impl From<ChecklistItem> for ChecklistItemView {
    fn from(
        ChecklistItem {
            requirement,
            fulfilled_at,
        }: ChecklistItem,
    ) -> Self {
        Self {
            requirement,
            fulfilled_at,
        }
    }
}

/// How an application stands, and what there is to do.
#[derive(Debug, Serialize, ToSchema)]
struct ApplicationView {
    agent: AgentView,
    /// All requirements, in a fixed order.
    checklist: Vec<ChecklistItemView>,
    /// The agreement to accept, if there is one.
    agreement: Option<AgreementView>,
    /// The newest that was accepted.
    accepted: Option<AcceptanceView>,
    /// The skills that an assessment can grant.
    skills: Vec<OfferedSkillView>,
    /// Those that were granted.
    grants: Vec<GrantView>,
    /// Where the money goes.
    payee: Option<PayeeView>,
}

impl From<reports::Application> for ApplicationView {
    fn from(application: reports::Application) -> Self {
        Self {
            agent: application.line.into(),
            checklist: application.checklist.into_iter().map(Into::into).collect(),
            agreement: application.agreement.map(Into::into),
            accepted: application.acceptance.map(Into::into),
            skills: application.skills.into_iter().map(Into::into).collect(),
            grants: application.grants.into_iter().map(Into::into).collect(),
            payee: application.payee.map(Into::into),
        }
    }
}

/// What an applicant or agent tells about themselves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProfileBody {
    display_name: String,
    #[schema(example = "Europe/Stockholm")]
    time_zone: String,
    /// One to ten, ISO 639-1.
    languages: Vec<LanguageBody>,
}

/// How an agent stands now.
pub(super) async fn agent_view(state: &State, id: AgentId) -> ApiResult<AgentView> {
    let line = state
        .read(move |conn| reports::agent_line(conn, id))
        .await?;
    Ok(line.ok_or(onboarding::Error::AgentNotFound)?.into())
}

/// See how your application stands.
#[utoipa::path(
    tag = "Application",
    security(("bearer" = ["applicant", "agent"])),
    responses((status = 200, description = "As it is", body = ApplicationView), Problems),
)]
#[get("/application")]
async fn show_application(
    applicant: Applicant,
    state: Data<State>,
) -> ApiResult<web::Json<ApplicationView>> {
    let id = applicant.agent_id;
    let application = state
        .read(move |conn| reports::application(conn, id))
        .await?;
    Ok(web::Json(
        application.ok_or(onboarding::Error::AgentNotFound)?.into(),
    ))
}

/// Save your profile.
#[utoipa::path(
    tag = "Application",
    security(("bearer" = ["applicant", "agent"])),
    request_body = ProfileBody,
    responses((status = 200, description = "As it is now", body = AgentView), Problems),
)]
#[put("/application/profile")]
async fn save_profile(
    applicant: Applicant,
    state: Data<State>,
    body: Json<ProfileBody>,
) -> ApiResult<web::Json<AgentView>> {
    let (id, db) = (applicant.agent_id, applicant.acting_db());
    let ProfileBody {
        display_name,
        time_zone,
        languages,
    } = body.0;
    let profile = ProfileInput {
        display_name,
        time_zone,
        languages: languages.into_iter().map(Into::into).collect(),
    };
    db.write("save_profile", move |tx| {
        workflows::save_profile(tx, id, &profile)
    })
    .await?;
    Ok(web::Json(agent_view(&state, id).await?))
}

/// Hand your application in for a decision.
#[utoipa::path(
    tag = "Application",
    security(("bearer" = ["applicant", "agent"])),
    responses((status = 200, description = "It waits for a decision", body = AgentView), Problems),
)]
#[post("/application/submission")]
async fn submit_application(
    applicant: Applicant,
    state: Data<State>,
) -> ApiResult<web::Json<AgentView>> {
    let (id, db) = (applicant.agent_id, applicant.acting_db());
    db.write("submit_application", move |tx| {
        workflows::submit_application(tx, id)
    })
    .await?;
    Ok(web::Json(agent_view(&state, id).await?))
}
