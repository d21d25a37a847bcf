//! The figures of a contact centre.

use chrono::{DateTime, TimeDelta, Utc};
use db::testing::{Sandbox, sandbox};
use reports::Occupancy;

const AGENT: &str = "01900000-0000-7000-8000-000000000001";

/// Rows as they would be, without all that they belong to.
fn arrange(db: &mut Sandbox, statements: &str) {
    db.sql(&format!(
        "SET LOCAL session_replication_role = replica; {statements};
         SET LOCAL session_replication_role = origin"
    ));
}

fn presence(at: DateTime<Utc>, state: &str) -> String {
    format!(
        "INSERT INTO audit.events (at, actor, action, subject, subject_id, new_state, agent_id)
         VALUES ('{at}', 'a', 'b', 'availability.presences', '{AGENT}', '{state}', '{AGENT}')"
    )
}

fn engagement(started_at: DateTime<Utc>, ended_at: Option<DateTime<Utc>>) -> String {
    let ended_at = ended_at.map_or("NULL".to_owned(), |at| format!("'{at}'"));
    let (status, lost_reason) = if ended_at == "NULL" {
        ("talking", "NULL")
    } else {
        ("lost", "'gone'")
    };
    let id = kernel::EngagementId::new().uuid();
    format!(
        "INSERT INTO dispatch.engagements
             (id, ticket_id, agent_id, offer_id, weight, status, started_at, ended_at,
              lost_reason)
         VALUES ('{id}', gen_random_uuid(), '{AGENT}', gen_random_uuid(), 1, '{status}',
                 '{started_at}', {ended_at}, {lost_reason})"
    )
}

#[test]
fn occupancy_is_the_share_of_ones_presence_with_any_ticket_in_hand() {
    let mut db = sandbox();
    let now = db.now;
    let ago = |minutes| now - TimeDelta::minutes(minutes);
    let rows = [
        format!(
            "INSERT INTO availability.presences \
             (agent_id, status, since, lease_expires_at, connected_until) \
             VALUES ('{AGENT}', 'available', '{0}', '{1}', '{1}')",
            ago(30),
            now + TimeDelta::minutes(1)
        ),
        // Present since before the hour, away from 50 to 30 minutes ago: 40 minutes of the hour.
        presence(ago(180), "available"),
        presence(ago(50), "away"),
        presence(ago(30), "available"),
        // Two at a time count once: 12 minutes. What was done while away is none of it.
        engagement(ago(10), None),
        engagement(ago(12), Some(ago(5))),
        engagement(ago(49), Some(ago(31))),
    ];
    arrange(&mut db, &rows.join("; "));

    let metrics = db.read(|conn| reports::metrics(conn, now)).unwrap();

    let expected = Occupancy {
        present_milliseconds: 40 * 60_000,
        busy_milliseconds: 12 * 60_000,
    };
    assert_eq!(metrics.occupancy, expected);
    assert_eq!(metrics.occupancy.permille(), Some(300));
}

#[test]
fn where_nothing_happened_there_is_nothing_to_tell() {
    let mut db = sandbox();
    let now = db.now;
    let metrics = db.read(|conn| reports::metrics(conn, now)).unwrap();
    assert_eq!(metrics.occupancy.permille(), None);
    assert_eq!(metrics.offers_hour.accept_permille(), None);
    assert_eq!(metrics.time_to_offer, reports::Spread::default());
    assert!(metrics.queues.is_empty() && metrics.presences.is_empty());
}
