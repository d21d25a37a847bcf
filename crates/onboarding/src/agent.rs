//! The agent, from the first step of the application on.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use db::{Topic, Tx};
use diesel::{AsChangeset, Identifiable, Insertable, Queryable, Selectable};
use kernel::{AccountId, AgentId, Checks, Language};

use crate::{
    decision::DecisionKind,
    error::Error,
    invitation::Invitation,
    requirement::Requirement,
    schema::agents,
    store,
    text::{check_email, check_line, plain_email},
};

/// An agent may name so many languages.
const LANGUAGES: usize = 10;

kernel::text_enum! {
    /// How far an applicant has come, and whether an agent may work.
    pub AgentStatus {
        /// Fulfils the requirements.
        Applying = "applying",
        /// Handed in; waits for a decision.
        Submitted = "submitted",
        /// May work.
        Active = "active",
        /// Was turned down.
        Rejected = "rejected",
        /// May not work for now.
        Suspended = "suspended",
    }
}

/// A customer who applies, and later works, as an agent.
#[derive(AsChangeset, Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = agents, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub struct Agent {
    /// The agent's id.
    pub id: AgentId,
    /// With which the agent signs in.
    pub account_id: AccountId,
    /// The company's reference of this customer.
    pub customer_ref: String,
    /// The company's reference of the household.
    pub household_ref: Option<String>,
    /// The tier, as the invitation told it.
    pub tier: String,
    /// Customer since this day.
    pub customer_since: NaiveDate,
    /// The country of residence (ISO 3166, two letters).
    pub country: String,
    /// Where letters go; in lower case.
    pub email: String,
    /// The name that customers and colleagues see.
    pub display_name: String,
    /// The IANA name of the time zone; none before the profile is saved.
    pub time_zone: Option<String>,
    /// The languages the agent helps in (ISO 639-1), in the agent's order.
    pub languages: Vec<String>,
    /// How well the agent speaks each of them, in the same order: see [`Spoken::level`].
    pub language_levels: Vec<i32>,
    /// How far the agent has come.
    pub status: AgentStatus,
    /// When the application was begun.
    pub created_at: DateTime<Utc>,
    /// When it was handed in. Set unless the agent is still applying.
    pub submitted_at: Option<DateTime<Utc>>,
    /// When the latest decision was made. Set if, and only if, one has been made.
    pub decided_at: Option<DateTime<Utc>>,
}

impl Agent {
    /// The languages the agent helps in, each with its level.
    pub fn spoken(&self) -> Vec<Spoken> {
        let levels = self.language_levels.iter().copied();
        let spoken = |(code, level): (&String, i32)| Spoken {
            code: code.clone(),
            level,
        };
        self.languages.iter().zip(levels).map(spoken).collect()
    }

    /// Some things belong to the application alone.
    pub(crate) fn check_applying(&self) -> Result<(), Error> {
        match self.status {
            AgentStatus::Applying => Ok(()),
            _ => Err(Error::ApplicationClosed),
        }
    }

    /// Others an active agent may still change.
    pub(crate) fn check_editable(&self) -> Result<(), Error> {
        match self.status {
            AgentStatus::Applying | AgentStatus::Active => Ok(()),
            AgentStatus::Submitted | AgentStatus::Rejected | AgentStatus::Suspended => {
                Err(Error::ApplicationClosed)
            }
        }
    }

    fn submit(&mut self, fulfilled: &[Requirement], now: DateTime<Utc>) -> Result<(), Error> {
        self.check_applying()?;
        let open: Vec<_> = Requirement::ALL
            .iter()
            .copied()
            .filter(|requirement| !fulfilled.contains(requirement))
            .collect();
        if !open.is_empty() {
            return Err(Error::RequirementsOpen(open));
        }
        self.status = AgentStatus::Submitted;
        self.submitted_at = Some(now);
        Ok(())
    }

