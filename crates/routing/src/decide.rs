//! One run of the matcher: from what is known at one instant to who is asked about what.

use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::{
    eligibility::{Needs, Objection, objection, objection_to_needs, objection_to_pair},
    fact::{Agent, Channel, Key, Ticket},
    matching::{self, Candidate, Demand, Limits, Market, Mode, Pairing},
    policy::Policy,
    room::Room,
    score::Parts,
};

/// Counts up whenever the same inputs may lead to another outcome than before.
pub const ENGINE: i32 = 1;

/// Edges that a run may look at before the bounded mode takes over: well under a second.
pub const WORK: u64 = 20_000_000;
/// How many points a ticket may miss in the bounded mode.
pub const EPSILON: i64 = 20;

/// A room with at most so many agents is put on record whole; of a larger one, those who could
/// have been chosen.
pub const WHOLE_ROOM: usize = 200;
/// How many of those who were not chosen are recorded for each kind of ticket, at least.
const RUNNERS_UP: usize = 8;

/// A version of a queue's policy.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Versioned {
    /// Which version.
    pub version: i32,
    /// What it says.
    pub policy: Policy,
}

/// All that one run of the matcher knows. The same inputs always have the same outcome.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Inputs {
    /// Which engine decides; see [`ENGINE`].
    pub engine: i32,
    /// The instant.
    pub now: i64,
    /// Edges that may be looked at.
    pub work: u64,
    /// The policies by queue.
    pub policies: BTreeMap<String, Versioned>,
    /// Tickets that wait, by id.
    pub tickets: Vec<Ticket>,
    /// Agents in question, by id.
    pub agents: Vec<Agent>,
    /// How many agents were there in all.
    pub room: usize,
    /// How many more were looked at and objected, by the objection. Of a large room nobody is looked
    /// at who, with all that is known of them at a glance, would not be among the best.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<String, u64>,
}

/// One ticket for one agent.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Match {
    /// The ticket.
    pub ticket: Key,
    /// The agent.
    pub agent: Key,
    /// The sum of the score's parts.
    pub score: i64,
}

/// What a run decided.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Outcome {
    /// Who is asked about what: for each ticket the best first.
    pub matches: Vec<Match>,
    /// Points that the first round's matching is at most below the best there is: 0 for exact.
    pub epsilon: i64,
    /// Edges looked at.
    pub work: u64,
}

impl Inputs {
    /// Gathers what a run must know of a room: all of a small one, and of a large one those who
    /// could be chosen. Leaving the others out changes nothing: with `n` places to fill, nobody
    /// outside the best `n` of a list is ever needed.
    pub fn gather(
        now: i64,
        policies: BTreeMap<String, Versioned>,
        mut tickets: Vec<Ticket>,
        room: &Room,
    ) -> Self {
        tickets.retain(|ticket| policies.contains_key(&ticket.queue));
        tickets.sort_by_key(|ticket| ticket.id);
        let mut inputs = Self {
            engine: ENGINE,
            now,
            work: WORK,
            policies,
            tickets,
            agents: Vec::new(),
            room: room.len(),
            others: BTreeMap::new(),
        };
        let mut agents: Vec<Agent> = if room.len() <= WHOLE_ROOM {
            room.agents().cloned().collect()
        } else {
            inputs.shortlist(room)
        };
        agents.sort_by_key(|agent| agent.id);
        inputs.agents = agents;
        inputs
    }

    /// The policy of a ticket. Tickets without one are never among the inputs.
    fn policy(&self, ticket: &Ticket) -> Option<&Policy> {
        self.policies.get(&ticket.queue).map(|known| &known.policy)
    }

    /// The tickets of each kind: those with the same needs, tier and policy.
    fn kinds(&self) -> BTreeMap<(String, Needs, String), Vec<usize>> {
        let mut kinds: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (index, ticket) in self.tickets.iter().enumerate() {
            let Some(policy) = self.policy(ticket) else {
                continue;
            };
            let tier = if policy.weights.tier > 0 {
                ticket.tier.clone()
            } else {
                String::new()
            };
            let needs = Needs::of(ticket, policy, self.now);
            kinds
                .entry((ticket.queue.clone(), needs, tier))
                .or_default()
                .push(index);
        }
        kinds
    }

