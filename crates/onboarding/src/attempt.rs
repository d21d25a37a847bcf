//! Tries at an assessment.

use chrono::{DateTime, TimeDelta, Utc};
use db::Tx;
use diesel::{
    Identifiable, Insertable, Queryable, Selectable,
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    serialize::{self, Output, ToSql},
    sql_types::Jsonb,
};
use kernel::{AgentId, AttemptId, Checks, random};
use serde::{Deserialize, Serialize};

use crate::{
    agent::ring_for,
    error::Error,
    requirement::Requirement,
    schema::attempts,
    skill::{Question, Skill, SkillGrant},
    store,
    text::seconds_until,
};

const TIME: TimeDelta = TimeDelta::minutes(30);
const TRIES: usize = 3;
const TRIES_WITHIN: TimeDelta = TimeDelta::hours(24);

kernel::text_enum! {
    /// What became of a try.
    pub AttemptStatus {
        /// The answers are awaited.
        Open = "open",
        /// Enough answers were right.
        Passed = "passed",
        /// Too few were.
        Failed = "failed",
        /// No answers came in time.
        Expired = "expired",
    }
}

/// One try at an assessment, without its questions.
#[derive(Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = attempts, check_for_backend(Pg))]
pub struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// Who tries.
    pub agent_id: AgentId,
    /// The skill's code.
    pub skill: String,
    /// From how many of 100 points on it is passed.
    pub pass_mark: i32,
    /// For how many days a pass is good.
    pub valid_days: i32,
    /// What became of it.
    pub status: AttemptStatus,
    /// When the questions were put.
    pub started_at: DateTime<Utc>,
    /// Until when answers are taken.
    pub expires_at: DateTime<Utc>,
    /// 0 to 100. Set if, and only if, answers were handed in.
    pub score: Option<i32>,
    /// When it was over. Set if, and only if, it is no longer open.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A try with its questions and the right answers: what the database holds.
#[derive(Clone, Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = attempts, check_for_backend(Pg))]
pub(crate) struct Sitting {
    #[diesel(embed)]
    pub(crate) attempt: Attempt,
    pub(crate) paper: Sheet,
}

/// The questions of a try in the order in which they are put, with the right answers.
#[derive(AsExpression, Clone, Debug, Deserialize, Eq, FromSqlRow, PartialEq, Serialize)]
#[diesel(sql_type = Jsonb)]
#[serde(transparent)]
pub(crate) struct Sheet(Vec<SheetQuestion>);

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct SheetQuestion {
    prompt: String,
    options: Vec<String>,
    correct: i32,
}

impl ToSql<Jsonb, Pg> for Sheet {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let json = serde_json::to_value(self)?;
        <serde_json::Value as ToSql<Jsonb, Pg>>::to_sql(&json, &mut out.reborrow())
    }
}

impl FromSql<Jsonb, Pg> for Sheet {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let json = <serde_json::Value as FromSql<Jsonb, Pg>>::from_sql(value)?;
        Ok(serde_json::from_value(json)?)
    }
}

impl Sheet {
    /// Picks `asked` questions at random, and puts them and their answers into a random order.
    fn draw(mut bank: Vec<Question>, asked: usize) -> Self {
        random::shuffle(&mut bank);
        bank.truncate(asked);
        Self(bank.into_iter().map(SheetQuestion::shuffled).collect())
    }

    /// Every question needs one of its options as the answer.
    fn check(&self, answers: &[i32]) -> Result<(), Error> {
        let mut checks = Checks::new();
        let count = self.0.len();
        if answers.len() != count {
            checks.fault("answers", format!("must be {count}, one for each question"));
        }
        for (index, (question, answer)) in self.0.iter().zip(answers).enumerate() {
            let known = usize::try_from(*answer)
                .is_ok_and(|number| (1..=question.options.len()).contains(&number));
            checks.check(
                &format!("answers[{index}]"),
                known,
                "must be one of the options",
            );
        }
        Ok(checks.done()?)
    }

