//! The floor: what is known at an instant, and how one instant leads to the next.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    mem,
};

use routing::{
    Inputs, Key, Needs, Policy, Room, Versioned, decide,
    fact::{Agent, Presence, Ticket},
    objection, objection_in,
};

use crate::{
    draw::Draw,
    happening::{Calendar, Happening},
    scenario::{Arrival, Ending, Member, Refusal, Rehearsed, Rule, Scenario, Told, Worked},
};

/// A ticket on its way.
struct Case<'a> {
    arrival: &'a Arrival,
    ticket: Ticket,
    policy: &'a Policy,
    /// Offers of it that are open.
    open: Vec<usize>,
    offers: u32,
    has_come: bool,
    ending: Option<Ending>,
}

impl Case<'_> {
    fn waits(&self) -> bool {
        self.has_come && self.ending.is_none() && self.open.is_empty()
    }
}

/// An agent's place on the floor.
struct Seat<'a> {
    member: &'a Member,
    /// As routing sees the agent now.
    agent: Agent,
    is_here: bool,
    /// How many offers were missed and not yet got over.
    aways: u32,
    /// Offers to the agent that are open.
    open: Vec<usize>,
    in_hand: u32,
    /// Milliseconds of finished work.
    finished: i64,
    /// Since when `worked` does not count the time.
    since: i64,
    worked: Worked,
}

impl Seat<'_> {
    /// Counts the time up to an instant, before anything changes.
    fn count_to(&mut self, now: i64) {
        let spent = now - self.since;
        self.since = now;
        if self.in_hand > 0 {
            self.worked.busy += spent;
        }
        if self.in_hand > 0 || self.is_here {
            self.worked.there += spent;
        }
    }

    fn units_in_use(&self) -> i64 {
        self.member.agent.free.total - self.agent.free.total
    }
}

/// How an agent answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Answer {
    Accept,
    Decline,
    Miss,
}

struct Offer {
    case: usize,
    seat: usize,
    answer: Answer,
    is_open: bool,
}

/// The floor at an instant.
struct Floor<'a> {
    scenario: &'a Scenario,
    policies: BTreeMap<String, Versioned>,
    cases: Vec<Case<'a>>,
    seats: Vec<Seat<'a>>,
    seat_of: HashMap<Key, usize>,
    case_of: HashMap<Key, usize>,
    offers: Vec<Offer>,
    room: Room,
    waiting: BTreeSet<usize>,
    calendar: Calendar,
    /// Whether anything happened that can change who is asked.
    is_stirred: bool,
    overtakes: u32,
    decisions: u32,
}

/// Lets a scenario happen.
pub fn rehearse(scenario: &Scenario) -> Result<Rehearsed, Refusal> {
    scenario.check()?;
    let mut floor = Floor::new(scenario);
    while let Some(now) = floor.calendar.next_at() {
        while let Some(happening) = floor.calendar.next_of(now) {
            floor.happen(now, happening);
        }
        if mem::take(&mut floor.is_stirred) {
            floor.ask(now);
        }
    }
    Ok(floor.tell())
}

impl<'a> Floor<'a> {
    fn new(scenario: &'a Scenario) -> Self {
        let mut arrivals: Vec<&Arrival> = scenario.arrivals.iter().collect();
        arrivals.sort_by_key(|arrival| arrival.ticket.id);
        let cases: Vec<Case<'_>> = arrivals
            .into_iter()
            .filter_map(|arrival| {
                let policy = scenario.policies.get(&arrival.ticket.queue)?;
                Some(open_case(arrival, policy))
            })
            .collect();
        let mut members: Vec<&Member> = scenario.members.iter().collect();
        members.sort_by_key(|member| member.agent.id);
        let seats: Vec<Seat<'_>> = members.into_iter().map(take_seat).collect();
        let versioned = |policy: &Policy| Versioned {
            version: 1,
            policy: policy.clone(),
        };
        let mut floor = Self {
            scenario,
            policies: scenario
                .policies
                .iter()
                .map(|(queue, policy)| (queue.clone(), versioned(policy)))
                .collect(),
            seat_of: (seats.iter().enumerate())
                .map(|(index, seat)| (seat.agent.id, index))
                .collect(),
            case_of: (cases.iter().enumerate())
                .map(|(index, case)| (case.ticket.id, index))
                .collect(),
            cases,
            seats,
            offers: Vec::new(),
            room: Room::new(),
            waiting: BTreeSet::new(),
            calendar: Calendar::default(),
            is_stirred: false,
            overtakes: 0,
            decisions: 0,
        };
        floor.note_what_is_known();
        floor
    }

