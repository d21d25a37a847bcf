//! Rows of other domains, and the usual inputs.

use chrono::{DateTime, TimeDelta, Utc};
use db::{
    Tx,
    testing::{Sandbox, TestDatabase},
};
use diesel::{
    Connection as _, PgConnection, QueryResult, connection::SimpleConnection as _,
    result::Error as DieselError,
};
use kernel::{AccountId, AgentId, Currency, EngagementId, OfferId, PayoutRunId, TicketId};
use payouts::{
    EarningLine, Error, PayeeInput, Prepared, RateCard, RateCardInput, RateInput, Vault, Work,
};

pub const EUR: Currency = Currency::EUR;
pub const IBAN: &str = "DE89 3704 0044 0532 0130 00";

/// A place where a test can arrange things and run commands.
pub trait World {
    fn now(&mut self) -> DateTime<Utc>;
    fn arrange(&mut self, statements: &str);
    fn command<T>(&mut self, work: impl FnMut(&mut Tx<'_>) -> Result<T, Error>)
    -> Result<T, Error>;

    /// Runs statements in a transaction of their own, and returns the rule that refused them: the
    /// constraint's name, else the message.
    fn refusal(&mut self, statements: &str) -> String;

    fn account(&mut self) -> AccountId {
        let id = AccountId::new();
        let uuid = id.uuid();
        self.arrange(&format!(
            "INSERT INTO identity.accounts VALUES ('{uuid}', '{uuid}@example.com', 'Somebody', \
             'x', 'finance_preparer', 'active', now())"
        ));
        id
    }

    fn agent(&mut self) -> AgentId {
        let (id, account) = (AgentId::new(), self.account());
        let (uuid, account) = (id.uuid(), account.uuid());
        self.arrange(&format!(
            "INSERT INTO onboarding.agents (id, account_id, customer_ref, tier, customer_since, \
             country, email, display_name, status, created_at) VALUES ('{uuid}', '{account}', \
             '{uuid}', 'gold', '2020-01-01', 'DE', '{uuid}@example.com', 'Ada', 'applying', now())"
        ));
        id
    }

    fn paid_agent(&mut self) -> AgentId {
        let agent = self.agent();
        self.command(|tx| payouts::save_payee(tx, &vault(), agent, &payee_input()))
            .unwrap();
        agent
    }

    fn queue(&mut self, code: &str) {
        self.arrange(&format!(
            "INSERT INTO dispatch.queues VALUES ('{code}', '{code}', 60, 60, 1, now(), 1); \
             INSERT INTO dispatch.policies VALUES \
             ('{code}', 1, '{{}}', 'for the test', 'test', now())"
        ));
    }

    /// An engagement that ended well, to be paid.
    fn work(&mut self, agent: AgentId, handled_seconds: i32) -> Work {
        let (ticket, engagement) = (TicketId::new(), EngagementId::new());
        let [t, o, e, a] = [
            ticket.uuid(),
            OfferId::new().uuid(),
            engagement.uuid(),
            agent.uuid(),
        ];
        self.arrange(&format!(
            "INSERT INTO dispatch.tickets (id, source, external_id, queue, language, \
             required_skills, customer_ref, customer_name, customer_tier, customer_locale, reason, \
             summary, priority, weight, status, created_at, waiting_since, first_reply_due_at, \
             closed_at, rank_at, put_aside_at, holder) VALUES ('{t}', 'app', '{t}', 'vip', 'en', '{{}}', 'c-{t}', 'Cy', 'gold', \
             'en', 'vip', '', 5, 1, 'resolved', now(), now(), now(), now(), now(), now(), 'assistant'); \
             INSERT INTO dispatch.offers VALUES ('{o}', '{t}', '{a}', 'match', 'accepted', 1, 0, \
             now(), now(), now(), NULL); \
             INSERT INTO dispatch.engagements (id, ticket_id, agent_id, offer_id, weight, status, \
             started_at, ended_at, disposition) VALUES ('{e}', '{t}', '{a}', '{o}', 1, 'resolved', \
             now(), now(), 'solved')"
        ));
        Work {
            agent_id: agent,
            engagement_id: engagement,
            ticket_id: ticket,
            queue: "vip".to_owned(),
            handled_seconds,
            is_part: false,
            earned_at: self.now() - TimeDelta::hours(1),
        }
    }

    /// Queue `vip` at 2.50 EUR an engagement and 0.30 EUR a minute, for the last ten days.
    fn priced(&mut self) -> RateCard {
        self.queue("vip");
        let by = self.account();
        let input = card(
            self.now() - TimeDelta::days(10),
            &[rate("vip", "2.50", "0.30", 0)],
        );
        self.command(|tx| payouts::publish_rate_card(tx, &input, by))
            .unwrap()
    }

    /// Work of 400 seconds, 4.50 EUR, earned.
    fn earn(&mut self, agent: AgentId) -> EarningLine {
        let work = self.work(agent, 400);
        self.command(|tx| payouts::accrue(tx, &work)).unwrap()
    }

    /// A run of everything that is due now.
    fn prepare(&mut self, by: AccountId) -> Result<Prepared, Error> {
        let end = self.now();
        let start = end - TimeDelta::days(7);
        self.command(|tx| payouts::prepare_run(tx, start, end, EUR, by))
    }

    fn approved_run(&mut self) -> PayoutRunId {
        let (preparer, approver) = (self.account(), self.account());
        let id = self.prepare(preparer).unwrap().run.id;
        self.command(|tx| payouts::approve_run(tx, id, approver))
            .unwrap();
        id
    }

    fn exported_run(&mut self) -> PayoutRunId {
        let id = self.approved_run();
        self.command(|tx| payouts::export_run(tx, &vault(), id))
            .unwrap();
        id
    }
}

impl World for Sandbox {
    fn now(&mut self) -> DateTime<Utc> {
        self.now
    }
    fn arrange(&mut self, statements: &str) {
        self.sql(statements);
    }
    fn command<T>(
        &mut self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.write(work)
    }
    fn refusal(&mut self, statements: &str) -> String {
        named(self.read(|conn| {
            conn.batch_execute(statements)?;
            conn.batch_execute("SET CONSTRAINTS ALL IMMEDIATE")
        }))
    }
}

impl World for TestDatabase {
    fn now(&mut self) -> DateTime<Utc> {
        self.db().now()
    }
    fn arrange(&mut self, statements: &str) {
        self.sql(statements);
    }
    fn command<T>(
        &mut self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.db().write_blocking("test", work)
    }
    fn refusal(&mut self, statements: &str) -> String {
        let mut conn = PgConnection::establish(&self.url()).unwrap();
        named(conn.transaction(|conn| conn.batch_execute(statements)))
    }
}

fn named(outcome: QueryResult<()>) -> String {
    match outcome {
        Err(DieselError::DatabaseError(_, rule)) => rule
            .constraint_name()
            .unwrap_or_else(|| rule.message())
            .to_owned(),
        other => format!("{other:?}"),
    }
}

pub fn vault() -> Vault {
    Vault::new(b"a secret of thirty-two bytes or more").unwrap()
}

pub fn payee_input() -> PayeeInput {
    PayeeInput {
        name: "Ada Lovelace".to_owned(),
        street: "Unter den Linden".to_owned(),
        building: Some("6".to_owned()),
        postcode: "10117".to_owned(),
        city: "Berlin".to_owned(),
        country: "DE".to_owned(),
        iban: IBAN.to_owned(),
    }
}

pub fn rate(queue: &str, per_engagement: &str, per_minute: &str, minimum: i32) -> RateInput {
    RateInput {
        queue: queue.to_owned(),
        per_engagement: per_engagement.parse().unwrap(),
        per_minute: per_minute.parse().unwrap(),
        minimum_seconds: minimum,
    }
}

pub fn card(valid_from: DateTime<Utc>, rates: &[RateInput]) -> RateCardInput {
    RateCardInput {
        name: "Standard".to_owned(),
        currency: "EUR".to_owned(),
        valid_from,
        rates: rates.to_vec(),
    }
}
