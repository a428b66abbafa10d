//! What a unit says: its worst verdict, once, and when.

use super::*;

/// Golden vectors of the method, with one alternative of 20 % at 5 % tolerated.
fn check(expected: &[f64], inj: &[f64], xs: &[f64]) {
    let mut mass = [0.0];
    for (t, ((expected, inj), x)) in expected.iter().zip(inj).zip(xs).enumerate() {
        let sum = grow(&mut mass, &[0.20], 0.05, *inj, *x);
        assert!((sum - expected).abs() < 5e-7 * expected.max(0.01), "bet {}: {sum}, not {expected}", t + 1);
    }
}

#[test]
fn golden_vector_1_one_false_page_per_bet() {
    let expected = [0.842105, 1.551247, 10.204986, 9.435778, 41.743111, 170.972445, 144.818901, 583.275604];
    check(&expected, &[1.0; 8], &[0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0]);
}

#[test]
fn golden_vector_2_a_tenth_of_a_false_page_per_week() {
    let hours = [6.0, 6.0, 1.0, 1.0, 1.0];
    let inj = hours.map(|h| 0.1 * weeks(Duration::from_mins((h * 60.0) as i64)));
    let expected = [0.00300752, 0.02631579, 0.10764411, 0.43295739, 1.73421053];
    check(&expected, &inj, &[0.0, 1.0, 1.0, 1.0, 1.0]);
}

#[test]
fn the_alternatives_are_equally_spaced_in_logit_between_their_ends() {
    let grid = alternatives(0.05);
    assert!((grid[0] - 0.065).abs() < 1e-12 && (grid[GRID - 1] - 0.9).abs() < 1e-12, "{grid:?}");
    let steps: Vec<f64> = grid.windows(2).map(|pair| logit(pair[1]) - logit(pair[0])).collect();
    // (ln(0.9/0.1) - ln(0.065/0.935)) / 11 = (2.1972246 + 2.6661593) / 11
    assert!(steps.iter().all(|step| (step - 0.442_125_8).abs() < 1e-6), "{steps:?}");
}

#[test]
fn the_grid_has_the_same_bits_everywhere() {
    let bits: [u64; GRID] = [
        4589348164275630243,
        4591698174383638178,
        4594358607559343694,
        4596645650677784233,
        4598887372289836118,
        4600662047968170158,
        4602618451848437348,
        4603629693891671389,
        4604524591965760032,
        4605272984577439186,
        4605854710369024415,
        4606281698874543308,
    ];
    assert_eq!(alternatives(0.05).map(f64::to_bits), bits);
}

#[test]
fn odd_tolerances_neither_panic_nor_fire_without_bad_units() {
    let mut at = Instant::MIN;
    for share in [-1.0, 0.0, 1e-9, 0.5, 0.69, 0.7, 0.95, 1.0, 2.0] {
        let tolerance = Tolerance { share, false_pages_per_week: 1.0 };
        let mut evidence = Evidence::since(at);
        for _ in 0..100 {
            at = at + Duration::from_hours(1);
            assert_eq!(evidence.bet(tolerance, at, 0.0), None, "{share}");
        }
        assert!(evidence.mass.iter().all(|m| m.is_finite() && *m >= 0.0), "{share}: {evidence:?}");
    }
}

/// A small generator of our own, so that the runs are the same for ever (splitmix64).
struct Random(u64);

impl Random {
    fn chance(&mut self, p: f64) -> bool {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64) < p
    }
}

const RUNS: u32 = 200;
const WEEKS: u32 = 8;
const BETS_PER_WEEK: u32 = 300;
const BUDGET: f64 = 0.5;

/// Pages per run and their standard error, where `x` draws the next badness from those before.
fn simulate(mut x: impl FnMut(&mut Random, &[f64]) -> f64) -> (f64, f64) {
    let tolerance = Tolerance { share: 0.05, false_pages_per_week: BUDGET };
    let mut random = Random(20_261_123);
    let step = Duration::from_micros((WEEK.as_micros() / i128::from(BETS_PER_WEEK)) as i64);
    let pages: Vec<f64> = (0..RUNS)
        .map(|_| {
            let mut at = Instant::from_micros(0);
            let mut evidence = Evidence::since(at);
            let mut past = Vec::new();
            let mut pages = 0;
            for _ in 0..WEEKS * BETS_PER_WEEK {
                at = at + step;
                let badness = x(&mut random, &past);
                past.push(badness);
                pages += u32::from(evidence.bet(tolerance, at, badness).is_some());
            }
            f64::from(pages)
        })
        .collect();
    let mean = pages.iter().sum::<f64>() / f64::from(RUNS);
    let variance = pages.iter().map(|p| (p - mean).powi(2)).sum::<f64>() / f64::from(RUNS - 1);
    (mean, (variance / f64::from(RUNS)).sqrt())
}

#[test]
fn false_pages_stay_within_the_budget() {
    let (mean, sigma) = simulate(|random, _| f64::from(u8::from(random.chance(0.05))));
    assert!(mean > 0.0, "nothing was simulated");
    assert!(mean <= BUDGET * f64::from(WEEKS) + 3.0 * sigma, "{mean} pages per run, sigma {sigma}");
}

#[test]
fn false_pages_stay_within_the_budget_against_an_adversary() {
    // After ten good units all the badness that the tolerance allows comes at once; after a bad one
    // it comes in small portions. The share given the past never exceeds 5 %.
    let (mean, sigma) = simulate(|random, past| {
        let quiet = past.iter().rev().take(10).all(|x| *x == 0.0);
        let (chance, badness) = if quiet { (0.05, 1.0) } else { (0.25, 0.2) };
        if random.chance(chance) { badness } else { 0.0 }
    });
    assert!(mean > 0.0, "nothing was simulated");
    assert!(mean <= BUDGET * f64::from(WEEKS) + 3.0 * sigma, "{mean} pages per run, sigma {sigma}");
}

#[test]
fn at_exactly_the_tolerated_badness_evidence_grows_by_the_budget_alone() {
    let tolerance = Tolerance { share: 0.05, false_pages_per_week: 0.1 };
    let mut at = Instant::from_micros(0);
    let mut evidence = Evidence::since(at);
    for day in 1..=69 {
        at = at + Duration::from_hours(24);
        assert_eq!(evidence.bet(tolerance, at, 0.05), None, "day {day}");
        let sum: f64 = evidence.mass.iter().sum();
        assert!((sum - 0.1 * f64::from(day) / 7.0).abs() < 1e-12, "day {day}: {sum}");
    }
    // 70 days are ten weeks: one page's worth, up to rounding.
    at = at + Duration::from_hours(25);
    assert!(evidence.bet(tolerance, at, 0.05).is_some());
}

#[test]
fn a_firing_starts_from_nothing() {
    let tolerance = Tolerance { share: 0.05, false_pages_per_week: 1.0 };
    let mut at = Instant::from_micros(0);
    let mut evidence = Evidence::since(at);
    let fired = (0..100).find(|_| {
        at = at + Duration::from_mins(1);
        evidence.bet(tolerance, at, 1.0).is_some()
    });
    assert!(fired.is_some_and(|bets| bets < 10), "{fired:?}");
    assert_eq!(evidence, Evidence::since(at));
}
