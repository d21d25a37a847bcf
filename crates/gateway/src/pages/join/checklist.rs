//! The checklist of an applicant, and of an agent who changes their details.

use actix_web::{
    get,
    web::{Data, ServiceConfig},
};
use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use kernel::{AgentId, AttemptId};
use onboarding::{Agent, AgentStatus, Attempt, AttemptStatus, Requirement, Skill, Spoken};

use super::super::{
    Faults, Layout, PageResult,
    fields::form_page,
    wording::{Clock, LANGUAGES},
};
use crate::{
    extract::Applicant,
    state::{ReadFailed, State},
};

/// Within a day, somebody may try so often.
const TRIES_A_DAY: usize = 3;

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(checklist_page);
}

/// What was typed into one of the forms, shown again where it was not accepted. The default is a
/// page on which nothing was sent.
#[derive(Default)]
pub(super) struct Typed {
    pub(super) step: Option<Requirement>,
    pub(super) faults: Faults,
    pub(super) code: String,
    pub(super) profile: Option<ProfileText>,
    pub(super) payout: Option<PayoutText>,
}

impl Typed {
    /// What is wrong with this step's form.
    fn faults_of(&self, step: Requirement) -> Faults {
        if self.step == Some(step) {
            self.faults.clone()
        } else {
            Faults::default()
        }
    }
}

/// The profile as the form has it.
#[derive(Clone)]
pub(super) struct ProfileText {
    pub(super) display_name: String,
    pub(super) time_zone: String,
    pub(super) languages: Vec<Spoken>,
}

/// The payout details as the form has them.
#[derive(Clone, Default)]
pub(super) struct PayoutText {
    pub(super) name: String,
    pub(super) street: String,
    pub(super) building: String,
    pub(super) postcode: String,
    pub(super) city: String,
    pub(super) country: String,
    pub(super) iban: String,
}

#[derive(Template)]
#[template(path = "join/checklist.html")]
struct ChecklistPage {
    layout: Layout,
    agent: Agent,
    submitted: Option<String>,
    decided: Option<String>,
    reason: Option<String>,
    /// What is wrong with no form in particular.
    faults: Faults,
    steps: Steps,
    done: usize,
    code: String,
    profile: ProfileText,
    languages: Vec<(String, String)>,
    zones: &'static [Tz],
    agreement: Option<AgreementText>,
    skills: Vec<SkillLine>,
    payout: PayoutText,
    payee: Option<payouts::Payee>,
}

/// How well somebody may speak a language.
const LEVELS: [(i32, &str); 5] = [
    (1, "a few words"),
    (2, "basic"),
    (3, "working"),
    (4, "fluent"),
    (5, "native"),
];

/// The five requirements.
struct Steps {
    email: Step,
    profile: Step,
    agreement: Step,
    assessment: Step,
    payout: Step,
}

/// One requirement.
struct Step {
    faults: Faults,
    fulfilled_on: Option<String>,
    /// The first that is still to do.
    is_next: bool,
}

impl Step {
    fn is_done(&self) -> bool {
        self.fulfilled_on.is_some()
    }

    /// Whether to show the form at once.
    fn is_open(&self) -> bool {
        self.is_next || self.faults.summary().is_some()
    }

    fn class(&self) -> &'static str {
        match (self.is_done(), self.is_next) {
            (true, _) => "done",
            (false, true) => "next",
            (false, false) => "",
        }
    }
}

/// The agreement to accept, and whether that was done.
struct AgreementText {
    title: String,
    body: String,
    version: i32,
    sha256: String,
    /// From when on work needs it; none where it does already.
    from: Option<String>,
    accepted: Option<Accepted>,
}

/// What was accepted.
struct Accepted {
    version: i32,
    at: String,
}

impl AgreementText {
    /// Whether the newest text is the one that was accepted.
    fn is_accepted(&self) -> bool {
        self.accepted
            .as_ref()
            .is_some_and(|accepted| accepted.version == self.version)
    }
}

