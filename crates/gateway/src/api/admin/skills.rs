//! Skills and the questions that test them.

use actix_web::{
    put,
    web::{self, Path},
};
use chrono::{DateTime, Utc};
use onboarding::{QuestionInput, Skill, SkillInput};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    extract::{Admin, Json},
    problem::{ApiResult, Problems},
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(save_skill);
}

/// A skill with its whole bank of questions.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SkillBody {
    name: String,
    /// From how many of 100 points on an assessment is passed.
    pass_mark: i32,
    /// How many questions of the bank an assessment asks, 1 to 50.
    questions_asked: i32,
    /// For how many days a pass is good.
    valid_days: i32,
    /// At least as many as are asked.
    questions: Vec<BankQuestionBody>,
}

/// A question with its possible answers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BankQuestionBody {
    prompt: String,
    /// Two to six.
    options: Vec<String>,
    /// Which of them is right; the first is 1.
    correct: i32,
}

impl From<BankQuestionBody> for QuestionInput {
    fn from(
        BankQuestionBody {
            prompt,
            options,
            correct,
        }: BankQuestionBody,
    ) -> Self {
        Self {
            prompt,
            options,
            correct,
        }
    }
}

impl SkillBody {
    fn called(self, code: String) -> SkillInput {
        let Self {
            name,
            pass_mark,
            questions_asked,
            valid_days,
            questions,
        } = self;
        let questions = questions.into_iter().map(Into::into).collect();
        SkillInput {
            code,
            name,
            pass_mark,
            questions_asked,
            valid_days,
            questions,
        }
    }
}

/// A skill, without its questions.
#[derive(Debug, Serialize, ToSchema)]
struct SkillView {
    code: String,
    name: String,
    pass_mark: i32,
    questions_asked: i32,
    valid_days: i32,
    updated_at: DateTime<Utc>,
}

impl From<Skill> for SkillView {
    fn from(skill: Skill) -> Self {
        let Skill {
            code,
            name,
            pass_mark,
            questions_asked,
            valid_days,
            updated_at,
        } = skill;
        Self {
            code,
            name,
            pass_mark,
            questions_asked,
            valid_days,
            updated_at,
        }
    }
}

/// Make a skill, or change the one with this code.
///
/// The bank is replaced as a whole; attempts that have begun keep the questions they were given.
#[utoipa::path(
    tag = "Administration",
    security(("bearer" = ["admin"])),
    params(("code" = String, Path)),
    request_body = SkillBody,
    responses((status = 200, description = "As it is now", body = SkillView), Problems),
)]
#[put("/admin/skills/{code}")]
async fn save_skill(
    caller: Admin,
    code: Path<String>,
    body: Json<SkillBody>,
) -> ApiResult<web::Json<SkillView>> {
    let (input, db) = (body.0.called(code.into_inner()), caller.acting_db());
    let skill = db
        .write("save_skill", move |tx| workflows::save_skill(tx, &input))
        .await?;
    Ok(web::Json(skill.into()))
}
