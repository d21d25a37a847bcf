//! Skills, their questions, and tries at them.

use chrono::TimeDelta;
use db::testing::{Sandbox, sandbox};
use kernel::{AgentId, AttemptId, Class, Classify as _};
use onboarding::{
    AttemptResult, AttemptStatus, Error, Paper, QuestionInput, SKILL_LIMIT, SkillInput,
};

use crate::arrange::{self, answers, faults};

fn start(sandbox: &mut Sandbox, id: AgentId, skill: &str) -> Result<Paper, Error> {
    sandbox.write(|tx| onboarding::start_attempt(tx, id, skill))
}

fn hand_in(
    sandbox: &mut Sandbox,
    id: AgentId,
    paper: &Paper,
    answers: &[i32],
) -> Result<AttemptResult, Error> {
    sandbox.write(|tx| onboarding::submit_attempt(tx, id, paper.attempt_id, answers))
}

fn applicant_and_skill() -> (Sandbox, AgentId, String) {
    let mut sandbox = sandbox();
    let skill = sandbox.write(arrange::skill).unwrap();
    let id = sandbox.write(arrange::applicant).unwrap().id;
    (sandbox, id, skill)
}

#[test]
fn every_fault_of_a_skill_is_named() {
    let mut sandbox = sandbox();
    let question = |options: &[&str], correct| QuestionInput {
        prompt: "?".to_owned(),
        options: options.iter().map(|&option| option.to_owned()).collect(),
        correct,
    };
    let unsound = SkillInput {
        code: "Refunds!".to_owned(),
        name: String::new(),
        pass_mark: 0,
        questions_asked: 51,
        valid_days: 3651,
        questions: vec![
            question(&["a"], 1),
            question(&["a", "b", "a "], 1),
            question(&["a", ""], 3),
            question(&["a", "b"], 0),
        ],
    };
    assert_eq!(
        faults(sandbox.write(|tx| onboarding::save_skill(tx, &unsound))),
        [
            "code",
            "name",
            "pass_mark",
            "questions_asked",
            "valid_days",
            "questions",
            "questions[0].options",
            "questions[1].options[2]",
            "questions[2].options[1]",
            "questions[2].correct",
            "questions[3].correct",
        ],
    );
}

#[test]
fn a_bank_has_at_least_as_many_questions_as_are_asked() {
    let mut sandbox = sandbox();
    let mut input = arrange::skill_input();
    input.questions.pop();
    assert_eq!(
        faults(sandbox.write(|tx| onboarding::save_skill(tx, &input))),
        ["questions"]
    );
    input.questions_asked = 9;
    sandbox
        .write(|tx| onboarding::save_skill(tx, &input))
        .unwrap();
}

#[test]
fn saving_a_skill_again_replaces_it_and_its_bank() {
    let (mut sandbox, id, skill) = applicant_and_skill();
    let mut input = arrange::skill_input();
    input.code.clone_from(&skill);
    input.name = "Returns".to_owned();
    input.questions_asked = 1;
    input.questions.truncate(1);
    sandbox
        .write(|tx| onboarding::save_skill(tx, &input))
        .unwrap();
    let skills = sandbox.read(onboarding::skills).unwrap();
    assert_eq!(
        skills
            .iter()
            .filter(|one| one.code == skill && one.name == "Returns")
            .count(),
        1
    );
    assert_eq!(start(&mut sandbox, id, &skill).unwrap().questions.len(), 1);
}

#[test]
fn there_is_an_end_to_the_number_of_skills() {
    let mut sandbox = sandbox();
    let one = sandbox.write(arrange::skill).unwrap();
    sandbox.sql(&format!(
        "INSERT INTO onboarding.skills SELECT 'z' || gen_random_uuid(), 'n', 1, 1, 1, now() \
         FROM generate_series(2, {SKILL_LIMIT})",
    ));
    let outcome = sandbox.write(arrange::skill);
    assert!(matches!(outcome, Err(Error::SkillLimit)), "{outcome:?}");
    let change = SkillInput {
        code: one,
        ..arrange::skill_input()
    };
    sandbox
        .write(|tx| onboarding::save_skill(tx, &change))
        .expect("a known one can be changed");
}

