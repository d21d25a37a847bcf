//! Whatever the work is, the books agree with it.

use chrono::TimeDelta;
use db::testing::sandbox;
use kernel::{Money, PageRequest};
use payouts::{accrue, publish_rate_card, settle_run};
use proptest::prelude::*;

use crate::world::{EUR, World as _, card, rate};

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lines_balances_and_runs_agree_to_the_cent(
        per_engagement in 0_u32..100_000,
        per_minute in 1_u32..20_000,
        minimum in 0_i32..600,
        works in proptest::collection::vec((0_usize..3, 1_i32..10_000), 1..12),
    ) {
        let mut db = sandbox();
        db.queue("vip");
        let by = db.account();
        let agents = [db.paid_agent(), db.paid_agent(), db.paid_agent()];
        let decimal = |n: u32| format!("{}.{:04}", n / 10_000, n % 10_000);
        let rates = [rate("vip", &decimal(per_engagement), &decimal(per_minute), minimum)];
        let input = card(db.now - TimeDelta::days(1), &rates);
        db.write(|tx| publish_rate_card(tx, &input, by)).unwrap();

        let mut earned = [0_i64; 3];
        for (agent, seconds) in works {
            let work = db.work(agents[agent], seconds);
            earned[agent] += db.write(|tx| accrue(tx, &work)).unwrap().amount_minor;
        }
        for (agent, earned) in agents.into_iter().zip(earned) {
            let summary = db.read(|conn| payouts::earnings_summary(conn, agent, EUR)).unwrap();
            prop_assert_eq!(summary.balance, Money::new(earned, EUR));
            prop_assert_eq!(summary.earned, Money::new(earned, EUR));
        }
        let total: i64 = earned.iter().sum();
        if total == 0 {
            return Ok(());
        }
        let run = db.exported_run();
        let prepared = db.read(|conn| payouts::run(conn, run)).unwrap().unwrap();
        prop_assert_eq!(prepared.total_minor, total);
        let items = db.read(|conn| payouts::items(conn, run, &PageRequest::first())).unwrap().items;
        prop_assert_eq!(items.iter().map(|item| item.amount_minor).sum::<i64>(), total);

        db.write(|tx| settle_run(tx, run)).unwrap();
        for (agent, earned) in agents.into_iter().zip(earned) {
            let summary = db.read(|conn| payouts::earnings_summary(conn, agent, EUR)).unwrap();
            prop_assert_eq!(summary.balance, Money::zero(EUR));
            prop_assert_eq!(summary.paid, Money::new(earned, EUR));
        }
        let balances = db.read(payouts::trial_balance).unwrap();
        prop_assert_eq!(balances.iter().map(|account| account.balance_minor).sum::<i64>(), 0);
        db.check_constraints().unwrap();
        db.assert_promises();
    }
}
