//! Two at once. Each race has a control: the same race against a careless version, which must
//! show the fault that ours must not have.

use std::{
    sync::{Arc, Barrier},
    thread,
};

use chrono::TimeDelta;
use db::{Db, testing::TestDatabase};
use diesel::RunQueryDsl as _;
use dispatch::{
    Candidate, ControlChange, ControlVerb, DeclineReason, Error, Holder, NewMessage, ReleaseReason,
};
use routing::Objection;

use crate::arrange::{claim, match_tickets, shared_agent, shared_floor, shared_ticket};

/// So long a transaction thinks while another waits for it.
const THOUGHT: std::time::Duration = std::time::Duration::from_millis(300);

/// Runs the same work on many threads at the same moment.
pub fn at_once<T: Send + 'static>(
    count: usize,
    db: &Db,
    work: impl Fn(usize, &Db) -> T + Send + Sync + 'static,
) -> Vec<T> {
    let (barrier, work) = (Arc::new(Barrier::new(count)), Arc::new(work));
    let threads: Vec<_> = (0..count)
        .map(|index| {
            let (barrier, work, db) = (barrier.clone(), work.clone(), db.clone());
            thread::spawn(move || {
                barrier.wait();
                work(index, &db)
            })
        })
        .collect();
    threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect()
}

fn agents(database: &mut TestDatabase, count: usize) -> Vec<Candidate> {
    (0..count).map(|_| shared_agent(database)).collect()
}

#[test]
fn a_ticket_claimed_by_many_goes_to_one() {
    let mut database = shared_floor();
    let agents = agents(&mut database, 8);
    let db = database.db();
    for round in 0..5 {
        let ticket = shared_ticket(&mut database, &round.to_string());
        let everybody = agents.clone();
        let outcomes = at_once(8, &db, move |index, db| {
            db.write_blocking("claim", |tx| claim(tx, ticket.id, &everybody[index]))
        });
        let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        // Who holds two tickets by now is at the limit; everybody else hears that it is taken.
        assert_eq!(won, 1, "{outcomes:?}");
        for lost in outcomes.into_iter().filter_map(Result::err) {
            assert!(
                matches!(lost, Error::TicketTaken | Error::AtCapacity),
                "{lost:?}"
            );
        }
    }
    database.assert_promises();
}

#[test]
fn control_a_careless_claim_gives_a_ticket_to_many() {
    let mut database = shared_floor();
    let agents = agents(&mut database, 4);
    let ticket = shared_ticket(&mut database, "1");
    database.sql("DROP INDEX dispatch.engagements_one_live_per_ticket");
    let id = ticket.id.uuid();
    at_once(4, &database.db(), move |index, db| {
        let agent = agents[index].agent_id.uuid();
        let (offer, engagement) = (kernel::OfferId::new(), kernel::EngagementId::new());
        // Looks, thinks, and then writes, with nothing locked.
        let statement = format!(
            "DO $$ BEGIN
                IF (SELECT status FROM dispatch.tickets WHERE id = '{id}') = 'waiting' THEN
                    PERFORM pg_sleep(0.2);
                    INSERT INTO dispatch.offers VALUES ('{offer}', '{id}', '{agent}', 'claim',
                        'accepted', 1, 0, now(), now(), now());
                    INSERT INTO dispatch.engagements (id, ticket_id, agent_id, offer_id, weight,
                        status, started_at)
                    VALUES ('{engagement}', '{id}', '{agent}', '{offer}', 1, 'talking', now());
                    UPDATE dispatch.tickets SET status = 'engaged', holder = 'agent',
                        control_epoch = control_epoch + (holder <> 'agent')::integer
                     WHERE id = '{id}';
                END IF;
             END $$",
            offer = offer.uuid(),
            engagement = engagement.uuid(),
        );
        let outcome: Result<_, Error> = db.write_blocking("careless", |tx| {
            Ok(diesel::sql_query(&statement).execute(tx.conn())?)
        });
        outcome.unwrap();
    });
    let live = database.number("SELECT count(*) FROM dispatch.engagements WHERE ended_at IS NULL");
    assert!(live > 1, "the careless claim was not caught: {live}");
}