#[test]
fn a_paper_asks_all_it_should_and_can_be_read_again() {
    let (mut sandbox, id, skill) = applicant_and_skill();
    let paper = start(&mut sandbox, id, &skill).unwrap();
    assert_eq!(
        (paper.skill.as_str(), paper.skill_name.as_str()),
        (skill.as_str(), "Refunds")
    );
    assert_eq!(paper.expires_at, sandbox.now + TimeDelta::minutes(30));
    let numbers: Vec<_> = paper
        .questions
        .iter()
        .map(|question| question.number)
        .collect();
    assert_eq!(numbers, (1..=10).collect::<Vec<_>>());

    sandbox.now += TimeDelta::minutes(29);
    let again = start(&mut sandbox, id, &skill).unwrap();
    assert_eq!(
        (again.attempt_id, &again.questions),
        (paper.attempt_id, &paper.questions)
    );
    let read = sandbox
        .read(|conn| onboarding::open_paper(conn, id, paper.attempt_id))
        .unwrap();
    assert_eq!(read.unwrap(), again);
}

#[test]
fn a_paper_is_its_agents_alone() {
    let (mut sandbox, id, skill) = applicant_and_skill();
    let paper = start(&mut sandbox, id, &skill).unwrap();
    let other = sandbox.write(arrange::applicant).unwrap().id;
    let read = sandbox
        .read(|conn| onboarding::open_paper(conn, other, paper.attempt_id))
        .unwrap();
    assert!(read.is_none());
    let outcome = hand_in(&mut sandbox, other, &paper, &answers(&paper, 0));
    assert!(
        matches!(outcome, Err(Error::AttemptNotFound)),
        "{outcome:?}"
    );
    let unknown = sandbox.write(|tx| onboarding::submit_attempt(tx, id, AttemptId::new(), &[]));
    assert!(
        matches!(unknown, Err(Error::AttemptNotFound)),
        "{unknown:?}"
    );
}

#[test]
fn a_pass_grants_the_skill_as_well_as_it_is_known() {
    for (wrong, score, proficiency) in [(3, 70, 3), (2, 80, 3), (1, 90, 4), (0, 100, 5)] {
        let (mut sandbox, id, skill) = applicant_and_skill();
        let paper = start(&mut sandbox, id, &skill).unwrap();
        let result = hand_in(&mut sandbox, id, &paper, &answers(&paper, wrong)).unwrap();
        assert_eq!(
            (result.passed, result.score, result.pass_mark),
            (true, score, 70)
        );
        let grant = result.grant.unwrap();
        assert_eq!(grant.proficiency, proficiency);
        assert_eq!(grant.valid_until, sandbox.now + TimeDelta::days(365));
        let stored = sandbox.read(|conn| onboarding::grants(conn, id)).unwrap();
        assert_eq!(stored.len(), 1);
        assert_eq!(
            (stored[0].attempt_id, stored[0].proficiency),
            (paper.attempt_id, proficiency)
        );
        assert!(
            sandbox
                .read(|conn| onboarding::open_paper(conn, id, paper.attempt_id))
                .unwrap()
                .is_none()
        );
    }
}

#[test]
fn too_many_wrong_answers_grant_nothing() {
    let (mut sandbox, id, skill) = applicant_and_skill();
    let paper = start(&mut sandbox, id, &skill).unwrap();
    let result = hand_in(&mut sandbox, id, &paper, &answers(&paper, 4)).unwrap();
    assert_eq!(
        (result.passed, result.score, result.grant),
        (false, 60, None)
    );
    assert!(
        sandbox
            .read(|conn| onboarding::grants(conn, id))
            .unwrap()
            .is_empty()
    );
    let attempts = sandbox.read(|conn| onboarding::attempts(conn, id)).unwrap();
    assert_eq!(attempts.len(), 1);
    assert_eq!(
        (attempts[0].status, attempts[0].score),
        (AttemptStatus::Failed, Some(60))
    );
    let checklist = sandbox
        .read(|conn| onboarding::checklist(conn, id))
        .unwrap();
    assert!(checklist.iter().all(|item| item.fulfilled_at.is_none()));
}

#[test]
fn every_question_must_be_answered_with_one_of_its_options() {
    let (mut sandbox, id, skill) = applicant_and_skill();
    let paper = start(&mut sandbox, id, &skill).unwrap();
    let mut given = answers(&paper, 0);
    (given[2], given[7]) = (0, 4);
    assert_eq!(
        faults(hand_in(&mut sandbox, id, &paper, &given)),
        ["answers[2]", "answers[7]"]
    );
    for count in [0, 9] {
        assert_eq!(
            faults(hand_in(
                &mut sandbox,
                id,
                &paper,
                &answers(&paper, 0)[..count]
            )),
            ["answers"]
        );
    }
    let eleven = [answers(&paper, 0), vec![1]].concat();
    assert_eq!(
        faults(hand_in(&mut sandbox, id, &paper, &eleven)),
        ["answers"]
    );
    assert!(
        hand_in(&mut sandbox, id, &paper, &answers(&paper, 0))
            .unwrap()
            .passed
    );
}

