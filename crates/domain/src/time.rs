//! Instants as they are stored (microseconds since 1970) and as they go out (RFC 3339 with `Z`).

use jiff::Timestamp;

/// Microseconds since 1970, the stored form.
pub fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// The instant of a stored value. Out-of-range values (never written) become 1970.
pub fn timestamp(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// `2026-01-31T12:00:00.123456Z`, always six fractional digits, so that texts sort as instants do.
pub fn rfc3339(at: Timestamp) -> String {
    format!("{at:.6}")
}

/// Where "now" comes from: a real clock in the binary, a hand-set one in tests of rules.
pub trait Clock: Send + Sync {
    /// The current instant.
    fn now(&self) -> Timestamp;
}

/// Where new ids come from.
pub trait Ids: Send + Sync {
    /// An id that sorts after the ones made before it (UUID version 7).
    fn next(&self) -> uuid::Uuid;
    /// `N` random bytes fit for secrets.
    fn secret_bytes(&self) -> [u8; 32];
}
