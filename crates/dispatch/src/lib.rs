//! Which agent gets which ticket: tickets, offers, matching, engagements, messages, ratings.