#[test]
fn an_offer_is_either_accepted_or_timed_out() {
    let mut database = shared_floor();
    let agent = shared_agent(&mut database);
    let db = database.db();
    let mut accepted = 0;
    for round in 0..12 {
        let ticket = shared_ticket(&mut database, &round.to_string());
        let present = [agent.clone()];
        let offer = db
            .write_blocking("match", |tx| crate::arrange::match_tickets(tx, &present))
            .unwrap()
            .remove(0);
        // Accepting reads the clock a moment before the offer ends, expiring a moment after.
        db.clock()
            .advance(offer.expires_at - db.now() - TimeDelta::microseconds(300));
        let agent_id = agent.agent_id;
        let outcomes = at_once(2, &db, move |index, db| {
            if index == 0 {
                db.write_blocking("accept", |tx| dispatch::accept(tx, offer.id, agent_id))
                    .is_ok()
            } else {
                thread::sleep(std::time::Duration::from_micros(300 * (round % 4)));
                !db.write_blocking("expire", dispatch::expire_offers)
                    .unwrap()
                    .is_empty()
            }
        });
        assert!(
            !(outcomes[0] && outcomes[1]),
            "accepted and timed out at once"
        );
        accepted += u32::from(outcomes[0]);
        db.write_blocking("expire", |tx| {
            tx.ring(db::Topic::Match);
            dispatch::expire_offers(tx).map(drop)
        })
        .unwrap();
        let left = db
            .write_blocking("leave", |tx| dispatch::leave(tx, ticket.id))
            .unwrap();
        database.assert_promises();
        finish(&db, &left, agent_id);
    }
    eprintln!("{accepted} of 12 offers were accepted in time");
}

/// Ends what the agent has in hand, so that there is room for the next round.
fn finish(db: &Db, ticket: &dispatch::Ticket, agent: kernel::AgentId) {
    let id = ticket.id;
    let last: Result<_, Error> =
        db.read_blocking(|conn| Ok(dispatch::queries::last_engagement(conn, id)?));
    if let Some(engagement) = last.unwrap() {
        db.write_blocking("lose", |tx| dispatch::release_lost(tx, agent))
            .unwrap();
        db.write_blocking("leave", |tx| dispatch::leave(tx, engagement.ticket_id))
            .unwrap();
    }
}

#[test]
fn control_a_careless_timeout_ends_an_offer_that_was_accepted() {
    let mut database = shared_floor();
    let agent = shared_agent(&mut database);
    shared_ticket(&mut database, "1");
    let db = database.db();
    let present = [agent.clone()];
    let offer = db
        .write_blocking("match", |tx| crate::arrange::match_tickets(tx, &present))
        .unwrap()
        .remove(0);
    let agent_id = agent.agent_id;
    at_once(2, &db, move |index, db| {
        let outcome: Result<(), Error> = if index == 0 {
            // Looks while the offer is pending, and writes after it was accepted.
            let statement = format!(
                "DO $$ BEGIN
                    IF (SELECT status FROM dispatch.offers WHERE id = '{0}') = 'pending' THEN
                        PERFORM pg_sleep(0.5);
                        UPDATE dispatch.offers SET status = 'timed_out', closed_at = now()
                         WHERE id = '{0}';
                    END IF;
                 END $$",
                offer.id.uuid()
            );
            db.write_blocking("careless", |tx| {
                diesel::sql_query(&statement).execute(tx.conn())?;
                Ok(())
            })
        } else {
            thread::sleep(std::time::Duration::from_millis(150));
            db.write_blocking("accept", |tx| {
                dispatch::accept(tx, offer.id, agent_id).map(drop)
            })
        };
        outcome.unwrap();
    });
    let broken = database.number(
        "SELECT count(*) FROM dispatch.offers o JOIN dispatch.engagements e ON e.offer_id = o.id
          WHERE o.status = 'timed_out' AND e.ended_at IS NULL",
    );
    assert_eq!(broken, 1, "the careless timeout did no harm");
}

