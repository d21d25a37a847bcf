//! What a payout run pays, by name.

use kernel::{AgentId, Currency, Money, PageRequest, PayoutItemId, PayoutRunId};

use crate::world::World;

fn run(world: &mut World, agents: &[AgentId]) -> PayoutRunId {
    let (id, preparer) = (PayoutRunId::new(), world.account("Pia"));
    let count = agents.len();
    world.sandbox.sql(&format!(
        "INSERT INTO payouts.payout_runs (id, period_start, period_end, currency, status, \
         item_count, line_count, total_minor, created_by, created_at) VALUES ('{}', \
         '2026-11-01Z', '2026-11-08Z', 'EUR', 'closed', {count}, {count}, {}, '{}', now())",
        id.uuid(),
        count * 450,
        preparer.uuid(),
    ));
    for agent in agents {
        world.sandbox.sql(&format!(
            "INSERT INTO payouts.payout_items (id, run_id, agent_id, amount_minor, line_count, \
             payee_name, street, postcode, city, country, iban_ciphertext, iban_masked) VALUES \
             ('{}', '{}', '{}', 450, 1, 'A. Holder', 'S', '1', 'C', 'DE', \
             decode(repeat('00', 48), 'hex'), 'DE•• … 3000')",
            PayoutItemId::new().uuid(),
            id.uuid(),
            agent.uuid(),
        ));
    }
    id
}

#[test]
fn items_are_listed_with_the_agents_names_in_the_order_of_the_file() {
    let mut world = World::new();
    let agents = [world.agent("Zoe"), world.agent("Ada"), world.agent("Ben")];
    let other = [world.agent("Cid")];
    let id = run(&mut world, &agents);
    run(&mut world, &other);
    let mut read = |after| {
        let page = PageRequest::new(after, Some(2));
        world
            .sandbox
            .read(|conn| reports::payout_items(conn, id, &page))
            .unwrap()
    };
    let first = read(None);
    assert_eq!(
        (first.items[0].agent_id, first.items[0].agent_name.as_str()),
        (agents[0], "Zoe")
    );
    assert_eq!(first.items[0].payee_name, "A. Holder");
    assert_eq!(first.items[0].amount(), Money::new(450, Currency::EUR));
    let second = read(Some(first.next.unwrap().parse().unwrap()));
    assert_eq!(second.items.len(), 1);
    assert_eq!(
        (second.items[0].agent_name.as_str(), second.next),
        ("Ben", None)
    );
}