/// A skill that can be shown.
struct SkillLine {
    code: String,
    name: String,
    pass_mark: i32,
    questions: i32,
    state: SkillState,
    tries_left: usize,
}

impl SkillLine {
    fn is_held(&self) -> bool {
        matches!(self.state, SkillState::Held { .. })
    }
}

/// How the agent stands with a skill.
enum SkillState {
    Held { until: String },
    Open { id: AttemptId, until: String },
    Failed { score: i32 },
    New,
}

/// What the page is made of.
struct Found {
    application: reports::Application,
    attempts: Vec<Attempt>,
    now: DateTime<Utc>,
}

impl Found {
    async fn look(state: &State, id: AgentId) -> Result<Option<Self>, ReadFailed> {
        let now = state.db.now();
        state
            .read(move |conn| {
                let attempts = onboarding::attempts(conn, id)?;
                let application = reports::application(conn, id)?;
                Ok(application.map(|application| Self {
                    application,
                    attempts,
                    now,
                }))
            })
            .await
    }

    fn clock(&self) -> Clock {
        Clock::of(self.application.line.agent.time_zone.as_deref())
    }

    fn step(&self, requirement: Requirement, typed: &Typed) -> Step {
        let list = &self.application.checklist;
        let of = |item: &&onboarding::ChecklistItem| item.requirement == requirement;
        let fulfilled_at = list.iter().find(of).and_then(|item| item.fulfilled_at);
        let next = list.iter().find(|item| item.fulfilled_at.is_none());
        Step {
            faults: typed.faults_of(requirement),
            fulfilled_on: fulfilled_at.map(|at| self.clock().full_day(at)),
            is_next: next.is_some_and(|next| next.requirement == requirement),
        }
    }

    fn steps(&self, typed: &Typed) -> Steps {
        Steps {
            email: self.step(Requirement::Email, typed),
            profile: self.step(Requirement::Profile, typed),
            agreement: self.step(Requirement::Agreement, typed),
            assessment: self.step(Requirement::Assessment, typed),
            payout: self.step(Requirement::PayoutDetails, typed),
        }
    }

    fn profile(&self) -> ProfileText {
        let agent = &self.application.line.agent;
        ProfileText {
            display_name: agent.display_name.clone(),
            time_zone: agent.time_zone.clone().unwrap_or_default(),
            languages: agent.spoken(),
        }
    }

    /// All but the account number, which is never shown again.
    fn payout(&self) -> PayoutText {
        let text = |payee: &payouts::Payee| PayoutText {
            name: payee.name.clone(),
            street: payee.street.clone(),
            building: payee.building.clone().unwrap_or_default(),
            postcode: payee.postcode.clone(),
            city: payee.city.clone(),
            country: payee.country.clone(),
            iban: String::new(),
        };
        let unknown = || PayoutText {
            country: self.application.line.agent.country.clone(),
            ..PayoutText::default()
        };
        self.application.payee.as_ref().map_or_else(unknown, text)
    }

    fn agreement(&self) -> Option<AgreementText> {
        let agreement = self.application.agreement.as_ref()?;
        let accepted = self.application.acceptance.as_ref().map(|word| Accepted {
            version: word.version,
            at: self.clock().moment(word.accepted_at),
        });
        Some(AgreementText {
            title: agreement.title.clone(),
            body: agreement.body.clone(),
            version: agreement.version,
            sha256: agreement.sha256_hex(),
            from: (agreement.effective_at > self.now)
                .then(|| self.clock().moment(agreement.effective_at)),
            accepted,
        })
    }

