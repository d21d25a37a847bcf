//! A customer's way to becoming an agent, step by step through the public API.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::Arc,
};

use anyhow::{Context as _, bail};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::json;
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    caller::{Caller, Credentials, Tokens},
    client::Api,
    letters::Outbox,
    marketplace::whole,
    people::Person,
    skills::{self, Asked, Bank},
};

/// How many apply at the same time: passwords are costly to hash, on purpose.
const AT_ONCE: usize = 4;
/// How many codes somebody tries before they give up.
const CODES: usize = 3;

/// How far somebody gets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Goal {
    /// The address is confirmed and the profile filled in; the rest is left for another day.
    HalfWay,
    /// All is done, and the application waits for a decision.
    Submitted,
    /// Approved.
    Agent,
}

/// Whom we want, with which skills, and how far.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) person: Person,
    pub(crate) goal: Goal,
    pub(crate) skills: Vec<&'static str>,
}

/// Takes people through their application.
pub(crate) struct Recruiter {
    api: Api,
    supervisor: Arc<Caller>,
    outbox: Outbox,
    password: String,
    banks: Vec<Bank>,
    /// Those who have applied before, by address.
    known: HashMap<String, Known>,
}

#[derive(Clone, Debug, Deserialize)]
struct Known {
    id: String,
    email: String,
    status: String,
}

#[derive(Deserialize)]
struct Application {
    agent: Known,
    checklist: Vec<Item>,
    agreement: Option<Agreement>,
    grants: Vec<Grant>,
}

#[derive(Deserialize)]
struct Item {
    requirement: String,
    fulfilled_at: Option<String>,
}

#[derive(Deserialize)]
struct Agreement {
    version: i64,
    sha256: String,
}

#[derive(Deserialize)]
struct Grant {
    skill: String,
}

impl Application {
    fn lacks(&self, requirement: &str) -> bool {
        let unfulfilled = |item: &Item| item.fulfilled_at.is_none();
        self.checklist
            .iter()
            .any(|item| item.requirement == requirement && unfulfilled(item))
    }
}

impl Recruiter {
    pub(crate) async fn new(
        api: &Api,
        supervisor: &Arc<Caller>,
        outbox: Outbox,
        password: &str,
    ) -> anyhow::Result<Arc<Self>> {
        let known: Vec<Known> = whole(supervisor, "/ops/agents").await?;
        let known = known
            .into_iter()
            .map(|agent| (agent.email.clone(), agent))
            .collect();
        Ok(Arc::new(Self {
            api: api.clone(),
            supervisor: Arc::clone(supervisor),
            outbox,
            password: password.to_owned(),
            banks: skills::banks()?,
            known,
        }))
    }

    /// Takes everybody as far as is wished, and gives their credentials in the same order.
    pub(crate) async fn recruit(
        self: &Arc<Self>,
        wishes: Vec<Wish>,
        tell: &(dyn Fn(&str) + Send + Sync),
    ) -> anyhow::Result<Vec<Credentials>> {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let people: Vec<_> = wishes
            .iter()
            .map(|wish| self.credentials(&wish.person))
            .collect();
        let mut tasks = JoinSet::new();
        for wish in wishes {
            let (recruiter, places) = (Arc::clone(self), Arc::clone(&places));
            tasks.spawn(async move {
                let _place = places.acquire().await?;
                let name = &wish.person.display_name;
                let took = recruiter.take(&wish).await;
                took.with_context(|| format!("{name} could not be recruited"))
            });
        }
        let mut done = 0;
        while let Some(took) = tasks.join_next().await {
            took??;
            done += 1;
            tell(&format!("people {done} of {}", people.len()));
        }
        Ok(people)
    }

    fn credentials(&self, person: &Person) -> Credentials {
        Credentials {
            email: person.email.clone(),
            password: self.password.clone(),
            display_name: person.display_name.clone(),
        }
    }

    /// Whether somebody has applied before.
    pub(crate) fn knows(&self, person: &Person) -> bool {
        self.known.contains_key(&person.email)
    }

    /// Takes one person on from where they stand.
    async fn take(&self, wish: &Wish) -> anyhow::Result<()> {
        let person = &wish.person;
        let known = self.known.get(&person.email);
        let status = known.map_or("new", |known| known.status.as_str());
        // The letters there are before the one with the code.
        let mut seen = self.outbox.letters().await?;
        let applicant = match status {
            "new" => self.apply(person).await?,
            "applying" => self.return_to(person, &mut seen).await?,
            "submitted" => {
                return match known {
                    Some(known) if wish.goal == Goal::Agent => self.approve(&known.id).await,
                    _ => Ok(()),
                };
            }
            _ => return Ok(()),
        };
        self.fulfil(&applicant, wish, &mut seen).await
    }

