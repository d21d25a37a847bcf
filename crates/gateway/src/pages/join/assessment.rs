//! An assessment: its questions, and what came of the answers.

use actix_web::{
    get, post,
    web::{Data, Path, ServiceConfig},
};
use askama::Template;
use kernel::{AgentId, AttemptId};
use onboarding::{Attempt, AttemptStatus, Paper, Requirement};
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
    paper: Paper,
    now: String,
    until: String,
    /// What was answered to each question; 0 for nothing yet.
    answers: Vec<i32>,
}

impl PaperPage {
    fn index(question: i32) -> usize {
        usize::try_from(question - 1).unwrap_or(0)
    }

    fn is_chosen(&self, question: &i32, option: &usize) -> bool {
        let chosen = self.answers.get(Self::index(*question)).copied();
        chosen.and_then(|number| usize::try_from(number).ok()) == Some(*option)
    }

    fn fault(&self, question: &i32) -> Option<String> {
        let field = format!("answers[{}]", Self::index(*question));
        let fault = self.faults.at(&field);
        fault.map(|_| "Please choose one of the answers.".to_owned())
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
        Seen::Paper(paper, clock) => html(&PaperPage {
            layout: layout.titled(&paper.skill_name),
            faults: Faults::default(),
            now: state.db.now().to_rfc3339(),
            until: clock.time(paper.expires_at),
            answers: Vec::new(),
            paper,
        }),
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
        given
            .and_then(|(_, value)| value.parse().ok())
            .unwrap_or(0)
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
    let page = PaperPage {
        layout: layout.titled(&paper.skill_name),
        now: state.db.now().to_rfc3339(),
        until: clock.time(paper.expires_at),
        answers,
        paper,
        faults,
    };
    html_with_status(page.faults.status(), &page)
}
