//! `gigdesk what-if`: a small day under two policies.

use std::{
    fs,
    process::{Command, Output, Stdio},
};

use db::testing::TestDatabase;
use kernel::{AccountId, AgentId, EngagementId, OfferId, RateCardId, TicketId};
use serde_json::Value;
use tempfile::TempDir;

/// A ticket of the day: when it came, and when the agent took it and was done, as times of day.
struct Came {
    tier: &'static str,
    priority: i32,
    at: &'static str,
    worked: Option<(&'static str, &'static str)>,
    left: Option<&'static str>,
}

const DAY: [Came; 4] = [
    Came {
        tier: "gold",
        priority: 0,
        at: "09:00:00",
        worked: Some(("09:00:10", "09:05:00")),
        left: None,
    },
    Came {
        tier: "silver",
        priority: 0,
        at: "09:00:30",
        worked: Some(("09:05:10", "09:08:00")),
        left: None,
    },
    Came {
        tier: "gold",
        priority: 5,
        at: "09:01:00",
        worked: Some(("09:08:10", "09:10:10")),
        left: None,
    },
    Came {
        tier: "silver",
        priority: 0,
        at: "09:02:00",
        worked: None,
        left: Some("09:04:00"),
    },
];

/// A database with one day in it, and a directory for policies.
struct World {
    database: TestDatabase,
    directory: TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self {
            database: TestDatabase::create(),
            directory: tempfile::tempdir().unwrap(),
        };
        let agent = world.agent();
        for came in &DAY {
            world.ticket(agent, came);
        }
        world
    }

    /// An agent with one unit who is available from 08:00 to 16:00, and a queue that pays.
    fn agent(&self) -> AgentId {
        let (account, agent) = (AccountId::new().uuid(), AgentId::new());
        let (id, card) = (agent.uuid(), RateCardId::new().uuid());
        self.database.sql(&format!(
            "INSERT INTO dispatch.queues VALUES ('vip', 'VIP', 60, 120, 1, now(), 1);
             INSERT INTO dispatch.policies VALUES ('vip', 1, '{{}}', 'for the test', 'test', now());
             INSERT INTO identity.accounts VALUES
                 ('{account}', 'a@example.org', 'Ada', 'x', 'agent', 'active', '2026-11-01Z');
             INSERT INTO onboarding.agents (id, account_id, customer_ref, tier, customer_since,
                 country, email, display_name, languages, language_levels, status, created_at, submitted_at,
                 decided_at)
             VALUES ('{id}', '{account}', 'C-0', 'gold', '2020-01-01', 'SE', 'a@example.org',
                 'Ada', '{{en}}', '{{4}}', 'active', '2026-11-01Z', '2026-11-01Z', '2026-11-01Z');
             INSERT INTO dispatch.workloads VALUES ('{id}', 1, 0, '2026-11-01Z');
             INSERT INTO payouts.rate_cards VALUES
                 ('{card}', 'Rates', 'EUR', '2026-01-01Z', NULL, '{account}', '2026-01-01Z');
             INSERT INTO payouts.rates VALUES ('{card}', 'vip', 1, 0.6, 0);
             INSERT INTO audit.events
                 (at, actor, action, subject, subject_id, agent_id, new_state) VALUES
                 ('2026-11-20T08:00Z', 't', 't', 'availability.presences', '{id}', '{id}',
                     'available'),
                 ('2026-11-20T16:00Z', 't', 't', 'availability.presences', '{id}', '{id}',
                     'offline')"
        ));
        agent
    }

    fn ticket(&self, agent: AgentId, came: &Came) {
        let (id, day) = (TicketId::new().uuid(), "2026-11-20T");
        let at = format!("{day}{}Z", came.at);
        let closed = came.left.or(came.worked.map(|(_, until)| until)).unwrap();
        let status = if came.left.is_some() {
            "abandoned"
        } else {
            "resolved"
        };
        self.database.sql(&format!(
            "INSERT INTO dispatch.tickets (id, source, external_id, queue, language,
                 required_skills, customer_ref, customer_name, customer_tier, customer_locale,
                 reason, summary, priority, weight, status, created_at, waiting_since,
                 first_reply_due_at, closed_at, rank_at, put_aside_at, holder)
             VALUES ('{id}', 'test', '{id}', 'vip', 'en', '{{}}', '{id}', 'Bo', '{tier}', 'en-GB',
                 'vip', 'Lost card', {priority}, 1, '{status}', '{at}', '{at}',
                 timestamptz '{at}' + interval '60 s', '{day}{closed}Z', '{at}', '{at}', 'assistant')",
            tier = came.tier,
            priority = came.priority,
        ));
        let Some((from, until)) = came.worked else {
            return;
        };
        let (offer, engagement) = (OfferId::new().uuid(), EngagementId::new().uuid());
        let agent = agent.uuid();
        self.database.sql(&format!(
            "INSERT INTO dispatch.offers (id, ticket_id, agent_id, kind, status, weight, score,
                 offered_at, expires_at, closed_at)
             VALUES ('{offer}', '{id}', '{agent}', 'match', 'accepted', 1, 0,
                 timestamptz '{day}{from}Z' - interval '5 s', '{day}{from}Z', '{day}{from}Z');
             INSERT INTO dispatch.engagements (id, ticket_id, agent_id, offer_id, weight, status,
                 started_at, ended_at, disposition)
             VALUES ('{engagement}', '{id}', '{agent}', '{offer}', 1, 'resolved',
                 '{day}{from}Z', '{day}{until}Z', 'solved')"
        ));
    }

    fn what_if(&self, policy: &str, more: &[&str]) -> Output {
        let file = self.directory.path().join("policy.json");
        fs::write(&file, policy).unwrap();
        Command::new(env!("CARGO_BIN_EXE_gigdesk"))
            .args(["what-if", "--policy", file.to_str().unwrap()])
            .args(["--day", "2026-11-20"])
            .args(more)
            .env("DATABASE_URL", self.database.url())
            .env("GIGDESK_SECRET", "an example of thirty-two bytes..")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn figures(&self, policy: &str, more: &[&str]) -> Value {
        let output = self.what_if(policy, &[more, &["--json"]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

#[test]
fn the_same_policy_gives_the_same_figures_on_both_sides() {
    let world = World::new();
    let figures = world.figures("{}", &[]);
    assert_eq!(figures["in_force"], figures["what_if"]);
    assert_eq!(
        (&figures["tickets"], &figures["agents"]),
        (&4.into(), &1.into())
    );
    assert_eq!(figures["in_force"]["overtakes"], 0);
}

#[test]
fn without_a_head_start_the_priority_ticket_waits_for_the_one_before_it() {
    let world = World::new();
    let figures = world.figures(r#"{"head_start_seconds": 0}"#, &["--queue", "vip"]);
    let mean = |side: &str, tier: &str| figures[side]["groups"][tier]["all"]["mean"].clone();
    // The agent answers within 5 s, as that day. In force: gold (5 s), gold (240 s), silver (395 s).
    assert_eq!(mean("in_force", "gold"), 122_500);
    assert_eq!(mean("in_force", "silver"), 257_500);
    // Without: gold (5 s), silver (270 s), gold (415 s). Who left after 120 s leaves in any case.
    assert_eq!(mean("what_if", "gold"), 210_000);
    assert_eq!(mean("what_if", "silver"), 195_000);
    for side in ["in_force", "what_if"] {
        assert_eq!(figures[side]["total"]["abandoned"], 1);
        // 290, 170 and 120 s: 3.90 + 2.70 + 2.20 EUR.
        assert_eq!(figures[side]["earnings"]["most"], 880);
    }
}

#[test]
fn the_table_shows_both_sides_and_the_difference() {
    let world = World::new();
    let output = world.what_if(r#"{"head_start_seconds": 0}"#, &[]);
    let table = String::from_utf8(output.stdout).unwrap();
    let (_, gold) = table.split_once("gold: 2 tickets").unwrap();
    let row = gold.lines().find(|row| row.contains("wait, mean"));
    let cells: Vec<&str> = row.unwrap().split_whitespace().skip(2).collect();
    assert_eq!(cells, ["122.5", "s", "210.0", "s", "+87.5", "s"]);
    assert!(table.contains("8.80 EUR"), "{table}");
}

#[test]
fn a_policy_that_cannot_be_used_is_refused_by_the_name_of_its_field() {
    let world = World::new();
    let refusals = [
        (
            r#"{"weights": {"skill": -1}}"#,
            "weights.skill must be 0 to 10000",
        ),
        (
            r#"{"weights": {"skill": "high"}}"#,
            "weights.skill: invalid type",
        ),
        (r#"{"weigths": {}}"#, "unknown field `weigths`"),
        (r"{} {}", "something follows it"),
        (
            r#"{"overflow": {"queue": "nowhere", "after_seconds": 60}}"#,
            "overflow.queue must be another queue",
        ),
    ];
    for (policy, why) in refusals {
        let output = world.what_if(policy, &[]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{policy}");
        assert!(said.contains(why), "{policy}: {said}");
    }
    let output = world.what_if("{}", &["--queue", "nowhere"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("there is no queue nowhere"), "{said}");
}
