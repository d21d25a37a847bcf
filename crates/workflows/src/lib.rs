//! Everything the platform can do: one function for each use case.
//!
//! A use case that needs several domains is a plain function that calls them in turn, in one
//! transaction. One that needs a single domain is that domain's command under its own name here,
//! so that this crate is the whole write API, and a command that gains a consequence elsewhere
//! becomes a function without any caller changing.
//!
//! - There are no rules here: an `if` about a domain's state belongs in that domain.
//! - What leaves the process is a [`Job`], queued in the same transaction.
//! - What time drives is a reconciler: it needs no input, changes what is due, a bounded batch at
//!   a time, and may run as often as one likes. [`RECONCILERS`] lists them.

mod applications;
mod dispatching;
mod eligibility;
mod error;
mod escalation;
mod hand_over;
mod idempotent;
mod job;
mod parting;
mod presence;
mod reconcile;
mod resolution;
mod shifts;

pub use applications::{
    Applicant, Applied, Invited, apply, approve_agent, invite_customer, reinstate_agent,
    reject_agent, request_email_code, request_invitation, save_payout_details, suspend_agent,
};
pub use dispatching::{
    MATCHING, Matchmaker, candidate_of, candidates, claim_tickets, expire_offers, suited_agents,
};
pub use eligibility::{declare_conflict, drop_working_time_rules, set_capacity};
pub use error::Error;
pub use escalation::escalate;
pub use hand_over::hand_over_at;
pub use job::{Failure, Job, Outside, run_job};
pub use parting::{
    PaidPart, hand_back, hand_back_for_all, hand_over, keep_deadlines, release_engagement,
    transfer_to_agent, transfer_to_queue,
};
pub use presence::{end_abandoned_talks, end_overlong_work, go_present, release_lost_agents};
pub use reconcile::{PRUNER, RECONCILERS, Reconciler, Report};
pub use resolution::{Settled, close_wrap_ups, resolve_engagement};
pub use shifts::{cancel_shift, commit_to_shift};

pub use availability::{
    heartbeat, leave as leave_connection, publish_shift, release as release_commitment,
    save_rules as save_working_time_rules, set_on_demand,
};
pub use dispatch::{
    accept as accept_offer, control as change_control, decline as decline_offer,
    discard_dead_letter, extend_wrap_up, leave as leave_conversation, publish_policy,
    rate as rate_engagement, reopen as reopen_conversation, replay_dead_letter, save_queue,
    say_as_agent, say_as_assistant, say_as_customer, wrap_up,
};
pub use identity::{
    create_account, create_machine_key, open_session, refresh as refresh_session, reinstate_staff,
    revoke_machine_key, sign_in, sign_out, suspend_staff,
};
pub use jobs::{
    claim as claim_jobs, discard as discard_job, fail as fail_job, finish as finish_job,
};
pub use onboarding::{
    accept_agreement, confirm_email, import_customers, publish_agreement, save_profile, save_skill,
    start_attempt, submit as submit_application, submit_attempt, withdraw_conflict,
};
pub use payouts::{approve_run, export_run, prepare_run, publish_rate_card, settle_run, void_run};