    fn shortlist(&mut self, room: &Room) -> Vec<Agent> {
        let asked: usize = self
            .tickets
            .iter()
            .filter_map(|ticket| Some(simultaneous(self.policy(ticket)?)))
            .sum();
        let excluded = Exclusions::most(&self.tickets, room);
        let places = asked + excluded + RUNNERS_UP;
        let mut chosen: HashSet<Key> = HashSet::new();
        let mut others: BTreeMap<&'static str, u64> = BTreeMap::new();
        for ((_, needs, _), indices) in self.kinds() {
            let ticket = &self.tickets[indices[0]];
            let Some(policy) = self.policy(ticket) else {
                continue;
            };
            // The best so far, by what they lack and then by id; the last of them on top.
            let mut best: BinaryHeap<(i64, Key)> = BinaryHeap::new();
            for glance in room.glances(&needs) {
                let at_best = (
                    -Parts::at_most(policy, &needs, &glance, self.now),
                    glance.id,
                );
                if best.len() >= places && best.peek().is_some_and(|last| *last <= at_best) {
                    continue;
                }
                let Some(agent) = room.get(glance.id) else {
                    continue;
                };
                if let Some(objection) = objection_to_needs(&needs, agent) {
                    *others.entry(objection.code()).or_default() += 1;
                    continue;
                }
                let parts = Parts::of(policy, &needs, ticket, agent, self.now);
                best.push((-parts.of_agent(), agent.id));
                if best.len() > places {
                    best.pop();
                }
            }
            chosen.extend(best.into_iter().map(|(_, id)| id));
        }
        chosen.extend(self.tickets.iter().filter_map(|t| t.preferred_agent));
        self.others = others
            .into_iter()
            .map(|(code, count)| (code.to_owned(), count))
            .collect();
        chosen
            .into_iter()
            .filter_map(|id| room.get(id).cloned())
            .collect()
    }
}

fn simultaneous(policy: &Policy) -> usize {
    usize::try_from(policy.simultaneous_offers)
        .unwrap_or(1)
        .max(1)
}

/// Decides who is asked about what. Inputs are put in the order of their ids first, so that the
/// order in which they come makes no difference.
///
/// Tickets that weigh the same and use the same channel are matched at once, with the largest total
/// of scores. Where weights differ, the heavier come first: the problem of all at once is NP-hard
/// (generalised assignment). A policy that asks several agents at a time has further rounds, each
/// again with the largest total, for what the rounds before left free.
pub fn decide(inputs: &Inputs) -> Outcome {
    let mut sorted;
    let inputs = if is_sorted(inputs) {
        inputs
    } else {
        sorted = inputs.clone();
        sorted.tickets.sort_by_key(|ticket| ticket.id);
        sorted.agents.sort_by_key(|agent| agent.id);
        &sorted
    };
    let mut run = Run::new(inputs);
    let rounds = inputs
        .tickets
        .iter()
        .filter_map(|ticket| Some(simultaneous(inputs.policy(ticket)?)))
        .max()
        .unwrap_or(0);
    for round in 0..rounds {
        if !run.round(round) {
            break;
        }
    }
    Outcome {
        matches: run.matches,
        epsilon: run.epsilon,
        work: run.work,
    }
}

fn is_sorted(inputs: &Inputs) -> bool {
    inputs.tickets.is_sorted_by_key(|ticket| ticket.id)
        && inputs.agents.is_sorted_by_key(|agent| agent.id)
}

/// Agents who must not get a ticket whatever their abilities, by ticket.
struct Exclusions(Vec<Vec<u32>>);