    pub(crate) fn decide(&mut self, kind: DecisionKind, now: DateTime<Utc>) -> Result<(), Error> {
        let (from, to, otherwise) = match kind {
            DecisionKind::Approve => (
                AgentStatus::Submitted,
                AgentStatus::Active,
                Error::NotSubmitted,
            ),
            DecisionKind::Reject => (
                AgentStatus::Submitted,
                AgentStatus::Rejected,
                Error::NotSubmitted,
            ),
            DecisionKind::Suspend => (
                AgentStatus::Active,
                AgentStatus::Suspended,
                Error::NotActive,
            ),
            DecisionKind::Reinstate => (
                AgentStatus::Suspended,
                AgentStatus::Active,
                Error::NotSuspended,
            ),
        };
        if self.status != from {
            return Err(otherwise);
        }
        self.status = to;
        self.decided_at = Some(now);
        Ok(())
    }
}

/// An invited customer's wish to become an agent.
#[derive(Clone, Debug)]
pub struct Application {
    /// The account made for it.
    pub account_id: AccountId,
    /// The invitation, opened.
    pub invitation: Invitation,
    /// Where letters are to go.
    pub email: String,
    /// The name that customers and colleagues are to see.
    pub display_name: String,
}

impl Application {
    fn check(&self, email: &str) -> Result<(), Error> {
        let mut checks = Checks::new();
        self.invitation.check_fields(&mut checks);
        check_email(&mut checks, "email", email);
        check_line(&mut checks, "display_name", &self.display_name, 100);
        Ok(checks.done()?)
    }
}

/// Begins an application. A customer applies once, and so does an account.
pub fn apply(tx: &mut Tx<'_>, application: &Application) -> Result<Agent, Error> {
    let email = plain_email(&application.email);
    application.check(&email)?;
    let invitation = &application.invitation;
    invitation.check_validity(tx.now())?;
    let agent = Agent {
        id: AgentId::new(),
        account_id: application.account_id,
        customer_ref: invitation.customer_ref.trim().to_owned(),
        household_ref: invitation
            .household_ref
            .as_deref()
            .map(|text| text.trim().to_owned()),
        tier: invitation.tier.trim().to_owned(),
        customer_since: invitation.since,
        country: invitation.country.clone(),
        email,
        display_name: application.display_name.trim().to_owned(),
        time_zone: None,
        languages: Vec::new(),
        language_levels: Vec::new(),
        status: AgentStatus::Applying,
        created_at: tx.now(),
        submitted_at: None,
        decided_at: None,
    };
    store::insert_agent(tx, &agent)?;
    Ok(agent)
}

/// A language that an agent helps in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Spoken {
    /// ISO 639-1.
    pub code: String,
    /// 1 a few words, 2 basic, 3 working, 4 fluent, 5 native.
    pub level: i32,
}

impl Spoken {
    /// The level of who names a language and says no more.
    pub const FLUENT: i32 = 4;

    /// A language that somebody speaks fluently.
    pub fn fluently(code: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            level: Self::FLUENT,
        }
    }
}

/// What an applicant or agent tells about themselves.
#[derive(Clone, Debug)]
pub struct ProfileInput {
    /// The name that customers and colleagues see.
    pub display_name: String,
    /// The IANA name of the time zone, such as `Europe/Stockholm`.
    pub time_zone: String,
    /// One to ten languages, each once.
    pub languages: Vec<Spoken>,
}

impl ProfileInput {
    fn check(&self) -> Result<(), Error> {
        let mut checks = Checks::new();
        check_line(&mut checks, "display_name", &self.display_name, 100);
        checks.check(
            "time_zone",
            self.time_zone.parse::<Tz>().is_ok(),
            "must be a time zone such as Europe/Stockholm",
        );
        checks.check(
            "languages",
            (1..=LANGUAGES).contains(&self.languages.len()),
            "must be 1 to 10 languages",
        );
        for (index, language) in self.languages.iter().take(LANGUAGES).enumerate() {
            let field = format!("languages[{index}]");
            if let Err(message) = language.code.parse::<Language>() {
                checks.fault(&field, message);
            } else if self
                .languages
                .iter()
                .take(index)
                .any(|earlier| earlier.code == language.code)
            {
                checks.fault(&field, "is in the list already");
            } else if !(1..=5).contains(&language.level) {
                checks.fault(&field, "must have a level from 1 to 5");
            }
        }
        Ok(checks.done()?)
    }
}

