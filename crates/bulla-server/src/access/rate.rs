//! How much one credential may ask for: a bucket of requests that fills at a steady rate.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;

/// 4,096 credentials: more than a server has; the one unused for longest goes.
const BUCKETS_MAX: usize = 4096;

/// Requests per second that a credential may make; bursts of as many are taken at once.
#[derive(Debug)]
pub(crate) struct Rate {
    per_second: f64,
    buckets: Mutex<HashMap<String, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Rate {
    /// `None`: no limit.
    pub(crate) fn new(per_second: Option<u32>) -> Option<Self> {
        per_second.map(|rate| Self { per_second: f64::from(rate.max(1)), buckets: Mutex::default() })
    }

    /// Takes one request of `caller`.
    ///
    /// # Errors
    /// The seconds until there is room again.
    pub(crate) fn take(&self, caller: &str, now: Instant) -> Result<(), u64> {
        let mut buckets = self.buckets.lock().expect("no panic while held");
        if buckets.len() >= BUCKETS_MAX && !buckets.contains_key(caller) {
            let oldest = buckets.iter().min_by_key(|(_, bucket)| bucket.at).map(|(name, _)| name.clone());
            oldest.map(|name| buckets.remove(&name));
        }
        let full = Bucket { tokens: self.per_second, at: now };
        let bucket = buckets.entry(caller.to_owned()).or_insert(full);
        let filled = now.saturating_duration_since(bucket.at).as_secs_f64() * self.per_second;
        bucket.tokens = (bucket.tokens + filled).min(self.per_second);
        bucket.at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        Err((((1.0 - bucket.tokens) / self.per_second).ceil() as u64).max(1))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_is_taken_then_the_rate_holds_for_each_caller_apart() {
        let (rate, now) = (Rate::new(Some(3)).unwrap(), Instant::now());
        assert!((0..3).all(|_| rate.take("a", now).is_ok()));
        assert_eq!(rate.take("a", now), Err(1));
        assert_eq!(rate.take("b", now), Ok(()));
        assert_eq!(rate.take("a", now + Duration::from_millis(334)), Ok(()));
        assert_eq!(rate.take("a", now + Duration::from_millis(335)), Err(1));
    }

    #[test]
    fn the_number_of_callers_is_bounded() {
        let (rate, now) = (Rate::new(Some(1)).unwrap(), Instant::now());
        for caller in 0..=BUCKETS_MAX {
            let _ = rate.take(&caller.to_string(), now + Duration::from_nanos(caller as u64));
        }
        assert_eq!(rate.buckets.lock().unwrap().len(), BUCKETS_MAX);
        assert!(Rate::new(None).is_none());
    }
}