    /// The supervisor sends an invitation, the customer follows its link.
    async fn apply(&self, person: &Person) -> anyhow::Result<Caller> {
        #[derive(Deserialize)]
        struct Invitation {
            link: String,
        }
        let body = json!({ "customer_ref": person.customer_ref });
        let invitation: Invitation = self.supervisor.post("/ops/invitations", &body).await?;
        let credentials = self.credentials(person);
        let body = json!({
            "invitation": token(&invitation.link), "email": credentials.email,
            "display_name": credentials.display_name, "password": credentials.password,
        });
        let applied = Caller::nobody(&self.api)
            .post::<Tokens>("/applications", &body)
            .await;
        match applied {
            Ok(tokens) => Ok(Caller::signed_in(&self.api, &credentials, tokens)),
            // An earlier attempt of ours, whose answer was lost.
            Err(failure) if failure.is_conflict() => Ok(Caller::person(&self.api, &credentials)),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Somebody who has stopped half-way comes back; the code they were sent is lost.
    async fn return_to(
        &self,
        person: &Person,
        seen: &mut HashSet<PathBuf>,
    ) -> anyhow::Result<Caller> {
        let applicant = Caller::person(&self.api, &self.credentials(person));
        let application: Application = applicant.get("/application").await?;
        if application.lacks("email") {
            *seen = self.outbox.letters().await?;
            applicant
                .step::<IgnoredAny>("/application/email-code")
                .await?;
        }
        Ok(applicant)
    }

    /// Fulfils what is still missing, then submits; and the supervisor approves.
    async fn fulfil(
        &self,
        applicant: &Caller,
        wish: &Wish,
        seen: &mut HashSet<PathBuf>,
    ) -> anyhow::Result<()> {
        let person = &wish.person;
        let application: Application = applicant.get("/application").await?;
        if application.lacks("email") {
            self.confirm(applicant, &person.email, seen).await?;
        }
        if application.lacks("profile") {
            let profile = person.profile();
            applicant
                .put::<IgnoredAny>("/application/profile", &profile)
                .await?;
        }
        if wish.goal == Goal::HalfWay {
            return Ok(());
        }
        if application.lacks("agreement") {
            let Some(Agreement { version, sha256 }) = &application.agreement else {
                bail!("there is no agreement to accept");
            };
            let body = json!({ "version": version, "sha256": sha256 });
            applicant
                .post::<IgnoredAny>("/application/agreement", &body)
                .await?;
        }
        for &skill in &wish.skills {
            if !application.grants.iter().any(|grant| grant.skill == skill) {
                self.sit(applicant, skill).await?;
            }
        }
        if application.lacks("payout_details") {
            let details = person.payout_details()?;
            applicant
                .put::<IgnoredAny>("/application/payout-details", &details)
                .await?;
        }
        applicant
            .step::<IgnoredAny>("/application/submission")
            .await?;
        match wish.goal {
            Goal::Agent => self.approve(&application.agent.id).await,
            Goal::Submitted | Goal::HalfWay => Ok(()),
        }
    }

    /// Reads the letter with the code, and gives the code. An earlier one may arrive late, so that
    /// a wrong one is not the end.
    async fn confirm(
        &self,
        applicant: &Caller,
        address: &str,
        seen: &mut HashSet<PathBuf>,
    ) -> anyhow::Result<()> {
        #[derive(Deserialize)]
        struct Confirmation {
            confirmed: bool,
        }
        for _ in 0..CODES {
            let code = self.outbox.code(address, seen).await?;
            let body = json!({ "code": code });
            let answer: Confirmation = applicant
                .post("/application/email-confirmation", &body)
                .await?;
            if answer.confirmed {
                return Ok(());
            }
        }
        bail!("none of the codes that {address} received was right")
    }

    /// Sits the assessment of a skill.
    async fn sit(&self, applicant: &Caller, skill: &str) -> anyhow::Result<()> {
        #[derive(Deserialize)]
        struct Attempt {
            id: String,
            questions: Vec<Asked>,
        }
        #[derive(Deserialize)]
        struct Outcome {
            passed: bool,
            score: i64,
        }
        let bank = self.banks.iter().find(|bank| bank.code == skill);
        let bank = bank.with_context(|| format!("there is no question bank for {skill}"))?;
        let attempt: Attempt = applicant
            .post("/application/attempts", &json!({ "skill": skill }))
            .await?;
        let answers = json!({ "answers": bank.answers(&attempt.questions)? });
        let path = format!("/application/attempts/{}/answers", attempt.id);
        let outcome: Outcome = applicant.post(&path, &answers).await?;
        if !outcome.passed {
            bail!(
                "the assessment of {skill} was failed with {}",
                outcome.score
            );
        }
        Ok(())
    }

    async fn approve(&self, id: &str) -> anyhow::Result<()> {
        let body = json!({ "reason": "All requirements fulfilled; a customer of long standing." });
        let path = format!("/ops/agents/{id}/approve");
        self.supervisor.post::<IgnoredAny>(&path, &body).await?;
        Ok(())
    }
}

/// The token in a link: the value of its first parameter, or else the last part of its path.
pub(crate) fn token(link: &str) -> &str {
    let link = link.split('#').next().unwrap_or(link);
    match link.split_once('?') {
        Some((_, query)) => {
            let first = query.split('&').next().unwrap_or(query);
            first.split_once('=').map_or(first, |(_, value)| value)
        }
        None => link
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or(link),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_of_a_link_is_found_wherever_it_stands() {
        assert_eq!(token("http://127.0.0.1:8080/c/abc.def_-"), "abc.def_-");
        assert_eq!(token("http://127.0.0.1:8080/c/abc/"), "abc");
        assert_eq!(
            token("https://x.example/join?invitation=a.b%3D&lang=en#top"),
            "a.b%3D"
        );
    }

    #[test]
    fn a_requirement_that_is_not_on_the_checklist_is_not_lacking() {
        let application: Application = serde_json::from_value(json!({
            "agent": {"id": "agt_1", "email": "a@b.example", "status": "applying"},
            "checklist": [
                {"requirement": "email", "fulfilled_at": "2026-11-21T20:00:00Z"},
                {"requirement": "profile", "fulfilled_at": null},
            ],
            "agreement": null, "accepted": null, "skills": [], "grants": [], "payee": null,
        }))
        .unwrap();
        assert!(!application.lacks("email"));
        assert!(application.lacks("profile"));
        assert!(!application.lacks("agreement"));
    }
}