    /// Right answers in a hundred, rounded down, so that 100 means all.
    fn score(&self, answers: &[i32]) -> i32 {
        let right = self
            .0
            .iter()
            .zip(answers)
            .filter(|(q, answer)| q.correct == **answer)
            .count();
        right
            .checked_mul(100)
            .and_then(|hundredfold| hundredfold.checked_div(self.0.len()))
            .and_then(|score| i32::try_from(score).ok())
            .unwrap_or(0)
    }
}

impl SheetQuestion {
    fn shuffled(question: Question) -> Self {
        let mut numbered: Vec<(i32, String)> = (1..).zip(question.options).collect();
        random::shuffle(&mut numbered);
        let correct = (1..)
            .zip(&numbered)
            .find_map(|(place, (number, _))| (*number == question.correct).then_some(place))
            .unwrap_or(0);
        let options = numbered.into_iter().map(|(_, option)| option).collect();
        Self {
            prompt: question.prompt,
            options,
            correct,
        }
    }
}

/// The questions as the agent sees them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Paper {
    /// The try it belongs to.
    pub attempt_id: AttemptId,
    /// The skill's code.
    pub skill: String,
    /// The skill's name.
    pub skill_name: String,
    /// Until when answers are taken.
    pub expires_at: DateTime<Utc>,
    /// From how many of 100 points on it is passed.
    pub pass_mark: i32,
    /// In the order in which answers are expected.
    pub questions: Vec<PaperQuestion>,
}

/// A question as the agent sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PaperQuestion {
    /// The first is 1.
    pub number: i32,
    /// What is asked.
    pub prompt: String,
    /// Possible answers; the first is 1.
    pub options: Vec<String>,
}

/// What came of the answers.
#[derive(Clone, Debug)]
#[must_use]
pub struct AttemptResult {
    /// Whether enough answers were right.
    pub passed: bool,
    /// 0 to 100.
    pub score: i32,
    /// From where on it is passed.
    pub pass_mark: i32,
    /// The skill, if it was passed.
    pub grant: Option<SkillGrant>,
}

impl Sitting {
    fn begin(agent_id: AgentId, skill: &Skill, bank: Vec<Question>, now: DateTime<Utc>) -> Self {
        let asked = usize::try_from(skill.questions_asked).unwrap_or(0);
        let attempt = Attempt {
            id: AttemptId::new(),
            agent_id,
            skill: skill.code.clone(),
            pass_mark: skill.pass_mark,
            valid_days: skill.valid_days,
            status: AttemptStatus::Open,
            started_at: now,
            expires_at: now + TIME,
            score: None,
            ended_at: None,
        };
        Self {
            attempt,
            paper: Sheet::draw(bank, asked),
        }
    }

    /// The questions without the right answers.
    pub(crate) fn into_paper(self, skill_name: String) -> Paper {
        let questions = (1..)
            .zip(self.paper.0)
            .map(|(number, q)| PaperQuestion {
                number,
                prompt: q.prompt,
                options: q.options,
            })
            .collect();
        Paper {
            attempt_id: self.attempt.id,
            skill: self.attempt.skill,
            skill_name,
            expires_at: self.attempt.expires_at,
            pass_mark: self.attempt.pass_mark,
            questions,
        }
    }

    /// Takes the answers, once and in time.
    fn mark(&mut self, answers: &[i32], now: DateTime<Utc>) -> Result<i32, Error> {
        match self.attempt.status {
            AttemptStatus::Open if now < self.attempt.expires_at => {}
            AttemptStatus::Open | AttemptStatus::Expired => return Err(Error::AttemptExpired),
            AttemptStatus::Passed | AttemptStatus::Failed => return Err(Error::AttemptEnded),
        }
        self.paper.check(answers)?;
        let score = self.paper.score(answers);
        let passed = score >= self.attempt.pass_mark;
        self.attempt.status = if passed {
            AttemptStatus::Passed
        } else {
            AttemptStatus::Failed
        };
        self.attempt.score = Some(score);
        self.attempt.ended_at = Some(now);
        Ok(score)
    }
}

