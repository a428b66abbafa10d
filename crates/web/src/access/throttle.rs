//! How often a password may be tried: per account, and per address of the sender.
//!
//! Counts are kept in memory; a restart forgets them, which costs an attacker more than us.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use calendar::{Duration, Instant};
use problem::Problem;

/// Attempts count for so long.
const WINDOW: Duration = Duration::from_mins(15);
/// Attempts at one account: people forget, and guessing needs millions.
const ACCOUNT_MAX: u32 = 10;
/// Attempts from one address: an office behind one of them signs in on Monday.
const ADDRESS_MAX: u32 = 60;
/// Addresses counted one by one; the others share a count.
const ADDRESSES_MAX: usize = 10_000;

/// The counts.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    accounts: Mutex<HashMap<String, Count>>,
    addresses: Mutex<HashMap<Option<IpAddr>, Count>>,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    since: Instant,
    attempts: u32,
}

impl Throttle {
    /// Counts an attempt, before the password is looked at, or refuses it. `account` is none where
    /// there is no such account, so that invented names take no room.
    pub(crate) fn attempt(&self, account: Option<&str>, from: Option<IpAddr>, now: Instant) -> Result<(), Problem> {
        let address = from.map(network);
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if addresses.len() >= ADDRESSES_MAX {
            addresses.retain(|_, count| now < count.since + WINDOW);
        }
        let room = addresses.len() < ADDRESSES_MAX || addresses.contains_key(&address);
        count(&mut addresses, if room { address } else { None }, ADDRESS_MAX, now)?;
        drop(addresses);
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        account.map_or(Ok(()), |account| count(&mut accounts, account.to_owned(), ACCOUNT_MAX, now))
    }

    /// The right password was given.
    pub(crate) fn forget(&self, account: &str) {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).remove(account);
    }
}

fn count<K: Hash + Eq>(counts: &mut HashMap<K, Count>, key: K, max: u32, now: Instant) -> Result<(), Problem> {
    let count = counts.entry(key).or_insert(Count { since: now, attempts: 0 });
    if now >= count.since + WINDOW {
        *count = Count { since: now, attempts: 0 };
    }
    if count.attempts >= max {
        let detail = format!("try again after {}", count.since + WINDOW);
        return Err(Problem::new(&problem::SIGN_IN_THROTTLED, detail));
    }
    count.attempts += 1;
    Ok(())
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

    fn times(throttle: &Throttle, account: Option<&str>, from: &str, now: Instant) -> u32 {
        let from = Some(from.parse().unwrap());
        (0..1_000).take_while(|_| throttle.attempt(account, from, now).is_ok()).count() as u32
    }

    #[test]
    fn attempts_are_counted_by_account_and_by_network() {
        let throttle = Throttle::default();
        let now = Instant::from_micros(1_000_000);
        assert_eq!(times(&throttle, Some("ana"), "192.0.2.1", now), ACCOUNT_MAX);
        assert_eq!(times(&throttle, Some("ana"), "192.0.2.2", now), 0, "from anywhere");
        throttle.forget("ana");
        assert_eq!(times(&throttle, Some("ana"), "192.0.2.3", now), ACCOUNT_MAX);
        assert_eq!(times(&throttle, None, "2001:db8::1", now), ADDRESS_MAX);
        assert_eq!(times(&throttle, None, "2001:db8::ffff:2", now), 0, "of the same network");
        assert_eq!(times(&throttle, None, "2001:db8:0:1::1", now), ADDRESS_MAX);
        assert_eq!(times(&throttle, Some("ana"), "192.0.2.2", now + WINDOW), ACCOUNT_MAX, "later");
    }

    #[test]
    fn many_addresses_share_a_count_in_the_end() {
        let throttle = Throttle::default();
        let now = Instant::from_micros(0);
        let address = |n: u32| Some(IpAddr::V4(n.into()));
        for n in 0..ADDRESSES_MAX as u32 {
            throttle.attempt(None, address(n), now).unwrap();
        }
        let more = (0..1_000).take_while(|n| throttle.attempt(None, address(1 << 24 | n), now).is_ok()).count();
        assert_eq!(more as u32, ADDRESS_MAX);
        assert!(throttle.addresses.lock().unwrap().len() <= ADDRESSES_MAX + 1);
    }
}
