//! An assessment: its questions, and what came of the answers.

use actix_web::{
    get, post,
    web::{Data, Path, ServiceConfig},
};
use askama::Template;
use chrono::{DateTime, Utc};
use kernel::{AgentId, AttemptId};
use onboarding::{Attempt, AttemptStatus, Paper, PaperQuestion, Requirement};
use serde::Deserialize;

use super::{
    super::{Faults, Layout, PageResult, html, html_with_status, see_other, wording::Clock},
    checklist::{Typed, show},
};
use crate::{
    extract::{Applicant, Form},
    problem::ApiError,
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(start)
        .service(assessment_page)
        .service(hand_in);
}

#[derive(Template)]
#[template(path = "join/paper.html")]
struct PaperPage {
    layout: Layout,
    faults: Faults,
    skill: String,
    pass_mark: i32,
    expires_at: String,
    now: String,
    until: String,
    questions: Vec<Question>,
}

/// A question, and what was answered so far.
struct Question {
    number: i32,
    prompt: String,
    options: Vec<Choice>,
    is_missing: bool,
}

/// A possible answer.
struct Choice {
    text: String,
    is_chosen: bool,
}

impl PaperPage {
    /// The paper without any answers yet.
    fn new(layout: Layout, paper: Paper, clock: Clock, now: DateTime<Utc>) -> Self {
        let choice = |text| Choice {
            text,
            is_chosen: false,
        };
        let question = |question: PaperQuestion| Question {
            number: question.number,
            prompt: question.prompt,
            options: question.options.into_iter().map(choice).collect(),
            is_missing: false,
        };
        Self {
            layout: layout.titled(&paper.skill_name),
            faults: Faults::default(),
            skill: paper.skill_name,
            pass_mark: paper.pass_mark,
            expires_at: paper.expires_at.to_rfc3339(),
            now: now.to_rfc3339(),
            until: clock.time(paper.expires_at),
            questions: paper.questions.into_iter().map(question).collect(),
        }
    }

    /// The same with what was answered, and what is wrong with it.
    fn answered(mut self, answers: &[i32], faults: Faults) -> Self {
        for (index, (question, answer)) in self.questions.iter_mut().zip(answers).enumerate() {
            question.is_missing = faults.at(&format!("answers[{index}]")).is_some();
            for (number, option) in (1..).zip(&mut question.options) {
                option.is_chosen = number == *answer;
            }
        }
        Self { faults, ..self }
    }
}

#[derive(Template)]
#[template(path = "join/result.html")]
struct ResultPage {
    layout: Layout,
    skill: String,
    attempt: Attempt,
}

fn path_of(attempt: AttemptId) -> String {
    format!("/join/assessments/{attempt}")
}

#[derive(Deserialize)]
struct SkillForm {
    skill: String,
}

#[post("/join/assessments")]
async fn start(
    applicant: Applicant,
    state: Data<State>,
    layout: Layout,
    form: Form<SkillForm>,
) -> PageResult {
    let (id, skill, db) = (applicant.agent_id, form.0.skill, applicant.acting_db());
    let write = db.write("start_attempt", move |tx| {
        workflows::start_attempt(tx, id, &skill)
    });
    match write.await {
        Ok(paper) => Ok(see_other(&path_of(paper.attempt_id))),
        Err(refusal) => {
            let typed = Typed {
                step: Some(Requirement::Assessment),
                faults: Faults::of(refusal)?,
                ..Typed::default()
            };
            show(&state, layout, id, typed).await
        }
    }
}

/// What there is to see of an attempt.
enum Seen {
    Paper(Paper, Clock),
    Result(Attempt, String),
}

async fn look(state: &State, agent: AgentId, id: AttemptId) -> Result<Seen, ApiError> {
    let read = state.read(move |conn| {
        if let Some(paper) = onboarding::open_paper(conn, agent, id)? {
            let time_zone = onboarding::agent(conn, agent)?.and_then(|agent| agent.time_zone);
            return Ok(Some(Seen::Paper(paper, Clock::of(time_zone.as_deref()))));
        }
        let attempts = onboarding::attempts(conn, agent)?;
        let Some(attempt) = attempts.into_iter().find(|attempt| attempt.id == id) else {
            return Ok(None);
        };
        let skills = onboarding::skills(conn)?;
        let skill = skills.into_iter().find(|skill| skill.code == attempt.skill);
        let name = skill.map_or_else(|| attempt.skill.clone(), |skill| skill.name);
        Ok(Some(Seen::Result(attempt, name)))
    });
    Ok(read.await?.ok_or(onboarding::Error::AttemptNotFound)?)
}

#[get("/join/assessments/{attempt}")]
async fn assessment_page(
    applicant: Applicant,
    state: Data<State>,
    layout: Layout,
    attempt: Path<AttemptId>,
) -> PageResult {
    match look(&state, applicant.agent_id, attempt.into_inner()).await? {
        Seen::Paper(paper, clock) => html(&PaperPage::new(layout, paper, clock, state.db.now())),
        Seen::Result(attempt, skill) => html(&ResultPage {
            layout: layout.titled(&skill),
            skill,
            attempt,
        }),
    }
}

/// The answers in the order of the questions: `answer-1`, `answer-2`, … Where one is missing it is
/// 0, which the rules refuse by name.
fn answers_of(paper: &Paper, pairs: &[(String, String)]) -> Vec<i32> {
    let answer = |number: i32| {
        let name = format!("answer-{number}");
        let given = pairs.iter().find(|(field, _)| *field == name);
        given.and_then(|(_, value)| value.parse().ok()).unwrap_or(0)
    };
    paper.questions.iter().map(|q| answer(q.number)).collect()
}

#[post("/join/assessments/{attempt}")]
async fn hand_in(
    applicant: Applicant,
    state: Data<State>,
    layout: Layout,
    attempt: Path<AttemptId>,
    form: Form<Vec<(String, String)>>,
) -> PageResult {
    let (agent, id) = (applicant.agent_id, attempt.into_inner());
    // Handed in before, by a second click: the result stands.
    let Seen::Paper(paper, clock) = look(&state, agent, id).await? else {
        return Ok(see_other(&path_of(id)));
    };
    let answers = answers_of(&paper, &form.0);
    let given = answers.clone();
    let db = applicant.acting_db();
    let write = db.write("submit_attempt", move |tx| {
        workflows::submit_attempt(tx, agent, id, &given)
    });
    let faults = match write.await {
        Ok(_) => return Ok(see_other(&path_of(id))),
        Err(refusal) => Faults::of(refusal)?,
    };
    let page = PaperPage::new(layout, paper, clock, state.db.now()).answered(&answers, faults);
    html_with_status(page.faults.status(), &page)
}
