//! From customer to active agent: invitations, requirements, assessments, agreements, skills,
//! decisions.
//!
//! The company invites a customer with a signed token. Whoever opens it applies, fulfils five
//! requirements in any order, and hands the application in; a person decides about it.
//!
//! ```text
//! applying ──submit──▶ submitted ──approve──▶ active ──suspend──▶ suspended
//!                          │                     ▲                    │
//!                          │                     └─────reinstate──────┘
//!                          └──reject──▶ rejected
//!
//! attempt:  open ──▶ passed │ failed │ expired
//! ```
//!
//! What always holds:
//! - A customer applies at most once, and so does an account.
//! - Nobody is submitted with a requirement open, and a fulfilled requirement stays fulfilled.
//! - Nobody becomes active, rejected or suspended without a decision by another person, with a
//!   reason, on record.
//! - An applicant changes an application only while it is being written; an active agent may change
//!   the profile, accept a newer agreement and take further assessments.
//! - An agent gets work only with the agreement in force accepted; until a newer version is
//!   effective, the one before counts.
//! - A conflict of interest that was withdrawn stays on record.
//! - What was asked in an attempt is frozen with it, and the right answers never leave this crate.
//! - Every command locks the agent's row first, so that two commands about one agent take turns.
//!   The lock leaves the row's key alone: whoever inserts a row that refers to the agent goes on.

mod agent;
mod agreement;
mod attempt;
mod conflict;
mod customer;
mod decision;
mod email_code;
mod error;
mod import;
mod invitation;
mod qualification;
mod requirement;
mod skill;
mod text;

mod queries;
mod schema;
mod store;

pub use agent::{
    Agent, AgentStatus, Application, ProfileInput, Spoken, apply, save_profile, submit,
};
pub use agreement::{Acceptance, Agreement, accept_agreement, publish_agreement};
pub use attempt::{
    Attempt, AttemptResult, AttemptStatus, Paper, PaperQuestion, start_attempt, submit_attempt,
};
pub use conflict::{CONFLICT_LIMIT, Conflict, ConflictStatus, declare_conflict, withdraw_conflict};
pub use customer::Customer;
pub use decision::{Decision, DecisionKind, approve, reinstate, reject, suspend};
pub use email_code::{Confirmation, EmailCode, confirm_email, send_email_code};
pub use error::Error;
pub use import::{IMPORT_FAULTS, IMPORT_ROWS, Import, import_customers};
pub use invitation::Invitation;
pub use qualification::{Qualification, hold_qualified};
pub use queries::{
    acceptance, agent, agent_by_account, agents, agreement_in_force, attempts, checklist,
    conflicts, current_agreement, customer, customer_by_email, decisions, grants, open_paper,
    qualifications, skills, skills_among,
};
pub use requirement::{ChecklistItem, Requirement, payout_details_given};
pub use skill::{QuestionInput, SKILL_LIMIT, Skill, SkillGrant, SkillInput, save_skill};
