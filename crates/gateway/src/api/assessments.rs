//! Assessments: how an applicant or agent shows a skill.

use actix_web::{
    HttpResponse, post,
    web::{self, Path},
};
use chrono::{DateTime, Utc};
use kernel::AttemptId;
use onboarding::{AttemptResult, Paper, PaperQuestion, Skill, SkillGrant};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    extract::{Applicant, Json},
    problem::{ApiResult, Problems},
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(start_attempt).service(submit_answers);
}

/// A skill that an assessment can grant.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfferedSkillView {
    code: String,
    name: String,
    /// From how many of 100 points on the assessment is passed.
    pass_mark: i32,
    /// How many questions it asks.
    questions_asked: i32,
}

impl From<Skill> for OfferedSkillView {
    fn from(skill: Skill) -> Self {
        let Skill {
            code,
            name,
            pass_mark,
            questions_asked,
            ..
        } = skill;
        Self {
            code,
            name,
            pass_mark,
            questions_asked,
        }
    }
}

/// A skill that was granted.
#[derive(Debug, Serialize, ToSchema)]
pub struct GrantView {
    /// Its code.
    skill: String,
    /// 1 to 5.
    proficiency: i32,
    granted_at: DateTime<Utc>,
    valid_until: DateTime<Utc>,
}

impl From<SkillGrant> for GrantView {
    fn from(grant: SkillGrant) -> Self {
        let SkillGrant {
            skill,
            proficiency,
            granted_at,
            valid_until,
            ..
        } = grant;
        Self {
            skill,
            proficiency,
            granted_at,
            valid_until,
        }
    }
}

/// Which skill.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AttemptBody {
    /// Its code.
    skill: String,
}

/// The questions of an attempt.
#[derive(Debug, Serialize, ToSchema)]
struct AttemptView {
    id: AttemptId,
    skill: String,
    skill_name: String,
    /// Until when answers are taken.
    expires_at: DateTime<Utc>,
    pass_mark: i32,
    /// In the order in which answers are expected.
    questions: Vec<QuestionView>,
}

/// One question.
#[derive(Debug, Serialize, ToSchema)]
struct QuestionView {
    number: i32,
    prompt: String,
    /// Possible answers; the first is 1.
    options: Vec<String>,
}

impl From<PaperQuestion> for QuestionView {
    fn from(
        PaperQuestion {
            number,
            prompt,
            options,
        }: PaperQuestion,
    ) -> Self {
        Self {
            number,
            prompt,
            options,
        }
    }
}

impl From<Paper> for AttemptView {
    fn from(paper: Paper) -> Self {
        Self {
            id: paper.attempt_id,
            skill: paper.skill,
            skill_name: paper.skill_name,
            expires_at: paper.expires_at,
            pass_mark: paper.pass_mark,
            questions: paper.questions.into_iter().map(Into::into).collect(),
        }
    }
}

/// The answers to all questions.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AnswersBody {
    /// The number of an option for each question, in order.
    answers: Vec<i32>,
}

/// What came of the answers.
#[derive(Debug, Serialize, ToSchema)]
struct ResultView {
    passed: bool,
    /// 0 to 100.
    score: i32,
    pass_mark: i32,
    /// The skill, if it was passed.
    grant: Option<GrantView>,
}

impl From<AttemptResult> for ResultView {
    fn from(result: AttemptResult) -> Self {
        let AttemptResult {
            passed,
            score,
            pass_mark,
            grant,
        } = result;
        Self {
            passed,
            score,
            pass_mark,
            grant: grant.map(Into::into),
        }
    }
}

/// Start an assessment.
///
/// Who has an attempt open gets the same questions again.
#[utoipa::path(
    tag = "Application",
    security(("bearer" = ["applicant", "agent"])),
    request_body = AttemptBody,
    responses((status = 201, description = "The questions", body = AttemptView), Problems),
)]
#[post("/application/attempts")]
async fn start_attempt(applicant: Applicant, body: Json<AttemptBody>) -> ApiResult<HttpResponse> {
    let (id, skill, db) = (applicant.agent_id, body.0.skill, applicant.acting_db());
    let write = db.write("start_attempt", move |tx| {
        workflows::start_attempt(tx, id, &skill)
    });
    Ok(HttpResponse::Created().json(AttemptView::from(write.await?)))
}

/// Hand the answers in.
#[utoipa::path(
    tag = "Application",
    security(("bearer" = ["applicant", "agent"])),
    params(("attempt_id" = AttemptId, Path)),
    request_body = AnswersBody,
    responses((status = 200, description = "Passed or not", body = ResultView), Problems),
)]
#[post("/application/attempts/{attempt_id}/answers")]
async fn submit_answers(
    applicant: Applicant,
    attempt: Path<AttemptId>,
    body: Json<AnswersBody>,
) -> ApiResult<web::Json<ResultView>> {
    let (id, attempt, answers) = (applicant.agent_id, attempt.into_inner(), body.0.answers);
    let db = applicant.acting_db();
    let write = db.write("submit_attempt", move |tx| {
        workflows::submit_attempt(tx, id, attempt, &answers)
    });
    Ok(web::Json(write.await?.into()))
}