#[test]
fn matchers_at_once_never_overload_anybody() {
    let mut database = shared_floor();
    let agents = agents(&mut database, 5);
    for number in 0..40 {
        shared_ticket(&mut database, &number.to_string());
    }
    let db = database.db();
    at_once(6, &db, move |_, db| {
        for _ in 0..5 {
            db.write_blocking("match", |tx| crate::arrange::match_tickets(tx, &agents))
                .unwrap();
        }
    });
    let offers = database.number("SELECT count(*) FROM dispatch.offers WHERE status = 'pending'");
    assert_eq!(offers, 10, "five agents with two units each");
    database.assert_promises();
}

#[test]
fn messages_sent_at_once_are_numbered_without_a_gap() {
    let mut database = shared_floor();
    let ticket = shared_ticket(&mut database, "1");
    let id = ticket.id;
    at_once(8, &database.db(), move |index, db| {
        for number in 0..5 {
            // Every message is sent twice, as by a phone with a bad connection.
            for _ in 0..2 {
                let said = NewMessage {
                    client_id: format!("{index}-{number}"),
                    body: "words".to_owned(),
                };
                db.write_blocking("say", |tx| dispatch::say_as_customer(tx, id, &said))
                    .unwrap();
            }
        }
    });
    // The first tells the customer of the handoff.
    assert_eq!(
        database.number("SELECT count(*) FROM dispatch.messages"),
        41
    );
    assert_eq!(
        database.number("SELECT max(number) FROM dispatch.messages"),
        41
    );
    database.assert_promises();
}

#[test]
fn one_escalation_sent_by_many_is_one_ticket() {
    let mut database = shared_floor();
    let outcomes = at_once(8, &database.db(), |_, db| {
        let handoff = crate::arrange::escalation("the same");
        db.write_blocking("escalate", |tx| {
            crate::arrange::escalate(tx, handoff.clone())
        })
        .is_ok()
    });
    assert_eq!(outcomes.into_iter().filter(|won| *won).count(), 1);
    assert_eq!(database.number("SELECT count(*) FROM dispatch.tickets"), 1);
}

/// A conversation that the assistant holds, while an agent is looked for.
fn offered_by_assistant(database: &mut TestDatabase, external_id: &str) -> dispatch::Ticket {
    let mut ticket = shared_ticket(database, external_id);
    let verbs = [
        ControlVerb::Request,
        ControlVerb::Accept,
        ControlVerb::Offer,
    ];
    for verb in verbs {
        let (id, epoch) = (ticket.id, ticket.control.epoch);
        ticket = database
            .db()
            .write_blocking("control", |tx| {
                dispatch::control(tx, id, &ControlChange::new(verb, epoch))
            })
            .unwrap();
    }
    ticket
}

fn words(client_id: &str) -> NewMessage {
    NewMessage {
        client_id: client_id.to_owned(),
        body: "words".to_owned(),
    }
}

fn look(db: &Db, id: kernel::TicketId) -> dispatch::Ticket {
    let found: Result<_, Error> = db.read_blocking(|conn| Ok(dispatch::queries::ticket(conn, id)?));
    found.unwrap().unwrap()
}

