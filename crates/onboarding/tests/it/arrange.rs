//! Arranges what the tests begin with. Everything takes a `Tx`, so that it serves a sandbox and a
//! database of a test's own alike, and has names of its own, so that sandboxes never wait for each
//! other.

use chrono::{NaiveDate, TimeDelta};
use db::Tx;
use diesel::{PgConnection, QueryResult, QueryableByName, RunQueryDsl as _, sql_types};
use kernel::{AccountId, AgentId};
use onboarding::{
    Agent, Application, Confirmation, Error, Invitation, Paper, ProfileInput, QuestionInput,
    Requirement, SkillInput, Spoken,
};

/// Somebody who can sign in.
pub fn account(tx: &mut Tx<'_>) -> Result<AccountId, Error> {
    let id = AccountId::new();
    diesel::sql_query(format!(
        "INSERT INTO identity.accounts VALUES ('{}', '{id}@example.org', 'Somebody', 'x', \
         'applicant', 'active', now())",
        id.uuid(),
    ))
    .execute(tx.conn())?;
    Ok(id)
}

/// An invited customer, known to nobody else, who has an account.
pub fn application(tx: &mut Tx<'_>) -> Result<Application, Error> {
    let account_id = account(tx)?;
    Ok(Application {
        account_id,
        invitation: Invitation {
            customer_ref: format!("C-{account_id}"),
            tier: "gold".to_owned(),
            since: NaiveDate::from_ymd_opt(2019, 5, 1).unwrap(),
            country: "SE".to_owned(),
            household_ref: Some(format!("H-{account_id}")),
            email: None,
            expires_at: tx.now() + TimeDelta::days(14),
        },
        email: "Ada@Example.org ".to_owned(),
        display_name: " Ada ".to_owned(),
    })
}

/// An applicant who has done nothing yet.
pub fn applicant(tx: &mut Tx<'_>) -> Result<Agent, Error> {
    let application = application(tx)?;
    onboarding::apply(tx, &application)
}

pub fn profile() -> ProfileInput {
    ProfileInput {
        display_name: "Ada L.".to_owned(),
        time_zone: "Europe/Stockholm".to_owned(),
        languages: vec![
            Spoken::fluently("sv"),
            Spoken {
                code: "en".to_owned(),
                level: 5,
            },
        ],
    }
}

/// A skill with ten questions, of which all are asked. The right answer always begins with "yes".
pub fn skill_input() -> SkillInput {
    let question = |number| QuestionInput {
        prompt: format!("question {number}"),
        options: vec!["no a".to_owned(), "yes".to_owned(), "no b".to_owned()],
        correct: 2,
    };
    SkillInput {
        code: format!("skill-{}", AgentId::new().uuid().simple()),
        name: "Refunds".to_owned(),
        pass_mark: 70,
        questions_asked: 10,
        valid_days: 365,
        questions: (1..=10).map(question).collect(),
    }
}

/// The code of a new skill.
pub fn skill(tx: &mut Tx<'_>) -> Result<String, Error> {
    onboarding::save_skill(tx, &skill_input()).map(|skill| skill.code)
}

/// Answers to a paper, the first so many of them wrong.
pub fn answers(paper: &Paper, wrong: usize) -> Vec<i32> {
    let answer = |(index, question): (usize, &onboarding::PaperQuestion)| {
        let wanted = if index < wrong { "no" } else { "yes" };
        let place = question
            .options
            .iter()
            .position(|option| option.starts_with(wanted))
            .unwrap();
        i32::try_from(place + 1).unwrap()
    };
    paper.questions.iter().enumerate().map(answer).collect()
}

/// Passes an assessment with so many of ten answers wrong, up to three.
pub fn pass(tx: &mut Tx<'_>, id: AgentId, skill: &str, wrong: usize) -> Result<(), Error> {
    let paper = onboarding::start_attempt(tx, id, skill)?;
    let result = onboarding::submit_attempt(tx, id, paper.attempt_id, &answers(&paper, wrong))?;
    assert!(result.passed, "{result:?}");
    Ok(())
}

pub fn confirm_email(tx: &mut Tx<'_>, id: AgentId) -> Result<(), Error> {
    let letter = onboarding::send_email_code(tx, id)?;
    assert_eq!(
        onboarding::confirm_email(tx, id, &letter.code)?,
        Confirmation::Confirmed
    );
    Ok(())
}

/// Publishes an agreement, which the agent accepts.
pub fn agree(tx: &mut Tx<'_>, id: AgentId) -> Result<(), Error> {
    let agreement = onboarding::publish_agreement(tx, "Terms", "Be kind.", None)?;
    onboarding::accept_agreement(tx, id, agreement.version, &agreement.sha256_hex())
}

/// Fulfils all requirements but one.
pub fn fulfil_all_but(
    tx: &mut Tx<'_>,
    id: AgentId,
    left_out: Option<Requirement>,
) -> Result<(), Error> {
    for requirement in Requirement::ALL
        .iter()
        .filter(|one| Some(**one) != left_out)
    {
        match requirement {
            Requirement::Email => confirm_email(tx, id)?,
            Requirement::Profile => drop(onboarding::save_profile(tx, id, &profile())?),
            Requirement::Agreement => agree(tx, id)?,
            Requirement::Assessment => {
                let skill = skill(tx)?;
                pass(tx, id, &skill, 3)?;
            }
            Requirement::PayoutDetails => onboarding::payout_details_given(tx, id)?,
        }
    }
    Ok(())
}

/// Somebody whose application waits for a decision.
pub fn submitted(tx: &mut Tx<'_>) -> Result<Agent, Error> {
    let agent = applicant(tx)?;
    fulfil_all_but(tx, agent.id, None)?;
    onboarding::submit(tx, agent.id)
}

/// An agent who may work.
pub fn active(tx: &mut Tx<'_>) -> Result<Agent, Error> {
    let (agent, decider) = (submitted(tx)?, account(tx)?);
    onboarding::approve(tx, agent.id, decider, "All is well.")
}

/// An agent who may not work for now.
pub fn suspended(tx: &mut Tx<'_>) -> Result<Agent, Error> {
    let (agent, decider) = (active(tx)?, account(tx)?);
    onboarding::suspend(tx, agent.id, decider, "A complaint is looked into.")
}

/// Somebody who was turned down.
pub fn rejected(tx: &mut Tx<'_>) -> Result<Agent, Error> {
    let (agent, decider) = (submitted(tx)?, account(tx)?);
    onboarding::reject(tx, agent.id, decider, "Not this time.")
}

/// The one number that a statement of a test's own returns.
pub fn number(conn: &mut PgConnection, select: &str) -> QueryResult<i64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = sql_types::BigInt)]
        number: i64,
    }
    diesel::sql_query(format!("SELECT ({select})::bigint AS number"))
        .get_result::<Row>(conn)
        .map(|row| row.number)
}

/// The fields that an outcome finds fault with.
pub fn faults<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Vec<String> {
    match outcome {
        Err(Error::Invalid(invalid)) => invalid.fields.into_iter().map(|f| f.field).collect(),
        other => panic!("no faults: {other:?}"),
    }
}
