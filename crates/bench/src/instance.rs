//! The market that the matching is measured on, drawn from a seed: the same seed gives the same
//! instance on every machine.
//!
//! Thirty skills whose demand falls like Zipf's law and whose supply is skewed otherwise; eight
//! languages, one of which half the customers speak; three tiers and twenty tenants. Agents have
//! one to five skills at a proficiency of 1 to 5, one to three languages and one to three units of
//! capacity. About one pair in twenty-five is eligible. The score of a pair is
//!
//! ```text
//! 60·proficiency + (rating − 3.00)·50 + idle/36 s + 40·[same tier] + affinity 0–60
//!   + 50·priority + wait/72 s
//! ```
//!
//! where the affinity is a hash of the ticket's tenant and the agent. The first four parts are the
//! candidate's points, the affinity is the pair's bonus, and the last two are the ticket's.

use std::io::{self, Write};

use routing::matching::{Candidate, Demand, Market, Pairing};

const SKILLS: u32 = 30;
const LANGUAGES: u32 = 8;
const TIERS: u32 = 3;
const TENANTS: u32 = 20;
const AFFINITY_MAX: u32 = 60;

/// Splitmix64: small, well known, and easy to write again in any language.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// Between 0 and `bound − 1`.
    fn below(&mut self, bound: u32) -> u32 {
        u32::try_from(self.next() % u64::from(bound)).unwrap_or(0)
    }

    /// An index, with a probability in proportion to its weight.
    fn weighted(&mut self, weights: &[u32]) -> u32 {
        let mut left = self.below(weights.iter().sum());
        for (index, &weight) in (0..).zip(weights) {
            if left < weight {
                return index;
            }
            left -= weight;
        }
        0
    }

    /// As many different indices.
    fn distinct(&mut self, count: u32, weights: &[u32]) -> Vec<u32> {
        let mut weights = weights.to_vec();
        let mut chosen = Vec::new();
        for _ in 0..count {
            let index = self.weighted(&weights);
            weights[usize::try_from(index).unwrap_or(0)] = 0;
            chosen.push(index);
        }
        chosen
    }
}

/// The output function of splitmix64.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Who speaks for which tenant: the affinity of a pair.
pub struct Affinity {
    seed: u64,
    tenants: Vec<u32>,
}

impl Pairing for Affinity {
    fn bonus(&self, ticket: u32, agent: u32) -> Option<i64> {
        let tenant = self.tenants[usize::try_from(ticket).ok()?];
        let pair = (u64::from(tenant) << 32) | u64::from(agent);
        i64::try_from(mix(self.seed ^ pair) % u64::from(AFFINITY_MAX + 1)).ok()
    }

    fn kind(&self, ticket: u32) -> Option<u64> {
        Some(u64::from(self.tenants[usize::try_from(ticket).ok()?]))
    }
}

/// An instance, and tickets that arrive after it was solved.
pub struct Instance {
    /// What is waiting.
    pub market: Market,
    /// The bonus of each pair, of the later tickets too.
    pub affinity: Affinity,
    /// Tickets that arrive afterwards, one by one.
    pub arrivals: Vec<Demand>,
}

/// What an instance is drawn from.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    /// Waiting tickets.
    pub tickets: u32,
    /// Agents; each has two units of capacity on average.
    pub agents: u32,
    /// Tickets that arrive later.
    pub arrivals: u32,
    /// Any number.
    pub seed: u64,
}

impl Instance {
    /// Draws the instance: first all agents, then all tickets.
    pub fn draw(draw: Draw) -> Self {
        let mut random = Random(draw.seed);
        let lists = usize::try_from(SKILLS * LANGUAGES * TIERS).unwrap_or(0);
        let mut market = Market {
            lists: vec![Vec::new(); lists],
            bonus_max: i64::from(AFFINITY_MAX),
            ..Market::default()
        };
        for agent in 0..draw.agents {
            draw_agent(&mut random, agent, &mut market);
        }
        for list in &mut market.lists {
            list.sort_unstable_by_key(|c| (std::cmp::Reverse(c.points), c.agent));
            list.shrink_to_fit();
        }
        let mut affinity = Affinity {
            seed: draw.seed,
            tenants: Vec::new(),
        };
        let mut arrivals = Vec::new();
        for ticket in 0..draw.tickets + draw.arrivals {
            let (demand, tenant) = draw_ticket(&mut random);
            affinity.tenants.push(tenant);
            if ticket < draw.tickets {
                market.tickets.push(demand);
            } else {
                arrivals.push(demand);
            }
        }
        Self {
            market,
            affinity,
            arrivals,
        }
    }

