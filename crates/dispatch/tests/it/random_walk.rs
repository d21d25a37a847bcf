//! Anything can happen in any order, and every promise of dispatch still holds.

use chrono::TimeDelta;
use db::testing::Sandbox;
use dispatch::{
    Candidate, ControlChange, ControlVerb, DeclineReason, Destination, Disposition, NewMessage,
    ReleaseReason, WrapUp,
};
use kernel::TicketId;
use proptest::prelude::*;

use crate::arrange::{agent, claim, close_due, escalation, floor, keep_deadlines, look, said};

#[derive(Clone, Copy, Debug)]
enum Step {
    Escalate,
    Match,
    Accept(usize),
    Decline(usize),
    Claim(usize, usize),
    Say(usize),
    WrapUp(usize),
    Resolve(usize),
    Leave(usize),
    Lose(usize),
    LoseTalk(usize),
    Extend(usize),
    HandOn(usize),
    HandTo(usize, usize),
    Release(usize),
    HandBack(usize),
    Write(usize),
    Reopen(usize),
    Return(usize),
    Control(usize, ControlVerb),
    SayAsAssistant(usize),
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Escalate),
        3 => Just(Step::Match),
        3 => (0..3_usize).prop_map(Step::Accept),
        1 => (0..3_usize).prop_map(Step::Decline),
        2 => (0..3_usize, 0..9_usize).prop_map(|(agent, ticket)| Step::Claim(agent, ticket)),
        3 => (0..3_usize).prop_map(Step::Say),
        1 => (0..3_usize).prop_map(Step::WrapUp),
        2 => (0..3_usize).prop_map(Step::Resolve),
        1 => (0..9_usize).prop_map(Step::Leave),
        1 => (0..3_usize).prop_map(Step::Lose),
        1 => (0..3_usize).prop_map(Step::LoseTalk),
        1 => (0..3_usize).prop_map(Step::Extend),
        1 => (0..3_usize).prop_map(Step::HandOn),
        2 => (0..3_usize, 0..3_usize).prop_map(|(from, to)| Step::HandTo(from, to)),
        1 => (0..3_usize).prop_map(Step::Release),
        1 => (0..3_usize).prop_map(Step::HandBack),
        2 => (0..9_usize).prop_map(Step::Write),
        1 => (0..9_usize).prop_map(Step::Reopen),
        1 => (0..9_usize).prop_map(Step::Return),
        2 => (0..9_usize, proptest::sample::select(ControlVerb::ALL))
            .prop_map(|(ticket, verb)| Step::Control(ticket, verb)),
        2 => (0..9_usize).prop_map(Step::SayAsAssistant),
        2 => (1..40_i64).prop_map(Step::Wait),
        1 => (100..2_000_i64).prop_map(Step::Wait),
    ]
}

struct World {
    floor: Sandbox,
    agents: Vec<Candidate>,
    tickets: Vec<TicketId>,
}

impl World {
    fn new() -> Self {
        let mut floor = floor();
        let agents = (0..3).map(|_| agent(&mut floor)).collect();
        Self {
            floor,
            agents,
            tickets: Vec::new(),
        }
    }

    /// Does the step. Whether it was allowed is not asked: only what is left behind counts.
    fn take(&mut self, number: usize, step: Step) {
        let floor = &mut self.floor;
        match step {
            Step::Escalate => {
                let handoff = escalation(&number.to_string());
                let ticket = floor
                    .write(|tx| crate::arrange::escalate(tx, handoff))
                    .unwrap();
                self.tickets.push(ticket.id);
            }
            Step::Match => {
                floor
                    .write(|tx| crate::arrange::match_tickets(tx, &self.agents))
                    .unwrap();
            }
            Step::Claim(agent, ticket) => {
                if let Some(id) = self.tickets.get(ticket) {
                    let _ = floor.write(|tx| claim(tx, *id, &self.agents[agent]));
                }
            }
            Step::Leave(ticket) => {
                if let Some(id) = self.tickets.get(ticket) {
                    floor.write(|tx| dispatch::leave(tx, *id)).unwrap();
                }
            }
            Step::Lose(agent) => {
                let id = self.agents[agent].agent_id;
                floor.write(|tx| dispatch::release_lost(tx, id)).unwrap();
            }
            Step::Wait(seconds) => {
                floor.now += TimeDelta::seconds(seconds);
                for missed in floor.write(dispatch::expire_offers).unwrap() {
                    assert!(
                        self.agents
                            .iter()
                            .any(|agent| agent.agent_id == missed.agent_id)
                    );
                }
                let _ = keep_deadlines(floor);
                let _ = close_due(floor);
            }
            Step::Accept(agent) | Step::Decline(agent) => self.answer(agent, step),
            Step::Say(agent) | Step::WrapUp(agent) | Step::Extend(agent) | Step::Resolve(agent) => {
                self.work(number, agent, step);
            }
            Step::LoseTalk(agent)
            | Step::HandOn(agent)
            | Step::HandTo(agent, _)
            | Step::Release(agent)
            | Step::HandBack(agent) => self.part(agent, step),
            Step::Write(ticket)
            | Step::Reopen(ticket)
            | Step::Return(ticket)
            | Step::Control(ticket, _)
            | Step::SayAsAssistant(ticket) => self.talk(number, ticket, step),
        }
    }