#[test]
fn a_result_stands() {
    let (mut sandbox, id, skill) = applicant_and_skill();
    let paper = start(&mut sandbox, id, &skill).unwrap();
    let failed = hand_in(&mut sandbox, id, &paper, &answers(&paper, 10)).unwrap();
    assert!(!failed.passed);
    let again = hand_in(&mut sandbox, id, &paper, &answers(&paper, 0));
    assert!(matches!(again, Err(Error::AttemptEnded)), "{again:?}");
}

#[test]
fn answers_that_come_late_do_not_count_and_a_new_try_begins() {
    let (mut sandbox, id, skill) = applicant_and_skill();
    let paper = start(&mut sandbox, id, &skill).unwrap();
    sandbox.now += TimeDelta::minutes(30);
    let late = hand_in(&mut sandbox, id, &paper, &answers(&paper, 0));
    assert!(matches!(late, Err(Error::AttemptExpired)), "{late:?}");

    let second = start(&mut sandbox, id, &skill).unwrap();
    assert_ne!(second.attempt_id, paper.attempt_id);
    let attempts = sandbox.read(|conn| onboarding::attempts(conn, id)).unwrap();
    let states: Vec<_> = attempts
        .iter()
        .map(|attempt| (attempt.id, attempt.status))
        .collect();
    assert_eq!(
        states,
        [
            (second.attempt_id, AttemptStatus::Open),
            (paper.attempt_id, AttemptStatus::Expired)
        ],
    );
    let late = hand_in(&mut sandbox, id, &paper, &answers(&paper, 0));
    assert!(matches!(late, Err(Error::AttemptExpired)), "{late:?}");
}

#[test]
fn a_skill_is_tried_three_times_a_day_at_most() {
    let (mut sandbox, id, skill) = applicant_and_skill();
    for _ in 0..3 {
        let paper = start(&mut sandbox, id, &skill).unwrap();
        let _ = hand_in(&mut sandbox, id, &paper, &answers(&paper, 10)).unwrap();
        sandbox.now += TimeDelta::hours(1);
    }
    let error = start(&mut sandbox, id, &skill).unwrap_err();
    assert_eq!(error.class(), Class::RateLimited);
    assert_eq!(error.retry_after_seconds(), Some(21 * 3600));
    let another = sandbox.write(arrange::skill).unwrap();
    start(&mut sandbox, id, &another).expect("another skill has tries of its own");

    sandbox.now += TimeDelta::hours(21);
    start(&mut sandbox, id, &skill).expect("the first try is a day old");
}

#[test]
fn a_try_keeps_the_questions_and_the_mark_it_began_with() {
    let (mut sandbox, id, skill) = applicant_and_skill();
    let paper = start(&mut sandbox, id, &skill).unwrap();
    let mut harder = SkillInput {
        code: skill.clone(),
        pass_mark: 100,
        ..arrange::skill_input()
    };
    for question in &mut harder.questions {
        question.correct = 1;
    }
    sandbox
        .write(|tx| onboarding::save_skill(tx, &harder))
        .unwrap();

    assert_eq!(
        start(&mut sandbox, id, &skill).unwrap().questions,
        paper.questions
    );
    let result = hand_in(&mut sandbox, id, &paper, &answers(&paper, 3)).unwrap();
    assert_eq!(
        (result.passed, result.score, result.pass_mark),
        (true, 70, 70)
    );
}

#[test]
fn passing_again_renews_the_skill() {
    let (mut sandbox, id, skill) = applicant_and_skill();
    sandbox
        .write(|tx| arrange::pass(tx, id, &skill, 0))
        .unwrap();
    sandbox.now += TimeDelta::days(300);
    sandbox
        .write(|tx| arrange::pass(tx, id, &skill, 3))
        .unwrap();
    let grants = sandbox.read(|conn| onboarding::grants(conn, id)).unwrap();
    assert_eq!(grants.len(), 1);
    assert_eq!(grants[0].proficiency, 3);
    let valid_until = sandbox.now + TimeDelta::days(365);
    assert_eq!(
        grants[0].valid_until.timestamp_micros(),
        valid_until.timestamp_micros()
    );
}

#[test]
fn an_unknown_skill_is_not_found() {
    let (mut sandbox, id, _) = applicant_and_skill();
    let outcome = start(&mut sandbox, id, "no-such-skill");
    assert!(matches!(outcome, Err(Error::SkillNotFound)), "{outcome:?}");
}