    /// How many pairs are eligible.
    pub fn edges(&self) -> u64 {
        let length = |demand: &Demand| self.candidates(demand).len();
        self.market
            .tickets
            .iter()
            .map(|t| u64::try_from(length(t)).unwrap_or(0))
            .sum()
    }

    fn candidates(&self, demand: &Demand) -> &[Candidate] {
        &self.market.lists[usize::try_from(demand.list).unwrap_or(0)]
    }

    /// Writes the graph for solvers that need it whole, little-endian: the numbers of tickets,
    /// agents (`u32`) and edges (`u64`), each agent's capacity (`u32`), each ticket's first edge
    /// and the end (`u64`), each edge's agent (`u32`), each edge's score (`i32`).
    pub fn dump(&self, out: &mut impl Write) -> io::Result<()> {
        let market = &self.market;
        let count = |length: usize| u32::try_from(length).map_err(io::Error::other);
        out.write_all(&count(market.tickets.len())?.to_le_bytes())?;
        out.write_all(&count(market.capacity.len())?.to_le_bytes())?;
        out.write_all(&self.edges().to_le_bytes())?;
        for units in &market.capacity {
            out.write_all(&units.to_le_bytes())?;
        }
        let mut first: u64 = 0;
        for demand in &market.tickets {
            out.write_all(&first.to_le_bytes())?;
            first += u64::from(count(self.candidates(demand).len())?);
        }
        out.write_all(&first.to_le_bytes())?;
        for candidate in market
            .tickets
            .iter()
            .flat_map(|demand| self.candidates(demand))
        {
            out.write_all(&candidate.agent.to_le_bytes())?;
        }
        for (ticket, demand) in (0..).zip(&market.tickets) {
            for candidate in self.candidates(demand) {
                let bonus = self.affinity.bonus(ticket, candidate.agent).unwrap_or(0);
                let score = demand.points + candidate.points + bonus;
                let score = i32::try_from(score).map_err(io::Error::other)?;
                out.write_all(&score.to_le_bytes())?;
            }
        }
        Ok(())
    }
}

/// Demand for a skill by rank.
fn skill_demand() -> Vec<u32> {
    (0..SKILLS).map(|rank| 1_000_000 / (rank + 4)).collect()
}

/// Supply of a skill: less steep than demand.
fn skill_supply() -> Vec<u32> {
    (0..SKILLS).map(|rank| 1_000_000 / (rank + 28)).collect()
}

fn draw_agent(random: &mut Random, agent: u32, market: &mut Market) {
    let count = 1 + random.below(5);
    let skills = random.distinct(count, &skill_supply());
    let count = 1 + random.below(3);
    let languages = random.distinct(count, &[8, 3, 3, 3, 3, 3, 3, 3]);
    let tier = random.weighted(&[5, 3, 2]);
    market.capacity.push(1 + random.below(3));
    let rating = i64::from(random.below(201));
    let idle_seconds = i64::from(random.below(3_600));
    for skill in skills {
        let proficiency = i64::from(1 + random.below(5));
        let points = 60 * proficiency + rating * 50 / 100 + idle_seconds / 36;
        for &language in &languages {
            for wanted in 0..TIERS {
                let points = points + if tier == wanted { 40 } else { 0 };
                let list = (skill * LANGUAGES + language) * TIERS + wanted;
                market.lists[usize::try_from(list).unwrap_or(0)].push(Candidate { agent, points });
            }
        }
    }
}

/// A ticket, and its tenant.
fn draw_ticket(random: &mut Random) -> (Demand, u32) {
    let skill = random.weighted(&skill_demand());
    let language = random.weighted(&[7, 1, 1, 1, 1, 1, 1, 1]);
    let tier = random.weighted(&[5, 3, 2]);
    let tenant = random.below(TENANTS);
    let priority = i64::from(random.weighted(&[6, 2, 1, 1]));
    let waited_seconds = i64::from(random.below(7_200));
    let list = (skill * LANGUAGES + language) * TIERS + tier;
    (
        Demand {
            list,
            points: 50 * priority + waited_seconds / 72,
        },
        tenant,
    )
}