    fn note_what_is_known(&mut self) {
        for (index, case) in self.cases.iter().enumerate() {
            self.calendar
                .note(case.ticket.came_at, Happening::Arrive(index));
        }
        for (index, seat) in self.seats.iter().enumerate() {
            // An empty span would end before it begins: at one instant agents leave first.
            for span in (seat.member.spans.iter()).filter(|span| span.from < span.until) {
                self.calendar.note(span.from, Happening::Come(index));
                self.calendar.note(span.until, Happening::Leave(index));
            }
        }
    }

    fn happen(&mut self, now: i64, happening: Happening) {
        match happening {
            Happening::Done(seat, case) => self.done(now, seat, case),
            Happening::Leave(seat) => self.leave(now, seat),
            Happening::Come(seat) => self.come(now, seat),
            Happening::Ready(seat) => {
                self.seats[seat].aways -= 1;
                self.refresh(seat);
            }
            Happening::Arrive(case) => self.arrive(now, case),
            Happening::Answer(offer) => self.answer(now, offer),
            Happening::Look(case) => self.is_stirred |= self.cases[case].waits(),
            Happening::PutAside(case) => self.put_aside(now, case),
            Happening::GiveUp(case) => self.give_up(now, case),
        }
    }

    fn arrive(&mut self, now: i64, index: usize) {
        let case = &mut self.cases[index];
        case.has_come = true;
        let at = |seconds: i64| now + seconds * 1_000;
        let mut changes: Vec<i64> = case
            .policy
            .relaxation
            .iter()
            .map(|step| at(step.after_seconds))
            .collect();
        let overflow = case.policy.overflow.as_ref();
        changes.extend(overflow.map(|overflow| at(overflow.after_seconds)));
        changes.extend(case.ticket.preferred_until);
        // The matcher leaves a pair that scores nothing. From its first point for waiting on, none
        // of this ticket's does.
        changes.push(case.ticket.rank_at + case.policy.seconds_per_waiting_point * 1_000);
        for at in changes.into_iter().filter(|at| *at > now) {
            self.calendar.note(at, Happening::Look(index));
        }
        let aside = at(case.policy.dead_letter_seconds);
        self.calendar.note(aside, Happening::PutAside(index));
        if let Some(patience) = case.arrival.patience {
            self.calendar.note(now + patience, Happening::GiveUp(index));
        }
        self.wait(now, index);
    }

    /// Puts a ticket back to its place, or aside where it has been looked after for too long.
    fn wait(&mut self, now: i64, index: usize) {
        let case = &self.cases[index];
        let patience = case.policy.dead_letter_seconds * 1_000;
        if now - case.ticket.came_at >= patience {
            self.put_aside(now, index);
            return;
        }
        self.waiting.insert(index);
        self.is_stirred = true;
    }

    fn put_aside(&mut self, now: i64, index: usize) {
        // One that is on offer is put aside when it comes back.
        if self.cases[index].waits() {
            self.end(index, Ending::PutAside { at: now });
        }
    }

    fn give_up(&mut self, now: i64, index: usize) {
        if self.cases[index].ending.is_none() {
            self.withdraw(now, index);
            self.end(index, Ending::Abandoned { at: now });
        }
    }

    fn end(&mut self, index: usize, ending: Ending) {
        self.waiting.remove(&index);
        self.cases[index].ending = Some(ending);
    }

    fn come(&mut self, now: i64, index: usize) {
        let seat = &mut self.seats[index];
        seat.count_to(now);
        seat.is_here = true;
        if seat.in_hand == 0 {
            seat.agent.idle_since = now;
        }
        self.refresh(index);
    }

    /// The agent goes: what is in hand is still done, what is on offer goes to others.
    fn leave(&mut self, now: i64, index: usize) {
        let seat = &mut self.seats[index];
        seat.count_to(now);
        seat.is_here = false;
        self.refresh(index);
        for offer in self.seats[index].open.clone() {
            self.close(now, offer);
            self.wait_again(now, self.offers[offer].case);
        }
        // A ticket that was kept for this agent is kept no longer.
        self.is_stirred = true;
    }

    fn done(&mut self, now: i64, index: usize, case: usize) {
        let arrival = self.cases[case].arrival;
        let seat = &mut self.seats[index];
        seat.count_to(now);
        seat.in_hand -= 1;
        seat.finished += arrival.talk + arrival.wrap_up;
        seat.agent.worked_minutes = seat.member.agent.worked_minutes + seat.finished / 60_000;
        self.give_back(now, index, case);
    }

