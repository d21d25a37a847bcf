//! Policies: published by version, in force at once, refused where they make no sense.

use dispatch::{Error, NewPolicy};
use kernel::Classify as _;
use routing::{Overflow, Policy};

use crate::arrange::{agent, escalate, escalation, floor, run_matcher, ticket};

fn policy(policy: Policy) -> NewPolicy {
    NewPolicy {
        queue: "general".to_owned(),
        policy,
        note: "for the test".to_owned(),
        created_by: "Sam".to_owned(),
    }
}

#[test]
fn a_policy_is_in_force_for_the_next_offer_and_on_record_with_it() {
    let mut sandbox = floor();
    let agent = agent(&mut sandbox);
    ticket(&mut sandbox, "1");
    let longer = policy(Policy {
        offer_seconds: 45,
        ..Policy::default()
    });
    let published = sandbox
        .write(|tx| dispatch::publish_policy(tx, &longer, Some(2)))
        .unwrap();
    assert_eq!(published.version, 3);
    let offer = run_matcher(&mut sandbox, &[&agent]).remove(0);
    assert_eq!((offer.expires_at - offer.offered_at).num_seconds(), 45);
    assert_eq!(offer.policy_version, Some(3));
    sandbox.assert_promises();
}

#[test]
fn two_editors_do_not_overwrite_each_other_unseen() {
    let mut sandbox = floor();
    let first =
        sandbox.write(|tx| dispatch::publish_policy(tx, &policy(Policy::default()), Some(2)));
    first.unwrap();
    let second =
        sandbox.write(|tx| dispatch::publish_policy(tx, &policy(Policy::default()), Some(2)));
    assert!(matches!(second, Err(Error::PolicyChanged)), "{second:?}");
}

#[test]
fn a_policy_that_makes_no_sense_is_refused_field_by_field() {
    let mut sandbox = floor();
    let wrong = policy(Policy {
        simultaneous_offers: 0,
        head_start_seconds: -1,
        ..Policy::default()
    });
    let refused = sandbox.write(|tx| dispatch::publish_policy(tx, &wrong, None));
    let fields: Vec<String> = refused
        .unwrap_err()
        .fields()
        .iter()
        .map(|fault| fault.field.clone())
        .collect();
    assert_eq!(
        fields,
        ["policy.head_start_seconds", "policy.simultaneous_offers"]
    );
    for queue in ["nowhere", "general"] {
        let to_nowhere = policy(Policy {
            overflow: Some(Overflow {
                queue: queue.to_owned(),
                after_seconds: 60,
            }),
            ..Policy::default()
        });
        let refused = sandbox.write(|tx| dispatch::publish_policy(tx, &to_nowhere, None));
        assert_eq!(
            refused.unwrap_err().fields()[0].field,
            "policy.overflow.queue"
        );
    }
}

#[test]
fn what_waits_takes_the_place_that_a_new_head_start_gives_it() {
    let mut sandbox = floor();
    let agent = agent(&mut sandbox);
    let plain = ticket(&mut sandbox, "1");
    sandbox.now += chrono::TimeDelta::minutes(20);
    let mut urgent = escalation("2");
    urgent.priority = Some(9);
    let urgent = sandbox.write(|tx| escalate(tx, urgent)).unwrap();
    // Without a head start the first comes first.
    let none = policy(Policy {
        head_start_seconds: 0,
        ..Policy::default()
    });
    sandbox
        .write(|tx| dispatch::publish_policy(tx, &none, None))
        .unwrap();
    let agent_with_one = [&agent];
    let units = dispatch::Capacity {
        total: 1,
        chat: None,
        message: None,
    };
    sandbox
        .write(|tx| dispatch::set_capacity(tx, agent.agent_id, units))
        .unwrap();
    let offer = run_matcher(&mut sandbox, &agent_with_one).remove(0);
    assert_eq!(offer.ticket_id, plain.id);
    assert_ne!(offer.ticket_id, urgent.id);
}
