//! Skills, the questions that test them, and who has them.

use chrono::{DateTime, Utc};
use db::Tx;
use diesel::{AsChangeset, Identifiable, Insertable, Queryable, Selectable};
use kernel::{AgentId, AttemptId, Checks};

use crate::{
    error::Error,
    schema::{questions, skill_grants, skills},
    store,
    text::check_line,
};

/// There are at most so many skills, so that all can be listed.
pub const SKILL_LIMIT: i64 = 100;
/// A bank holds at most so many questions.
const BANK: usize = 1_000;
/// An assessment asks at most so many.
const ASKED: i32 = 50;

/// What an assessment tests and routing asks for.
#[derive(AsChangeset, Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(table_name = skills, primary_key(code), check_for_backend(diesel::pg::Pg))]
pub struct Skill {
    /// The name that programs use.
    pub code: String,
    /// The name that people read.
    pub name: String,
    /// From how many of 100 points on an assessment is passed.
    pub pass_mark: i32,
    /// How many questions of the bank an assessment asks.
    pub questions_asked: i32,
    /// For how many days a pass is good.
    pub valid_days: i32,
    /// When skill or bank were last changed.
    pub updated_at: DateTime<Utc>,
}

/// A question of a skill's bank.
#[derive(Clone, Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = questions, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Question {
    pub(crate) skill: String,
    pub(crate) number: i32,
    pub(crate) prompt: String,
    pub(crate) options: Vec<String>,
    pub(crate) correct: i32,
}

/// A skill that an agent has shown.
#[derive(AsChangeset, Clone, Debug, Eq, Insertable, PartialEq, Queryable, Selectable)]
#[diesel(table_name = skill_grants, check_for_backend(diesel::pg::Pg))]
pub struct SkillGrant {
    /// Whose it is.
    pub agent_id: AgentId,
    /// The skill's code.
    pub skill: String,
    /// 1 to 5; an assessment grants 3 or more.
    pub proficiency: i32,
    /// The latest attempt that was passed.
    pub attempt_id: AttemptId,
    /// When it was passed.
    pub granted_at: DateTime<Utc>,
    /// Until when it is good.
    pub valid_until: DateTime<Utc>,
}

/// A skill with its whole bank of questions.
#[derive(Clone, Debug)]
pub struct SkillInput {
    /// The name that programs use: `a-z`, `0-9`, `-`, `_`, `.`.
    pub code: String,
    /// The name that people read.
    pub name: String,
    /// From how many of 100 points on an assessment is passed.
    pub pass_mark: i32,
    /// How many questions of the bank an assessment asks, 1 to 50.
    pub questions_asked: i32,
    /// For how many days a pass is good.
    pub valid_days: i32,
    /// At least as many as are asked.
    pub questions: Vec<QuestionInput>,
}

/// A question with its possible answers.
#[derive(Clone, Debug)]
pub struct QuestionInput {
    /// What is asked.
    pub prompt: String,
    /// Two to six different answers.
    pub options: Vec<String>,
    /// Which of them is right; the first is 1.
    pub correct: i32,
}

impl SkillInput {
    fn check(&self) -> Result<(), Error> {
        let mut checks = Checks::new();
        checks.code("code", &self.code);
        check_line(&mut checks, "name", &self.name, 100);
        checks
            .check(
                "pass_mark",
                (1..=100).contains(&self.pass_mark),
                "must be 1 to 100",
            )
            .check(
                "questions_asked",
                (1..=ASKED).contains(&self.questions_asked),
                "must be 1 to 50",
            )
            .check(
                "valid_days",
                (1..=3650).contains(&self.valid_days),
                "must be 1 to 3650",
            );
        let asked = usize::try_from(self.questions_asked).unwrap_or(0);
        checks.check(
            "questions",
            (asked..=BANK).contains(&self.questions.len()),
            "must be at least as many as are asked, and at most 1000",
        );
        for (index, question) in self.questions.iter().take(BANK).enumerate() {
            question.check(&mut checks, index);
        }
        Ok(checks.done()?)
    }
}

impl QuestionInput {
    fn check(&self, checks: &mut Checks, index: usize) {
        let field = |name: &str| format!("questions[{index}].{name}");
        checks.text(&field("prompt"), &self.prompt, 1, 1000);
        let count = self.options.len();
        if !(2..=6).contains(&count) {
            checks.fault(&field("options"), "must be 2 to 6 answers");
            return;
        }
        for (number, option) in self.options.iter().enumerate() {
            let name = format!("options[{number}]");
            checks.text(&field(&name), option, 1, 500);
            let twice = self
                .options
                .iter()
                .take(number)
                .any(|other| other.trim() == option.trim());
            checks.check(&field(&name), !twice, "must differ from the other answers");
        }
        let right = usize::try_from(self.correct).is_ok_and(|one| (1..=count).contains(&one));
        checks.check(
            &field("correct"),
            right,
            "must be the number of an answer, from 1 on",
        );
    }

    fn to_question(&self, skill: &str, number: i32) -> Question {
        Question {
            skill: skill.to_owned(),
            number,
            prompt: self.prompt.trim().to_owned(),
            options: self
                .options
                .iter()
                .map(|option| option.trim().to_owned())
                .collect(),
            correct: self.correct,
        }
    }
}

/// Creates or changes a skill and replaces its bank of questions. Attempts that have begun keep
/// the questions they were given.
pub fn save_skill(tx: &mut Tx<'_>, input: &SkillInput) -> Result<Skill, Error> {
    input.check()?;
    let known = store::list_skill_codes(tx)?;
    if !known.contains(&input.code) && i64::try_from(known.len()).is_ok_and(|n| n >= SKILL_LIMIT) {
        return Err(Error::SkillLimit);
    }
    let skill = Skill {
        code: input.code.clone(),
        name: input.name.trim().to_owned(),
        pass_mark: input.pass_mark,
        questions_asked: input.questions_asked,
        valid_days: input.valid_days,
        updated_at: tx.now(),
    };
    let bank: Vec<_> = (1..)
        .zip(&input.questions)
        .map(|(number, q)| q.to_question(&skill.code, number))
        .collect();
    // The skill comes first: its row is what two writers, or a writer and an attempt, wait for.
    store::upsert_skill(tx, &skill)?;
    store::replace_questions(tx, &skill.code, &bank)?;
    Ok(skill)
}