#[test]
fn an_assistants_message_comes_before_the_handoff_or_not_at_all() {
    let mut database = shared_floor();
    let db = database.db();
    let mut delivered = 0;
    for round in 0..12 {
        let agent = shared_agent(&mut database);
        let ticket = offered_by_assistant(&mut database, &round.to_string());
        let (id, epoch) = (ticket.id, ticket.control.epoch);
        let outcomes = at_once(2, &db, move |index, db| {
            if index == 0 {
                db.write_blocking("claim", |tx| claim(tx, id, &agent))
                    .map(drop)
            } else {
                thread::sleep(std::time::Duration::from_micros(400 * (round % 4)));
                db.write_blocking("say", |tx| {
                    dispatch::say_as_assistant(tx, id, epoch, &words("late"))
                })
                .map(drop)
            }
        });
        assert!(outcomes[0].is_ok(), "{outcomes:?}");
        match &outcomes[1] {
            Ok(()) => delivered += 1,
            Err(error) => assert!(matches!(error, Error::StaleEpoch(_)), "{error:?}"),
        }
        let now = look(&db, id);
        let seen = now.control.resume_after - ticket.message_count;
        assert_eq!(
            seen,
            i32::from(outcomes[1].is_ok()),
            "what was delivered was seen"
        );
        database.assert_promises();
    }
    eprintln!("{delivered} of 12 messages came before the handoff");
}

#[test]
fn control_without_the_epoch_an_assistants_message_comes_after_the_handoff() {
    let mut database = shared_floor();
    let db = database.db();
    let agent = shared_agent(&mut database);
    let ticket = offered_by_assistant(&mut database, "1");
    let id = ticket.id;
    // Looks who holds it, thinks, and then writes, whoever holds it by now.
    let statement = format!(
        "DO $$ BEGIN
            IF (SELECT holder FROM dispatch.tickets WHERE id = '{0}') = 'assistant' THEN
                PERFORM pg_sleep(0.5);
                UPDATE dispatch.tickets SET message_count = message_count + 1 WHERE id = '{0}';
                INSERT INTO dispatch.messages (ticket_id, number, author, client_id, body, sent_at)
                SELECT id, message_count, 'assistant', 'late', 'words', now()
                  FROM dispatch.tickets WHERE id = '{0}';
            END IF;
         END $$",
        id.uuid()
    );
    at_once(2, &db, move |index, db| {
        let outcome: Result<(), Error> = if index == 0 {
            thread::sleep(std::time::Duration::from_millis(150));
            db.write_blocking("claim", |tx| claim(tx, id, &agent).map(drop))
        } else {
            db.write_blocking("careless", |tx| {
                diesel::sql_query(&statement).execute(tx.conn())?;
                Ok(())
            })
        };
        outcome.unwrap();
    });
    let broken: Result<Vec<_>, Error> = db.read_blocking(|conn| Ok(db::verify::broken(conn)?));
    let broken = broken.unwrap();
    assert!(
        broken
            .iter()
            .any(|broken| broken.promise.contains("assistant says nothing")),
        "the careless message was not caught: {broken:?}"
    );
}

#[test]
fn of_two_who_pass_at_once_one_does_and_the_other_hears_who_has_it() {
    let mut database = shared_floor();
    let db = database.db();
    for round in 0..6 {
        let ticket = offered_by_assistant(&mut database, &round.to_string());
        let (id, epoch) = (ticket.id, ticket.control.epoch);
        let outcomes = at_once(2, &db, move |_, db| {
            db.write_blocking("pass", |tx| {
                dispatch::control(tx, id, &ControlChange::new(ControlVerb::Pass, epoch))
            })
        });
        let passed = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(passed, 1, "{outcomes:?}");
        for refused in outcomes.into_iter().filter_map(Result::err) {
            let Error::StaleEpoch(control) = refused else {
                panic!("{refused:?}");
            };
            assert_eq!((control.holder, control.epoch), (Holder::Queue, epoch + 1));
        }
        let now = look(&db, id);
        assert_eq!(now.control.epoch, epoch + 1);
        assert_eq!(now.message_count, ticket.message_count + 1, "told once");
    }
    database.assert_promises();
}