    /// The agent parts from their first conversation.
    fn part(&mut self, agent: usize, step: Step) {
        let agent = self.agents[agent].agent_id;
        let Some((engagement, ticket)) = self.desk(agent).engagements.into_iter().next() else {
            return;
        };
        let id = engagement.id;
        let to = Destination {
            queue: ticket.queue,
            required_skills: None,
            note: Some("words".to_owned()),
        };
        let _ = self.floor.write(|tx| match step {
            Step::LoseTalk(_) => dispatch::lose_talk(tx, id, agent).map(drop),
            Step::HandOn(_) => dispatch::transfer_to_queue(tx, id, agent, &to, &[]).map(drop),
            Step::HandTo(_, other) => {
                dispatch::transfer_to_agent(tx, id, agent, &self.agents[other], None).map(drop)
            }
            Step::HandBack(_) => dispatch::hand_back(tx, id, agent).map(drop),
            _ => dispatch::release(tx, id, agent, ReleaseReason::Other).map(drop),
        });
    }

    /// The customer, the company or its assistant does something about a ticket.
    fn talk(&mut self, number: usize, ticket: usize, step: Step) {
        let Some(id) = self.tickets.get(ticket).copied() else {
            return;
        };
        let said = said(&number.to_string());
        let epoch = look(&mut self.floor, id).control.epoch;
        let _ = self.floor.write(|tx| match step {
            Step::Write(_) => dispatch::say_as_customer(tx, id, &said).map(drop),
            Step::Reopen(_) => dispatch::reopen(tx, id).map(drop),
            Step::Return(_) => dispatch::hand_back_for_all(tx, id).map(drop),
            Step::Control(_, verb) => {
                dispatch::control(tx, id, &ControlChange::new(verb, epoch)).map(drop)
            }
            _ => dispatch::say_as_assistant(tx, id, epoch, &said).map(drop),
        });
    }

    fn answer(&mut self, agent: usize, step: Step) {
        let agent = self.agents[agent].agent_id;
        let Some((offer, _)) = self.desk(agent).offers.into_iter().next() else {
            return;
        };
        let _ = self.floor.write(|tx| match step {
            Step::Accept(_) => dispatch::accept(tx, offer.id, agent).map(drop),
            _ => dispatch::decline(tx, offer.id, agent, DeclineReason::Other).map(drop),
        });
    }

    fn work(&mut self, number: usize, agent: usize, step: Step) {
        let agent = self.agents[agent].agent_id;
        let Some((engagement, _)) = self.desk(agent).engagements.into_iter().next() else {
            return;
        };
        let said = NewMessage {
            client_id: number.to_string(),
            body: "words".to_owned(),
        };
        let wrap_up = WrapUp {
            disposition: Disposition::Solved,
            note: None,
        };
        let _ = self.floor.write(|tx| match step {
            Step::Say(_) => dispatch::say_as_agent(tx, engagement.id, agent, &said).map(drop),
            Step::WrapUp(_) => dispatch::wrap_up(tx, engagement.id, agent).map(drop),
            Step::Extend(_) => dispatch::extend_wrap_up(tx, engagement.id, agent).map(drop),
            _ => dispatch::resolve(tx, engagement.id, agent, &wrap_up).map(drop),
        });
    }

    fn desk(&mut self, agent: kernel::AgentId) -> dispatch::queries::Desk {
        let desk: Result<_, dispatch::Error> = self
            .floor
            .read(|conn| Ok(dispatch::queries::desk(conn, agent)?));
        desk.unwrap()
    }
}

/// The promises that dispatch alone keeps: that resolved work is paid is kept by `workflows`.
pub fn assert_promises(floor: &mut Sandbox) {
    let broken: Result<Vec<_>, dispatch::Error> = floor.read(|conn| Ok(db::verify::broken(conn)?));
    let broken: Vec<_> = broken
        .unwrap()
        .into_iter()
        .filter(|broken| !broken.promise.contains("earning line"))
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_promise_holds_after_any_steps(steps in proptest::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        for (number, step) in steps.into_iter().enumerate() {
            world.take(number, step);
        }
        assert_promises(&mut world.floor);
    }
}
