//! How much of the queue one address may fill, so that nobody can keep others from submitting.
//!
//! Counts submissions that wait, by address; an IPv6 network of 64 bits counts as one. Knows nothing of
//! proxies: whose address it is given is for others to say.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Who waits with how many submissions.
#[derive(Debug)]
pub(crate) struct Shares {
    limit: usize,
    waiting: Mutex<HashMap<IpAddr, usize>>,
}

/// One waiting submission; its place is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    of: Arc<Shares>,
    address: IpAddr,
}

impl Shares {
    /// At most `limit` waiting submissions for each address.
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            waiting: Mutex::default(),
        })
    }

    /// The most that one address may have waiting.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Takes one place, unless the address has all it may have.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Share> {
        let address = network(address);
        let mut waiting = self.lock();
        let count = waiting.entry(address).or_default();
        if *count >= self.limit {
            return None;
        }
        *count += 1;
        Some(Share {
            of: Arc::clone(self),
            address,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut waiting = self.of.lock();
        if let Some(count) = waiting.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                waiting.remove(&self.address);
            }
        }
    }
}

/// What counts as one address: an IPv6 network of 64 bits, or an IPv4 address.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_its_share_and_no_more() {
        let shares = Shares::new(2);
        let (one, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let first = shares.take(one).unwrap();
        let second = shares.take(one);
        assert!(second.is_some() && shares.take(one).is_none());
        assert!(shares.take(other).is_some());
        drop(first);
        assert!(shares.take(one).is_some());
        drop(second);
        assert!(shares.lock().is_empty());
    }

    #[test]
    fn a_network_of_64_bits_counts_as_one_address() {
        let shares = Shares::new(1);
        let _held = shares.take("2001:db8:0:1::1".parse().unwrap()).unwrap();
        assert!(
            shares
                .take("2001:db8:0:1:ffff::2".parse().unwrap())
                .is_none()
        );
        assert!(shares.take("2001:db8:0:2::1".parse().unwrap()).is_some());
        let _v4 = shares.take("192.0.2.1".parse().unwrap()).unwrap();
        assert!(shares.take("::ffff:192.0.2.1".parse().unwrap()).is_none());
    }
}