/// Saves what routing and colleagues need to know about an applicant or active agent.
pub fn save_profile(tx: &mut Tx<'_>, id: AgentId, profile: &ProfileInput) -> Result<Agent, Error> {
    profile.check()?;
    let mut agent = store::lock_agent(tx, id)?.ok_or(Error::AgentNotFound)?;
    agent.check_editable()?;
    profile
        .display_name
        .trim()
        .clone_into(&mut agent.display_name);
    agent.time_zone = Some(profile.time_zone.clone());
    (agent.languages, agent.language_levels) = profile
        .languages
        .iter()
        .map(|spoken| (spoken.code.clone(), spoken.level))
        .unzip();
    store::update_agent(tx, &agent)?;
    store::insert_fulfilment(tx, id, Requirement::Profile)?;
    ring_for(tx, &agent);
    Ok(agent)
}

/// Hands the application in for a decision.
pub fn submit(tx: &mut Tx<'_>, id: AgentId) -> Result<Agent, Error> {
    let mut agent = store::lock_agent(tx, id)?.ok_or(Error::AgentNotFound)?;
    let fulfilled = store::list_fulfilled(tx, id)?;
    agent.submit(&fulfilled, tx.now())?;
    store::update_agent(tx, &agent)?;
    tx.ring(Topic::Agent(id));
    tx.ring(Topic::Floor);
    Ok(agent)
}

/// Tells the agent's desk of a change, and routing too where it may bring a match.
pub(crate) fn ring_for(tx: &mut Tx<'_>, agent: &Agent) {
    tx.ring(Topic::Agent(agent.id));
    if agent.status == AgentStatus::Active {
        tx.ring(Topic::Match);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(status: AgentStatus) -> Agent {
        Agent {
            id: AgentId::new(),
            account_id: AccountId::new(),
            customer_ref: "C-1".to_owned(),
            household_ref: None,
            tier: "gold".to_owned(),
            customer_since: NaiveDate::default(),
            country: "SE".to_owned(),
            email: "ada@example.org".to_owned(),
            display_name: "Ada".to_owned(),
            time_zone: None,
            languages: Vec::new(),
            language_levels: Vec::new(),
            status,
            created_at: DateTime::UNIX_EPOCH,
            submitted_at: None,
            decided_at: None,
        }
    }

    #[test]
    fn a_decision_leads_from_one_state_only() {
        let mut allowed = Vec::new();
        for &kind in DecisionKind::ALL {
            for &from in AgentStatus::ALL {
                let mut agent = agent(from);
                if agent.decide(kind, DateTime::UNIX_EPOCH).is_ok() {
                    assert_eq!(agent.decided_at, Some(DateTime::UNIX_EPOCH));
                    allowed.push((kind, from, agent.status));
                } else {
                    assert_eq!((agent.status, agent.decided_at), (from, None));
                }
            }
        }
        assert_eq!(
            allowed,
            [
                (
                    DecisionKind::Approve,
                    AgentStatus::Submitted,
                    AgentStatus::Active
                ),
                (
                    DecisionKind::Reject,
                    AgentStatus::Submitted,
                    AgentStatus::Rejected
                ),
                (
                    DecisionKind::Suspend,
                    AgentStatus::Active,
                    AgentStatus::Suspended
                ),
                (
                    DecisionKind::Reinstate,
                    AgentStatus::Suspended,
                    AgentStatus::Active
                ),
            ],
        );
    }

    #[test]
    fn an_application_with_anything_open_is_not_handed_in() {
        for missing in Requirement::ALL {
            let fulfilled: Vec<_> = Requirement::ALL
                .iter()
                .copied()
                .filter(|other| other != missing)
                .collect();
            let outcome = agent(AgentStatus::Applying).submit(&fulfilled, DateTime::UNIX_EPOCH);
            assert!(
                matches!(&outcome, Err(Error::RequirementsOpen(open)) if open == &[*missing]),
                "{missing}: {outcome:?}",
            );
        }
        let mut agent = agent(AgentStatus::Applying);
        agent
            .submit(Requirement::ALL, DateTime::UNIX_EPOCH)
            .unwrap();
        assert_eq!(agent.status, AgentStatus::Submitted);
    }
}