    fn answer(&mut self, now: i64, offer: usize) {
        let Offer {
            case,
            seat,
            answer,
            is_open,
        } = self.offers[offer];
        if !is_open {
            return;
        }
        match answer {
            Answer::Accept => {
                self.settle(offer);
                self.withdraw(now, case);
                self.engage(now, seat, case);
            }
            Answer::Decline => {
                let agent = self.seats[seat].agent.id;
                self.cases[case].ticket.declined_by.push(agent);
                self.close(now, offer);
                self.wait_again(now, case);
            }
            Answer::Miss => {
                let missed = &mut self.seats[seat];
                missed.worked.missed += 1;
                missed.aways += 1;
                let back = now + self.scenario.answers.away;
                self.calendar.note(back, Happening::Ready(seat));
                self.close(now, offer);
                self.wait_again(now, case);
            }
        }
    }

    fn engage(&mut self, now: i64, index: usize, case: usize) {
        let seat = &mut self.seats[index];
        seat.count_to(now);
        seat.in_hand += 1;
        seat.worked.served += 1;
        let agent = seat.agent.id;
        let arrival = self.cases[case].arrival;
        seat.worked.handled += arrival.talk + arrival.wrap_up;
        let done = now + arrival.talk + arrival.wrap_up;
        self.calendar.note(done, Happening::Done(index, case));
        self.end(case, Ending::Served { agent, at: now });
    }

    /// Takes back all offers of a ticket that are open.
    fn withdraw(&mut self, now: i64, case: usize) {
        for offer in self.cases[case].open.clone() {
            self.close(now, offer);
        }
    }

    /// Ends an offer that came to nothing.
    fn close(&mut self, now: i64, offer: usize) {
        self.settle(offer);
        let Offer { case, seat, .. } = self.offers[offer];
        self.give_back(now, seat, case);
    }

    /// An offer is no longer open, for whatever reason.
    fn settle(&mut self, offer: usize) {
        self.offers[offer].is_open = false;
        let Offer { case, seat, .. } = self.offers[offer];
        self.cases[case].open.retain(|open| *open != offer);
        self.seats[seat].open.retain(|open| *open != offer);
    }

    fn wait_again(&mut self, now: i64, case: usize) {
        if self.cases[case].waits() {
            self.wait(now, case);
        }
    }

    fn give_back(&mut self, now: i64, index: usize, case: usize) {
        let seat = &mut self.seats[index];
        let ticket = &self.cases[case].ticket;
        seat.agent.free.take(ticket.channel, -ticket.weight);
        if seat.units_in_use() == 0 {
            seat.agent.idle_since = now;
        }
        self.refresh(index);
    }

    /// Lets routing know what changed about an agent.
    fn refresh(&mut self, index: usize) {
        let seat = &mut self.seats[index];
        seat.agent.presence = if seat.aways > 0 {
            Presence::Away
        } else {
            Presence::Available
        };
        if seat.is_here {
            self.room.enter(seat.agent.clone());
            self.is_stirred = true;
        } else {
            self.room.leave(seat.agent.id);
        }
    }

    /// Asks agents about what waits.
    fn ask(&mut self, now: i64) {
        let somebody_is_free = (self.room.agents())
            .any(|agent| agent.free.total > 0 && agent.presence == Presence::Available);
        if self.waiting.is_empty() || !somebody_is_free {
            return;
        }
        self.decisions += 1;
        let tickets = self.waiting.iter();
        let tickets = tickets.map(|case| self.cases[*case].ticket.clone());
        let inputs = Inputs::gather(now, self.policies.clone(), tickets.collect(), &self.room);
        let (pairs, slack): (Vec<(Key, Key)>, _) = match self.scenario.rule {
            Rule::Policies => {
                let outcome = decide(&inputs);
                let pairs = outcome.matches.iter().map(|m| (m.ticket, m.agent));
                (pairs.collect(), Some(outcome.epsilon))
            }
            Rule::InOrder => (in_order(&inputs), None),
        };
        self.count_overtakes(&inputs, &pairs, slack);
        for (ticket, agent) in pairs {
            self.offer(now, self.case_of[&ticket], self.seat_of[&agent]);
        }
    }

