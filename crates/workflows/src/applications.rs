//! From customer to agent.

use chrono::{DateTime, TimeDelta, Utc};
use db::Tx;
use identity::{NewAccount, PasswordHash, SessionKind, SignedIn};
use kernel::{AccountId, AgentId, Role};
use onboarding::{Agent, Application, Customer, Invitation};
use payouts::{Payee, PayeeInput, Vault};

use crate::{Error, Job, parting, presence};

/// How long an invitation is good for.
const INVITATION_LIFETIME: TimeDelta = TimeDelta::days(14);

/// Somebody who takes up an invitation.
#[derive(Clone, Debug)]
pub struct Applicant {
    /// What the company signed.
    pub invitation: Invitation,
    /// Where letters go, and with what they sign in.
    pub email: String,
    /// The name customers will see.
    pub display_name: String,
    /// With what they will sign in.
    pub password: PasswordHash,
}

/// An application that was begun.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The applicant.
    pub agent: Agent,
    /// The session under which the applicant goes on.
    pub session: SignedIn,
}

/// Begins an application: an account that is signed in at once, the checklist, and the letter with
/// the code.
pub fn apply(tx: &mut Tx<'_>, applicant: &Applicant, kind: SessionKind) -> Result<Applied, Error> {
    let account = identity::create_account(
        tx,
        &NewAccount {
            email: applicant.email.clone(),
            display_name: applicant.display_name.clone(),
            password: applicant.password.clone(),
            role: Role::Applicant,
        },
    )?;
    let application = Application {
        account_id: account.id,
        invitation: applicant.invitation.clone(),
        email: account.email.clone(),
        display_name: applicant.display_name.clone(),
    };
    let agent = onboarding::apply(tx, &application)?;
    request_email_code(tx, agent.id)?;
    let session = identity::open_session(tx, account, kind)?;
    Ok(Applied { agent, session })
}

/// Sends a letter with a new code.
pub fn request_email_code(tx: &mut Tx<'_>, agent: AgentId) -> Result<(), Error> {
    let code = onboarding::send_email_code(tx, agent)?;
    let letter = Job::EmailCode {
        to: code.email,
        name: code.display_name,
        code: code.code,
    };
    jobs::enqueue(tx, &letter)?;
    Ok(())
}

/// Sends an invitation to a customer of the directory; nothing at all to anybody else, and the
/// caller cannot tell the difference. `address` is where the request came from.
pub fn request_invitation(
    tx: &mut Tx<'_>,
    email: &str,
    address: &str,
    link: impl Fn(&Invitation) -> String,
) -> Result<(), Error> {
    identity::admit_letter(tx, email, address)?;
    if let Some(customer) = onboarding::customer_by_email(tx.conn(), email)? {
        invite(tx, &customer, link)?;
    }
    Ok(())
}

/// An invitation that is on its way.
#[derive(Clone, Debug)]
pub struct Invited {
    /// Where the customer takes it up.
    pub link: String,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// Invites a customer of the directory by letter.
pub fn invite_customer(
    tx: &mut Tx<'_>,
    customer_ref: &str,
    link: impl Fn(&Invitation) -> String,
) -> Result<Invited, Error> {
    let customer = onboarding::customer(tx.conn(), customer_ref)?.ok_or(Error::CustomerNotFound)?;
    invite(tx, &customer, link)
}

fn invite(
    tx: &mut Tx<'_>,
    customer: &Customer,
    link: impl Fn(&Invitation) -> String,
) -> Result<Invited, Error> {
    let expires_at = tx.now() + INVITATION_LIFETIME;
    let invitation = Invitation {
        customer_ref: customer.customer_ref.clone(),
        tier: customer.tier.clone(),
        since: customer.customer_since,
        country: customer.country.clone(),
        household_ref: customer.household_ref.clone(),
        email: Some(customer.email.clone()),
        expires_at,
    };
    let link = link(&invitation);
    let letter = Job::Invitation {
        to: customer.email.clone(),
        name: customer.display_name.clone(),
        link: link.clone(),
        expires_at,
    };
    jobs::enqueue(tx, &letter)?;
    Ok(Invited { link, expires_at })
}

/// Stores where the agent's money goes, and ticks the requirement off.
pub fn save_payout_details(
    tx: &mut Tx<'_>,
    vault: &Vault,
    agent: AgentId,
    input: &PayeeInput,
) -> Result<Payee, Error> {
    let payee = payouts::save_payee(tx, vault, agent, input)?;
    onboarding::payout_details_given(tx, agent)?;
    Ok(payee)
}

/// Makes an applicant an agent: the role, room for work, and the letter.
pub fn approve_agent(
    tx: &mut Tx<'_>,
    id: AgentId,
    decider: AccountId,
    reason: &str,
) -> Result<Agent, Error> {
    let agent = onboarding::approve(tx, id, decider, reason)?;
    identity::change_role(tx, agent.account_id, Role::Agent)?;
    dispatch::open_workload(tx, agent.id)?;
    let letter = Job::Approved {
        to: agent.email.clone(),
        name: agent.display_name.clone(),
    };
    jobs::enqueue(tx, &letter)?;
    Ok(agent)
}

/// Turns an applicant down, and says why in a letter.
pub fn reject_agent(
    tx: &mut Tx<'_>,
    id: AgentId,
    decider: AccountId,
    reason: &str,
) -> Result<Agent, Error> {
    let agent = onboarding::reject(tx, id, decider, reason)?;
    let letter = Job::Rejected {
        to: agent.email.clone(),
        name: agent.display_name.clone(),
        reason: reason.to_owned(),
    };
    jobs::enqueue(tx, &letter)?;
    Ok(agent)
}

/// Keeps an agent from working until further notice. Sessions end, and what the agent had in hand
/// goes back to the queues.
pub fn suspend_agent(
    tx: &mut Tx<'_>,
    id: AgentId,
    decider: AccountId,
    reason: &str,
) -> Result<Agent, Error> {
    // Presence is locked before the agent, as by the matcher, and only for an agent that exists.
    onboarding::agent(tx.conn(), id)?.ok_or(onboarding::Error::AgentNotFound)?;
    presence::leave(tx, id)?;
    parting::lose_talks(tx, id)?;
    let agent = onboarding::suspend(tx, id, decider, reason)?;
    identity::suspend_account(tx, agent.account_id)?;
    Ok(agent)
}

/// Lets a suspended agent work again.
pub fn reinstate_agent(
    tx: &mut Tx<'_>,
    id: AgentId,
    decider: AccountId,
    reason: &str,
) -> Result<Agent, Error> {
    let agent = onboarding::reinstate(tx, id, decider, reason)?;
    identity::reinstate_account(tx, agent.account_id)?;
    Ok(agent)
}