    fn skill(&self, skill: &Skill) -> SkillLine {
        let tries = || self.attempts.iter().filter(|a| a.skill == skill.code);
        let a_day_ago = self.now - TimeDelta::hours(24);
        let recent = tries().filter(|a| a.started_at > a_day_ago).count();
        let grants = &self.application.grants;
        let held = grants
            .iter()
            .find(|grant| grant.skill == skill.code && grant.valid_until > self.now);
        let open = tries().find(|a| a.status == AttemptStatus::Open && a.expires_at > self.now);
        let state = match (held, open, tries().next().and_then(|last| last.score)) {
            (Some(grant), ..) => SkillState::Held {
                until: self.clock().full_day(grant.valid_until),
            },
            (None, Some(open), _) => SkillState::Open {
                id: open.id,
                until: self.clock().time(open.expires_at),
            },
            (None, None, Some(score)) => SkillState::Failed { score },
            (None, None, None) => SkillState::New,
        };
        SkillLine {
            code: skill.code.clone(),
            name: skill.name.clone(),
            pass_mark: skill.pass_mark,
            questions: skill.questions_asked,
            state,
            tries_left: TRIES_A_DAY.saturating_sub(recent),
        }
    }

    fn into_page(self, layout: Layout, typed: Typed) -> ChecklistPage {
        let checklist = &self.application.checklist;
        let agent = &self.application.line.agent;
        let title = match agent.status {
            AgentStatus::Active => "Your details",
            _ => "Your application",
        };
        ChecklistPage {
            layout: layout.titled(title),
            submitted: agent.submitted_at.map(|at| self.clock().moment(at)),
            decided: agent.decided_at.map(|at| self.clock().full_day(at)),
            steps: self.steps(&typed),
            done: checklist
                .iter()
                .filter(|item| item.fulfilled_at.is_some())
                .count(),
            profile: typed.profile.unwrap_or_else(|| self.profile()),
            payout: typed.payout.unwrap_or_else(|| self.payout()),
            faults: match typed.step {
                None => typed.faults,
                Some(_) => Faults::default(),
            },
            code: typed.code,
            languages: languages_for(&agent.languages),
            zones: &TZ_VARIANTS,
            agreement: self.agreement(),
            skills: self
                .application
                .skills
                .iter()
                .map(|skill| self.skill(skill))
                .collect(),
            reason: self.application.line.reason.clone(),
            agent: agent.clone(),
            payee: self.application.payee,
        }
    }
}

/// The languages to choose from: ours, and whatever else the agent has, by code and name.
fn languages_for(spoken: &[String]) -> Vec<(String, String)> {
    let ours = LANGUAGES
        .iter()
        .map(|(code, name)| ((*code).to_owned(), (*name).to_owned()));
    let is_other = |code: &&String| LANGUAGES.iter().all(|(known, _)| known != code);
    let others = spoken
        .iter()
        .filter(is_other)
        .map(|code| (code.clone(), code.clone()));
    ours.chain(others).collect()
}

impl ChecklistPage {
    fn can_edit(&self) -> bool {
        matches!(
            self.agent.status,
            AgentStatus::Applying | AgentStatus::Active
        )
    }

    fn speaks(&self, code: &str) -> bool {
        let mut spoken = self.profile.languages.iter();
        spoken.any(|spoken| spoken.code == code)
    }

    /// The levels of a language with their names, and which is chosen: the agent's, or what is
    /// usual.
    fn levels(&self, code: &str) -> [(i32, &'static str, bool); 5] {
        let mut spoken = self.profile.languages.iter();
        let found = spoken.find(|spoken| spoken.code == code);
        let own = found.map_or(Spoken::FLUENT, |spoken| spoken.level);
        LEVELS.map(|(level, name)| (level, name, level == own))
    }
}

/// The page: as it is, or with what is wrong with what was sent.
pub(super) async fn show(
    state: &State,
    layout: Layout,
    agent: AgentId,
    typed: Typed,
) -> PageResult {
    let found = Found::look(state, agent).await?;
    let found = found.ok_or(onboarding::Error::AgentNotFound)?;
    let faults = typed.faults.clone();
    form_page(&faults, &found.into_page(layout, typed))
}

#[get("/join/checklist")]
async fn checklist_page(applicant: Applicant, state: Data<State>, layout: Layout) -> PageResult {
    show(&state, layout, applicant.agent_id, Typed::default()).await
}