    /// Counts tickets that were overtaken by more than the rule allows. `slack` is by how many
    /// points the matching may miss the best; none where tickets are strictly taken in order.
    fn count_overtakes(&mut self, inputs: &Inputs, pairs: &[(Key, Key)], slack: Option<i64>) {
        let taken: BTreeSet<Key> = pairs.iter().map(|(ticket, _)| *ticket).collect();
        let left = || (inputs.tickets.iter()).filter(|ticket| !taken.contains(&ticket.id));
        for (ticket, agent) in pairs {
            let case = &self.cases[self.case_of[ticket]];
            let given = &case.ticket;
            let bound = slack.map_or(0, |slack| {
                (case.policy.spread() + 1 + slack) * case.policy.seconds_per_waiting_point * 1_000
            });
            let Some(agent) = inputs.agents.iter().find(|known| known.id == *agent) else {
                continue;
            };
            // Only like is compared with like: the heavier go first, and each queue has its own
            // points.
            let overtaken = left().filter(|left| {
                given.rank_at - left.rank_at > bound
                    && (&left.queue, left.weight, left.channel)
                        == (&given.queue, given.weight, given.channel)
                    && objection_in(inputs, left, agent).is_none()
            });
            let count = u32::try_from(overtaken.count()).unwrap_or(u32::MAX);
            self.overtakes = self.overtakes.saturating_add(count);
        }
    }

    fn offer(&mut self, now: i64, case: usize, index: usize) {
        let seat = &mut self.seats[index];
        let found = &mut self.cases[case];
        self.waiting.remove(&case);
        let answers = &self.scenario.answers;
        let names = [found.ticket.id.0, seat.agent.id.0, found.offers.into()];
        let mut draw = Draw::of(answers.seed, &names);
        let patience = found.policy.offer_seconds * 1_000;
        let delay = draw.between(answers.least, answers.most);
        let fate = draw.between(0, 999);
        let answer = if delay >= patience || fate < answers.misses_per_mille {
            Answer::Miss
        } else if fate < answers.misses_per_mille + answers.declines_per_mille {
            Answer::Decline
        } else {
            Answer::Accept
        };
        found.offers += 1;
        found.open.push(self.offers.len());
        seat.open.push(self.offers.len());
        let at = match answer {
            Answer::Miss => now + patience,
            Answer::Accept | Answer::Decline => now + delay,
        };
        self.calendar.note(at, Happening::Answer(self.offers.len()));
        self.offers.push(Offer {
            case,
            seat: index,
            answer,
            is_open: true,
        });
        seat.agent
            .free
            .take(found.ticket.channel, found.ticket.weight);
        seat.worked.most_units = seat.worked.most_units.max(seat.units_in_use());
        self.room.enter(seat.agent.clone());
    }

    fn tell(self) -> Rehearsed {
        let told = |case: Case<'_>| {
            Some(Told {
                ticket: case.ticket.id,
                group: case.arrival.group.clone(),
                came_at: case.ticket.came_at,
                due_at: case.ticket.first_reply_due_at,
                ending: case.ending?,
                offers: case.offers,
            })
        };
        Rehearsed {
            tickets: self.cases.into_iter().filter_map(told).collect(),
            agents: (self.seats.into_iter())
                .map(|seat| (seat.agent.id, seat.worked))
                .collect(),
            overtakes: self.overtakes,
            decisions: self.decisions,
        }
    }
}

fn open_case<'a>(arrival: &'a Arrival, policy: &'a Policy) -> Case<'a> {
    let mut ticket = arrival.ticket.clone();
    ticket.rank_at = ticket.came_at - policy.head_start_seconds * 1_000 * ticket.priority;
    ticket.preferred_until = (ticket.preferred_agent.is_some())
        .then_some(ticket.came_at + policy.preferred_agent_seconds * 1_000);
    ticket.declined_by.clear();
    Case {
        arrival,
        ticket,
        policy,
        open: Vec::new(),
        offers: 0,
        has_come: false,
        ending: None,
    }
}

fn take_seat(member: &Member) -> Seat<'_> {
    Seat {
        member,
        agent: member.agent.clone(),
        is_here: false,
        aways: 0,
        open: Vec::new(),
        in_hand: 0,
        finished: 0,
        since: 0,
        worked: Worked::default(),
    }
}

/// The plain rule: tickets strictly in their order, each to the eligible agent who has been idle
/// for the longest.
fn in_order(inputs: &Inputs) -> Vec<(Key, Key)> {
    let mut tickets: Vec<&Ticket> = inputs.tickets.iter().collect();
    tickets.sort_by_key(|ticket| (ticket.rank_at, ticket.id));
    let mut agents: Vec<Agent> = inputs.agents.clone();
    agents.sort_by_key(|agent| (agent.idle_since, agent.id));
    let mut pairs = Vec::new();
    for ticket in tickets {
        let policy = &inputs.policies[&ticket.queue].policy;
        let needs = Needs::of(ticket, policy, inputs.now);
        let found = (agents.iter_mut()).find(|agent| objection(ticket, &needs, agent).is_none());
        if let Some(agent) = found {
            agent.free.take(ticket.channel, ticket.weight);
            pairs.push((ticket.id, agent.id));
        }
    }
    pairs
}
