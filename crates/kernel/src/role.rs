//! What an account may do.

crate::text_enum! {
    /// What an account may do. One account has one role; two duties need two accounts.
    pub Role {
        /// Applies to become an agent.
        Applicant = "applicant",
        /// Helps customers.
        Agent = "agent",
        /// Runs operations: approves agents, publishes shifts, watches the queue.
        Supervisor = "supervisor",
        /// Prepares payout runs.
        FinancePreparer = "finance_preparer",
        /// Approves payout runs that somebody else prepared.
        FinanceApprover = "finance_approver",
        /// Sets the platform up: staff, queues, skills, keys.
        Admin = "admin",
    }
}

impl Role {
    /// Whether the company employs this person, as opposed to an applicant or an agent.
    pub const fn is_staff(self) -> bool {
        !matches!(self, Self::Applicant | Self::Agent)
    }
}
