//! Chance from a seed: the same seed and the same names always draw the same.

/// The step of splitmix64: the golden ratio in 64 bits.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// A source of chance: splitmix64, which is small, well known, and easy to write again in any
/// language.
#[derive(Clone, Debug)]
pub struct Draw(u64);

impl Draw {
    /// The source of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The source of a seed that belongs to something: a ticket, an agent, a count. What one thing
    /// draws does not depend on what others drew before, so a change of policy does not change
    /// anybody's luck.
    pub fn of(seed: u64, names: &[u128]) -> Self {
        let mut state = mix(seed.wrapping_add(STEP));
        for name in names {
            for part in halves(*name) {
                state = mix(state.wrapping_add(STEP) ^ part);
            }
        }
        Self(state)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A number from `least` to `most`, both possible; `least` where `most` is lower.
    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        let width = i128::from(most) - i128::from(least) + 1;
        if width <= 1 {
            return least;
        }
        // The high half of a product is spread evenly enough: the error is below 2⁻³².
        let offset = (i128::from(self.bits()) * width) >> 64;
        i64::try_from(i128::from(least) + offset).unwrap_or(least)
    }

    /// One of some; none where there are none.
    pub fn one_of<'a, T>(&mut self, some: &'a [T]) -> Option<&'a T> {
        let last = i64::try_from(some.len()).ok()?.checked_sub(1)?;
        some.get(usize::try_from(self.between(0, last)).ok()?)
    }
}

fn halves(name: u128) -> [u64; 2] {
    let low = u64::try_from(name & u128::from(u64::MAX)).unwrap_or(0);
    let high = u64::try_from(name >> 64).unwrap_or(0);
    [low, high]
}

/// The output function of splitmix64: each bit of the input changes half of the output's.
pub fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_is_splitmix64() {
        // The first outputs for the seed 1234567, as published with the generator.
        let mut draw = Draw::new(1_234_567);
        let drawn: Vec<u64> = (0..3).map(|_| draw.bits()).collect();
        assert_eq!(
            drawn,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn what_one_draws_does_not_depend_on_others() {
        let bits = |seed, names: &[u128]| Draw::of(seed, names).bits();
        assert_eq!(bits(1, &[7, 9]), bits(1, &[7, 9]));
        let others = [bits(2, &[7, 9]), bits(1, &[9, 7]), bits(1, &[7 << 64, 9])];
        assert!(!others.contains(&bits(1, &[7, 9])));
    }

    #[test]
    fn every_number_of_a_range_is_drawn_about_as_often() {
        let mut draw = Draw::new(3);
        let mut counts = [0_u32; 5];
        for _ in 0..10_000 {
            let drawn = draw.between(-2, 2);
            counts[usize::try_from(drawn + 2).unwrap()] += 1;
        }
        assert!(counts.iter().all(|count| (1_800..2_200).contains(count)));
        assert_eq!(draw.between(4, 4), 4);
        assert_eq!(draw.between(4, 3), 4);
        assert_eq!(draw.one_of::<u8>(&[]), None);
        assert_eq!(draw.one_of(&[7]), Some(&7));
        assert!(draw.between(i64::MIN, i64::MAX) != draw.between(i64::MIN, i64::MAX));
    }
}