impl Attempt {
    /// Ends a try whose time is over.
    fn expire(&mut self) {
        self.status = AttemptStatus::Expired;
        self.ended_at = Some(self.expires_at);
    }

    /// The skill that a passed try grants.
    fn grant(&self, score: i32, now: DateTime<Utc>) -> Option<SkillGrant> {
        (self.status == AttemptStatus::Passed).then(|| SkillGrant {
            agent_id: self.agent_id,
            skill: self.skill.clone(),
            proficiency: proficiency(score),
            attempt_id: self.id,
            granted_at: now,
            valid_until: now + TimeDelta::days(i64::from(self.valid_days)),
        })
    }
}

/// How well a skill is known after a pass with this score.
fn proficiency(score: i32) -> i32 {
    match score {
        100.. => 5,
        90..100 => 4,
        _ => 3,
    }
}

/// Refuses the try after three that began within a day; `started` has the latest first.
fn check_tries(started: &[DateTime<Utc>], now: DateTime<Utc>) -> Result<(), Error> {
    let Some(third) = started.get(TRIES - 1) else {
        return Ok(());
    };
    let next = *third + TRIES_WITHIN;
    if now < next {
        return Err(Error::TooManyAttempts {
            retry_after_seconds: seconds_until(next, now),
        });
    }
    Ok(())
}

/// Puts the questions of an assessment to an applicant or active agent. Who has an attempt open
/// gets the same questions again.
pub fn start_attempt(tx: &mut Tx<'_>, id: AgentId, skill: &str) -> Result<Paper, Error> {
    let agent = store::lock_agent(tx, id)?.ok_or(Error::AgentNotFound)?;
    agent.check_editable()?;
    let skill = store::share_skill(tx, skill)?.ok_or(Error::SkillNotFound)?;
    if let Some(mut open) = store::find_open_sitting(tx, id, &skill.code)? {
        if tx.now() < open.attempt.expires_at {
            return Ok(open.into_paper(skill.name));
        }
        open.attempt.expire();
        store::update_attempt(tx, &open.attempt)?;
    }
    check_tries(&store::list_starts(tx, id, &skill.code, TRIES)?, tx.now())?;
    let bank = store::list_questions(tx, &skill.code)?;
    let sitting = Sitting::begin(id, &skill, bank, tx.now());
    store::insert_sitting(tx, &sitting)?;
    Ok(sitting.into_paper(skill.name))
}

