//! How often secrets may be tried: passwords by name and sender, other codes by sender.
//!
//! Nobody shall be able to lock somebody else out. So a name is refused only to the network that
//! tried it too often, and attempts from everywhere together are slowed, never refused; names that
//! nobody has count alike. Counts are kept in memory; a restart forgets them, which costs an
//! attacker more than us.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use calendar::{Duration, Instant};
use problem::Problem;

use super::Access;
use super::secret::SecretHash;

/// Attempts count for so long.
const WINDOW: Duration = Duration::from_mins(15);
/// Attempts at one name from one network: people forget, and guessing needs millions.
const PAIR_MAX: u32 = 10;
/// Attempts of one kind from one network: an office behind one address signs in on Monday.
const NETWORK_MAX: u32 = 60;
/// Attempts at one name from everywhere that are not slowed: a person with a few devices.
const NAME_FREE: u32 = 20;
/// By so much each further attempt is slower than the one before.
const DELAY_STEP: Duration = Duration::from_millis(250);
/// The longest delay: a person who is wanted at night waits for it, and still signs in.
const DELAY_MAX: Duration = Duration::from_secs(5);
/// Counts of each kind that are kept; beyond them the smaller half goes. A few megabytes.
const COUNTS_MAX: usize = 10_000;

/// What is tried. Each has a count of its own, so that wrong links never keep anybody from signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Guess {
    /// A password.
    Password,
    /// The code of a link: to acknowledge, to sign in, to choose a password.
    Link,
    /// A token.
    Token,
}

/// The counts.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    pairs: Counts<(SecretHash, Option<IpAddr>)>,
    names: Counts<SecretHash>,
    networks: Counts<(Guess, Option<IpAddr>)>,
}

impl Throttle {
    /// Counts an attempt to sign in, before the password is looked at: how long it has to wait, or
    /// that it is refused. It is the same for names that nobody has.
    pub(crate) fn attempt(&self, name: &str, from: Option<IpAddr>, now: Instant) -> Result<Duration, Problem> {
        let (name, network) = (SecretHash::of(name), from.map(network));
        let refused = |until: Instant| {
            Problem::new(&problem::SIGN_IN_THROTTLED, format!("try again after {until}, or from another network"))
        };
        self.networks.count((Guess::Password, network), NETWORK_MAX, now).map_err(refused)?;
        self.pairs.count((name, network), PAIR_MAX, now).map_err(refused)?;
        let attempts = self.names.count(name, u32::MAX, now).map_err(refused)?;
        let slowed = i32::try_from(attempts.saturating_sub(NAME_FREE)).unwrap_or(i32::MAX);
        Ok(DELAY_STEP.saturating_mul(slowed).min(DELAY_MAX))
    }

    /// The right password was given there.
    pub(crate) fn forget(&self, name: &str, from: Option<IpAddr>) {
        self.pairs.forget(&(SecretHash::of(name), from.map(network)));
    }

    /// Counts a code that opened nothing, and refuses where they were too many.
    fn wrong(&self, guess: Guess, from: Option<IpAddr>, now: Instant) -> Result<(), Problem> {
        let refused = |until: Instant| {
            Problem::new(&problem::GUESSES_TOO_MANY, format!("wrong ones from there are looked at again after {until}"))
        };
        self.networks.count((guess, from.map(network)), NETWORK_MAX, now).map(drop).map_err(refused)
    }
}

impl Access {
    /// What to answer to a code that opened nothing: its refusal, or that they were too many. A good
    /// code is never refused for the wrong ones of somebody else behind the same address.
    pub(crate) fn guessed(&self, guess: Guess, from: Option<IpAddr>, refusal: Problem) -> Problem {
        let wrong = [problem::TOKEN_UNKNOWN.id, problem::LINK_SPENT.id, problem::PASS_ENDED.id];
        if !wrong.contains(&refusal.code.id) {
            return refusal;
        }
        self.throttle.wrong(guess, from, self.engine.now()).err().unwrap_or(refusal)
    }
}

/// Attempts by key.
#[derive(Debug)]
struct Counts<K>(Mutex<HashMap<K, Count>>);

#[derive(Clone, Copy, Debug)]
struct Count {
    since: Instant,
    attempts: u32,
}

impl<K> Default for Counts<K> {
    fn default() -> Counts<K> {
        Counts(Mutex::default())
    }
}