impl Exclusions {
    fn new(tickets: &[Ticket], agents: &[Agent]) -> Self {
        let mut knows: HashMap<&str, Vec<u32>> = HashMap::new();
        let mut lives: HashMap<&str, Vec<u32>> = HashMap::new();
        let mut by_id: HashMap<Key, u32> = HashMap::new();
        for (index, agent) in (0_u32..).zip(agents) {
            by_id.insert(agent.id, index);
            knows.entry(&agent.customer).or_default().push(index);
            for contact in &agent.contacts {
                knows.entry(contact).or_default().push(index);
            }
            if let Some(household) = &agent.household {
                lives.entry(household).or_default().push(index);
            }
        }
        let of = |ticket: &Ticket| {
            let mut excluded: Vec<u32> = Vec::new();
            excluded.extend(knows.get(ticket.customer.as_str()).into_iter().flatten());
            let household = ticket.household.as_deref();
            excluded.extend(household.and_then(|h| lives.get(h)).into_iter().flatten());
            excluded.extend(ticket.declined_by.iter().filter_map(|id| by_id.get(id)));
            excluded.sort_unstable();
            excluded.dedup();
            excluded
        };
        Self(tickets.iter().map(of).collect())
    }

    /// The most agents that any of the tickets excludes.
    fn most(tickets: &[Ticket], room: &Room) -> usize {
        let of = |ticket: &Ticket| {
            room.related(&ticket.customer, ticket.household.as_deref()) + ticket.declined_by.len()
        };
        tickets.iter().map(of).max().unwrap_or(0)
    }
}

/// A run in progress.
struct Run<'a> {
    inputs: &'a Inputs,
    free: Vec<crate::fact::Units>,
    excluded: Exclusions,
    reserved: Vec<Option<u32>>,
    preferred: Vec<Option<u32>>,
    matches: Vec<Match>,
    epsilon: i64,
    work: u64,
}

impl<'a> Run<'a> {
    fn new(inputs: &'a Inputs) -> Self {
        let by_id: HashMap<Key, u32> = (0_u32..)
            .zip(&inputs.agents)
            .map(|(index, agent)| (agent.id, index))
            .collect();
        let preferred: Vec<Option<u32>> = inputs
            .tickets
            .iter()
            .map(|ticket| by_id.get(&ticket.preferred_agent?).copied())
            .collect();
        let reserved = inputs
            .tickets
            .iter()
            .zip(&preferred)
            .map(|(ticket, agent)| agent.filter(|index| is_reserved(inputs, ticket, *index)))
            .collect();
        Self {
            inputs,
            free: inputs.agents.iter().map(|agent| agent.free).collect(),
            excluded: Exclusions::new(&inputs.tickets, &inputs.agents),
            reserved,
            preferred,
            matches: Vec::new(),
            epsilon: 0,
            work: 0,
        }
    }

    /// One more agent for each ticket that wants another. False where nobody was found.
    fn round(&mut self, round: usize) -> bool {
        let before = self.matches.len();
        let mut stages: BTreeMap<(i64, Channel), Vec<_>> = BTreeMap::new();
        for ((_, needs, _), tickets) in self.inputs.kinds() {
            let wanting: Vec<usize> = tickets
                .into_iter()
                .filter(|index| self.wants(*index, round))
                .collect();
            if !wanting.is_empty() {
                stages
                    .entry((-needs.weight, needs.channel))
                    .or_default()
                    .push((needs, wanting));
            }
        }
        for ((weight, channel), kinds) in stages {
            self.stage(-weight, channel, &kinds);
        }
        self.matches.len() > before
    }

    /// Whether a ticket wants so many agents; only one that got the rounds before goes on.
    fn wants(&self, index: usize, round: usize) -> bool {
        let ticket = &self.inputs.tickets[index];
        let wanted = self.inputs.policy(ticket).map_or(0, simultaneous);
        round < wanted
            && (round == 0
                || self
                    .matches
                    .iter()
                    .filter(|m| m.ticket == ticket.id)
                    .count()
                    == round)
    }