/// Takes the answers to all questions of an open attempt: the number of an option for each, in
/// order. A pass grants the skill.
pub fn submit_attempt(
    tx: &mut Tx<'_>,
    id: AgentId,
    attempt: AttemptId,
    answers: &[i32],
) -> Result<AttemptResult, Error> {
    let agent = store::lock_agent(tx, id)?.ok_or(Error::AgentNotFound)?;
    agent.check_editable()?;
    let mut sitting = store::find_sitting(tx, id, attempt)?.ok_or(Error::AttemptNotFound)?;
    let score = sitting.mark(answers, tx.now())?;
    let Sitting { attempt, .. } = sitting;
    store::update_attempt(tx, &attempt)?;
    let grant = attempt.grant(score, tx.now());
    if let Some(grant) = &grant {
        store::upsert_grant(tx, grant)?;
        store::insert_fulfilment(tx, id, Requirement::Assessment)?;
        ring_for(tx, &agent);
    }
    Ok(AttemptResult {
        passed: grant.is_some(),
        score,
        pass_mark: attempt.pass_mark,
        grant,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bank(size: i32) -> Vec<Question> {
        let question = |number| Question {
            skill: "refunds".to_owned(),
            number,
            prompt: format!("question {number}"),
            options: (1..=4)
                .map(|option| format!("answer {number}.{option}"))
                .collect(),
            correct: 1 + number % 4,
        };
        (1..=size).map(question).collect()
    }

    fn right_answers(sheet: &Sheet) -> Vec<i32> {
        sheet.0.iter().map(|question| question.correct).collect()
    }

    #[test]
    fn proficiency_grows_with_the_score() {
        assert_eq!([60, 89, 90, 99, 100].map(proficiency), [3, 3, 4, 4, 5]);
    }

    #[test]
    fn questions_and_answers_come_in_different_orders() {
        let sheets: Vec<_> = (0..20).map(|_| Sheet::draw(bank(20), 20)).collect();
        let prompts = |sheet: &Sheet| sheet.0.iter().map(|q| q.prompt.clone()).collect::<Vec<_>>();
        assert!(
            sheets
                .iter()
                .any(|sheet| prompts(sheet) != prompts(&sheets[0]))
        );
        let place = |sheet: &Sheet| {
            sheet
                .0
                .iter()
                .find(|q| q.prompt == "question 1")
                .map(|q| q.correct)
        };
        assert!(sheets.iter().any(|sheet| place(sheet) != place(&sheets[0])));
    }

    #[test]
    fn a_fourth_try_waits_until_the_first_of_three_is_a_day_old() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(2);
        let hours_ago = |hours| now - TimeDelta::hours(hours);
        assert!(check_tries(&[hours_ago(1), hours_ago(2)], now).is_ok());
        assert!(check_tries(&[hours_ago(1), hours_ago(2), hours_ago(24)], now).is_ok());
        let refused = check_tries(&[hours_ago(1), hours_ago(2), hours_ago(23)], now);
        assert!(
            matches!(
                refused,
                Err(Error::TooManyAttempts {
                    retry_after_seconds: 3600
                })
            ),
            "{refused:?}",
        );
    }

    proptest! {
        #[test]
        fn a_sheet_is_drawn_from_the_bank_without_repeats_and_with_the_right_answers(
            size in 1..60_i32, asked in 1..60_usize,
        ) {
            let bank = bank(size);
            let sheet = Sheet::draw(bank.clone(), asked);
            prop_assert_eq!(sheet.0.len(), asked.min(bank.len()));
            let mut seen = std::collections::BTreeSet::new();
            for drawn in &sheet.0 {
                let original = bank.iter().find(|q| q.prompt == drawn.prompt).unwrap();
                prop_assert!(seen.insert(original.number), "{} is asked twice", drawn.prompt);
                let right = |options: &[String], correct: i32| {
                    options[usize::try_from(correct - 1).unwrap()].clone()
                };
                prop_assert_eq!(
                    right(&drawn.options, drawn.correct),
                    right(&original.options, original.correct)
                );
            }
        }

        #[test]
        fn the_score_is_the_share_of_right_answers(
            asked in 1..=50_usize, wrong in proptest::collection::vec(any::<bool>(), 50),
        ) {
            let sheet = Sheet::draw(bank(50), asked);
            let mut answers = right_answers(&sheet);
            for (answer, wrong) in answers.iter_mut().zip(&wrong) {
                if *wrong {
                    *answer = *answer % 4 + 1;
                }
            }
            let right = wrong.iter().take(asked).filter(|wrong| !**wrong).count();
            prop_assert!(sheet.check(&answers).is_ok());
            prop_assert_eq!(sheet.score(&answers), i32::try_from(right * 100 / asked).unwrap());
            prop_assert_eq!(sheet.score(&answers) == 100, right == asked);
        }

        #[test]
        fn a_sheet_survives_the_database_form(size in 1..20_i32) {
            let sheet = Sheet::draw(bank(size), 20);
            let json = serde_json::to_value(&sheet).unwrap();
            prop_assert_eq!(serde_json::from_value::<Sheet>(json).unwrap(), sheet);
        }
    }
}
