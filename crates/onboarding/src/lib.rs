//! From customer to active agent: invitations, requirements, assessments, agreements, skills, decisions.