#[test]
fn what_was_requested_of_an_agent_is_not_accepted_after_the_agent_gave_it_to_the_queue() {
    let mut database = shared_floor();
    let db = database.db();
    for round in 0..6 {
        let agent = shared_agent(&mut database);
        let ticket = shared_ticket(&mut database, &round.to_string());
        let (id, agent_id) = (ticket.id, agent.agent_id);
        let engagement = db
            .write_blocking("claim", |tx| claim(tx, id, &agent))
            .unwrap()
            .engagement
            .id;
        let epoch = look(&db, id).control.epoch;
        db.write_blocking("request", |tx| {
            dispatch::control(tx, id, &ControlChange::new(ControlVerb::Request, epoch))
        })
        .unwrap();
        let outcomes = at_once(2, &db, move |index, db| {
            if index == 0 {
                db.write_blocking("release", |tx| {
                    dispatch::release(tx, engagement, agent_id, ReleaseReason::Other).map(drop)
                })
            } else {
                db.write_blocking("accept", |tx| {
                    dispatch::control(tx, id, &ControlChange::new(ControlVerb::Accept, epoch))
                        .map(drop)
                })
            }
        });
        assert!(outcomes[0].is_ok(), "{outcomes:?}");
        let refused = outcomes[1].as_ref().unwrap_err();
        assert!(
            matches!(refused, Error::StaleEpoch(_) | Error::ControlNotOffered(_)),
            "{refused:?}"
        );
        assert_eq!(look(&db, id).control.holder, Holder::Queue);
    }
    database.assert_promises();
}

/// Lets an agent decline an offer, and look at the ticket from elsewhere while that is under way.
fn looked_while_declining<T: Send>(
    database: &mut TestDatabase,
    look: impl FnOnce(&mut db::Tx<'_>, kernel::TicketId, &Candidate) -> Result<T, Error> + Send,
) -> Result<T, Error> {
    let ada = shared_agent(database);
    let ticket = shared_ticket(database, "1");
    let db = database.db();
    let offers = db.write_blocking("match", |tx| match_tickets(tx, std::slice::from_ref(&ada)));
    let offer = offers.unwrap().remove(0);
    let declined = Barrier::new(2);
    let mut look = Some(look);
    thread::scope(|scope| {
        scope.spawn(|| {
            let declining = db.write_blocking("decline", |tx| {
                let reason = DeclineReason::Break;
                let declining = dispatch::decline(tx, offer.id, ada.agent_id, reason)?;
                declined.wait();
                thread::sleep(THOUGHT);
                Ok::<_, Error>(declining)
            });
            declining.unwrap();
        });
        declined.wait();
        db.write_blocking("look", |tx| {
            look.take()
                .map_or(Err(Error::Contended), |look| look(tx, ticket.id, &ada))
        })
    })
}

#[test]
fn a_claim_that_waits_for_a_decline_heeds_it() {
    let mut database = shared_floor();
    let claimed = looked_while_declining(&mut database, claim);
    assert!(
        matches!(claimed, Err(Error::NotEligible(Objection::Declined))),
        "{claimed:?}"
    );
    database.assert_promises();
}

#[test]
fn control_who_reads_the_declines_while_locking_does_not_see_the_one_it_waited_for() {
    #[derive(diesel::QueryableByName)]
    struct Seen {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        declines: i64,
    }
    let mut database = shared_floor();
    let seen = looked_while_declining(&mut database, |tx, ticket, ada| {
        let careless = format!(
            "SELECT (SELECT count(*) FROM dispatch.offers o
                      WHERE o.ticket_id = '{}' AND o.status = 'declined') AS declines
               FROM dispatch.workloads w WHERE w.agent_id = '{}' FOR UPDATE",
            ticket.uuid(),
            ada.agent_id.uuid(),
        );
        Ok(diesel::sql_query(careless).get_result::<Seen>(tx.conn())?)
    });
    assert_eq!(seen.unwrap().declines, 0);
}