    /// The best matching of tickets that weigh the same.
    fn stage(&mut self, weight: i64, channel: Channel, kinds: &[(Needs, Vec<usize>)]) {
        let weight = weight.max(1);
        let slots = |units: &crate::fact::Units| {
            u32::try_from(units.total.min(units.of(channel)).max(0) / weight).unwrap_or(0)
        };
        let mut market = Market {
            capacity: self.free.iter().map(slots).collect(),
            ..Market::default()
        };
        let mut tickets: Vec<usize> = Vec::new();
        for (needs, indices) in kinds {
            self.add_kind(&mut market, &mut tickets, needs, indices);
        }
        let pairing = Pairs {
            run: self,
            tickets: &tickets,
        };
        let limits = Limits {
            work: self.inputs.work,
            epsilon: EPSILON,
        };
        let matching = matching::solve(&market, &pairing, &limits);
        self.work += matching.work;
        if let Mode::Bounded { epsilon } = matching.mode {
            self.epsilon = self.epsilon.max(epsilon);
        }
        for (index, agent) in tickets.iter().zip(&matching.agent_of) {
            if let Some(agent) = agent {
                self.take(*index, *agent, channel, weight);
            }
        }
    }

    fn add_kind(
        &self,
        market: &mut Market,
        tickets: &mut Vec<usize>,
        needs: &Needs,
        indices: &[usize],
    ) {
        let Some(first) = indices.first().map(|index| &self.inputs.tickets[*index]) else {
            return;
        };
        let Some(policy) = self.inputs.policy(first) else {
            return;
        };
        let now = self.inputs.now;
        let mut all: Vec<Candidate> = (0_u32..)
            .zip(&self.inputs.agents)
            .filter(|(_, agent)| objection_to_needs(needs, agent).is_none())
            .map(|(index, agent)| Candidate {
                agent: index,
                points: Parts::of(policy, needs, first, agent, now).of_agent(),
            })
            .collect();
        all.sort_by_key(|candidate| (-candidate.points, candidate.agent));
        let position = |lists: &Vec<Vec<Candidate>>| u32::try_from(lists.len()).unwrap_or(u32::MAX);
        let common = position(&market.lists);
        let alone = |agent: u32| all.iter().find(|c| c.agent == agent).copied();
        // A ticket that is kept for one agent has a list of its own, after the common one.
        let kept: Vec<Option<Option<Candidate>>> = indices
            .iter()
            .map(|index| self.reserved[*index].map(alone))
            .collect();
        market.lists.push(all);
        for (index, kept) in indices.iter().zip(kept) {
            let list = match kept {
                None => common,
                Some(only) => {
                    market.lists.push(only.into_iter().collect());
                    position(&market.lists) - 1
                }
            };
            let ticket = &self.inputs.tickets[*index];
            tickets.push(*index);
            market.tickets.push(Demand {
                list,
                points: Parts::of_ticket(policy, ticket, now).whoever(),
            });
        }
        market.bonus_max = market.bonus_max.max(policy.weights.preferred_agent);
    }

    fn take(&mut self, index: usize, agent: u32, channel: Channel, weight: i64) {
        let ticket = &self.inputs.tickets[index];
        let place = usize::try_from(agent).unwrap_or(usize::MAX);
        let found = &self.inputs.agents[place];
        let Some(policy) = self.inputs.policy(ticket) else {
            return;
        };
        let needs = Needs::of(ticket, policy, self.inputs.now);
        let score = Parts::of(policy, &needs, ticket, found, self.inputs.now).total();
        self.free[place].take(channel, weight);
        let excluded = &mut self.excluded.0[index];
        if let Err(at) = excluded.binary_search(&agent) {
            excluded.insert(at, agent);
        }
        self.matches.push(Match {
            ticket: ticket.id,
            agent: found.id,
            score,
        });
    }
}