impl<K: Hash + Eq + Copy> Counts<K> {
    /// Counts one more and answers how many there are, or until when `max` of them count.
    fn count(&self, key: K, max: u32, now: Instant) -> Result<u32, Instant> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= COUNTS_MAX && !counts.contains_key(&key) {
            counts.retain(|_, count| now < count.since + WINDOW);
        }
        if counts.len() >= COUNTS_MAX && !counts.contains_key(&key) {
            // Whoever tries most is remembered longest.
            let size = |count: &Count| (count.attempts, count.since);
            let mut sizes: Vec<_> = counts.values().map(size).collect();
            sizes.sort_unstable();
            let middle = sizes[sizes.len() / 2];
            counts.retain(|_, count| size(count) > middle);
        }
        let count = counts.entry(key).or_insert(Count { since: now, attempts: 0 });
        if now >= count.since + WINDOW {
            *count = Count { since: now, attempts: 0 };
        }
        if count.attempts >= max {
            return Err(count.since + WINDOW);
        }
        count.attempts += 1;
        Ok(count.attempts)
    }

    fn forget(&self, key: &K) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

/// Providers give a network of 64 bits to one customer, who may use all its addresses.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6(Ipv6Addr::from(u128::from(v6) >> 64 << 64)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::from_micros(1_000_000);

    fn times(throttle: &Throttle, name: &str, from: &str, now: Instant) -> u32 {
        let from = Some(from.parse().unwrap());
        (0..1_000).take_while(|_| throttle.attempt(name, from, now).is_ok()).count() as u32
    }

    #[test]
    fn a_name_is_refused_to_the_network_that_tried_it_and_to_no_other() {
        let throttle = Throttle::default();
        for (name, from, later, wanted, why) in [
            ("ana", "192.0.2.1", Duration::ZERO, PAIR_MAX, "ten from one address"),
            ("ana", "192.0.2.1", Duration::ZERO, 0, "and no more"),
            ("ana", "192.0.2.2", Duration::ZERO, PAIR_MAX, "another address is not locked out"),
            ("invented", "192.0.2.3", Duration::ZERO, PAIR_MAX, "a name that nobody has counts alike"),
            ("ana", "2001:db8::1", Duration::ZERO, PAIR_MAX, "six"),
            ("ana", "2001:db8::ffff:2", Duration::ZERO, 0, "of the same network"),
            ("ana", "2001:db8:0:1::1", Duration::ZERO, PAIR_MAX, "of another one"),
            ("ana", "192.0.2.1", WINDOW, PAIR_MAX, "later"),
        ] {
            assert_eq!(times(&throttle, name, from, NOW + later), wanted, "{why}");
        }
        throttle.forget("ana", Some("192.0.2.2".parse().unwrap()));
        assert_eq!(times(&throttle, "ana", "192.0.2.2", NOW), PAIR_MAX, "the right password clears its own count");
    }

    #[test]
    fn one_network_tries_many_names_only_so_often() {
        let throttle = Throttle::default();
        let from = Some("192.0.2.1".parse().unwrap());
        let tried = (0..1_000).take_while(|n| throttle.attempt(&format!("p{n}"), from, NOW).is_ok()).count();
        assert_eq!(tried as u32, NETWORK_MAX);
        let wrong = |guess| (0..1_000).take_while(|_| throttle.wrong(guess, from, NOW).is_ok()).count() as u32;
        assert_eq!((wrong(Guess::Link), wrong(Guess::Token)), (NETWORK_MAX, NETWORK_MAX), "each has its own count");
        assert_eq!(times(&throttle, "ana", "192.0.2.2", NOW), PAIR_MAX);
    }

    #[test]
    fn attempts_from_everywhere_are_slowed_and_never_refused() {
        let throttle = Throttle::default();
        let delay = |n: u32| throttle.attempt("ana", Some(IpAddr::V4(n.into())), NOW).unwrap();
        let delays: Vec<Duration> = (0..2 * COUNTS_MAX as u32).map(delay).collect();
        assert!(delays[..NAME_FREE as usize].iter().all(|delay| *delay == Duration::ZERO));
        assert_eq!(delays[NAME_FREE as usize], DELAY_STEP);
        assert!(delays.windows(2).all(|two| two[0] <= two[1]) && delays.last() == Some(&DELAY_MAX));
        assert_eq!(throttle.attempt("ben", None, NOW), Ok(Duration::ZERO));
    }

    #[test]
    fn a_name_under_attack_is_remembered_though_names_are_invented() {
        let throttle = Throttle::default();
        for n in 0..2 * NAME_FREE {
            throttle.attempt("ana", Some(IpAddr::V4(n.into())), NOW).unwrap();
        }
        for n in 0..2 * COUNTS_MAX as u32 {
            throttle.attempt(&format!("p{n}"), Some(IpAddr::V4((1 << 24 | n).into())), NOW).unwrap();
        }
        assert!(throttle.attempt("ana", None, NOW).unwrap() > DELAY_STEP);
        assert!(throttle.names.0.lock().unwrap().len() <= COUNTS_MAX);
        assert!(throttle.pairs.0.lock().unwrap().len() <= COUNTS_MAX);
        assert!(throttle.networks.0.lock().unwrap().len() <= COUNTS_MAX);
    }
}