/// Whether a ticket is kept for the agent who helped this customer last: within the policy's time,
/// and while that agent is there and may take it as soon as there is room.
fn is_reserved(inputs: &Inputs, ticket: &Ticket, agent: u32) -> bool {
    let in_time = ticket
        .preferred_until
        .is_some_and(|until| inputs.now < until);
    let place = usize::try_from(agent).unwrap_or(usize::MAX);
    let (Some(agent), Some(policy)) = (inputs.agents.get(place), inputs.policy(ticket)) else {
        return false;
    };
    let needs = Needs::of(ticket, policy, inputs.now);
    in_time
        && matches!(
            objection(ticket, &needs, agent),
            None | Some(Objection::AtCapacity | Objection::ChannelFull)
        )
}

/// What only the pair knows.
struct Pairs<'r> {
    run: &'r Run<'r>,
    tickets: &'r [usize],
}

impl Pairing for Pairs<'_> {
    fn bonus(&self, ticket: u32, agent: u32) -> Option<i64> {
        let index = *self.tickets.get(usize::try_from(ticket).ok()?)?;
        if self.run.excluded.0[index].binary_search(&agent).is_ok() {
            return None;
        }
        if self.run.preferred[index] != Some(agent) {
            return Some(0);
        }
        let ticket = &self.run.inputs.tickets[index];
        let policy = self.run.inputs.policy(ticket)?;
        Some(policy.weights.preferred_agent)
    }

    fn kind(&self, ticket: u32) -> Option<u64> {
        let index = *self.tickets.get(usize::try_from(ticket).ok()?)?;
        let is_plain = self.run.excluded.0[index].is_empty() && self.run.preferred[index].is_none();
        is_plain.then_some(0)
    }
}

/// Whom a ticket was kept for, where it was.
pub(crate) fn reserved_for(inputs: &Inputs, ticket: &Ticket) -> Option<Key> {
    let preferred = ticket.preferred_agent?;
    let place = inputs
        .agents
        .iter()
        .position(|agent| agent.id == preferred)?;
    is_reserved(inputs, ticket, u32::try_from(place).ok()?).then_some(preferred)
}

/// Why an agent was out of the question for a ticket in a run; nothing where they were not.
pub fn objection_in(inputs: &Inputs, ticket: &Ticket, agent: &Agent) -> Option<Objection> {
    let policy = inputs.policy(ticket)?;
    let needs = Needs::of(ticket, policy, inputs.now);
    objection(ticket, &needs, agent).or_else(|| {
        let kept_for = reserved_for(inputs, ticket)?;
        (kept_for != agent.id).then_some(Objection::Reserved)
    })
}

/// Who was eligible for a ticket in a run, with the parts of each score, the best first.
pub fn ranking(inputs: &Inputs, ticket: &Ticket) -> Vec<(Key, Parts)> {
    let Some(policy) = inputs.policy(ticket) else {
        return Vec::new();
    };
    let needs = Needs::of(ticket, policy, inputs.now);
    let kept_for = reserved_for(inputs, ticket);
    let mut ranked: Vec<(Key, Parts)> = inputs
        .agents
        .iter()
        .filter(|agent| kept_for.is_none_or(|only| only == agent.id))
        .filter(|agent| objection_to_pair(ticket, agent).is_none())
        .filter(|agent| objection_to_needs(&needs, agent).is_none())
        .map(|agent| {
            let parts = Parts::of(policy, &needs, ticket, agent, inputs.now);
            (agent.id, parts)
        })
        .collect();
    ranked.sort_by_key(|(id, parts)| (-parts.total(), *id));
    ranked
}

/// How many of those named in the inputs objected to a ticket, by the code of the objection.
pub fn objections(inputs: &Inputs, ticket: &Ticket) -> BTreeMap<&'static str, u64> {
    let mut counted = BTreeMap::new();
    for agent in &inputs.agents {
        if let Some(objection) = objection_in(inputs, ticket, agent) {
            *counted.entry(objection.code()).or_default() += 1;
        }
    }
    counted
}
