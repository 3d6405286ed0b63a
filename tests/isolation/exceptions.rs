//! Where an operation may differ from the rule. An exception that is not needed fails its test.

/// An operation that differs.
pub struct Exception {
    /// `area.Operation`.
    pub operation: &'static str,
    /// What it answers instead.
    pub status: u16,
    /// Why that is right.
    pub reason: &'static str,
}

/// Operations that ask for no key (contract, auth §1.8).
pub const PUBLIC: [(&str, &str); 8] = [
    ("health.Live", "load balancers have no key"),
    ("health.Readiness", "load balancers have no key"),
    ("skills.Definitions", "what a skill type offers is the same for everybody"),
    ("skills.Definition", "what a skill type offers is the same for everybody"),
    ("skills.Variants", "what a skill type offers is the same for everybody"),
    ("skills.Validate", "the configuration is in the body, nothing is stored or executed"),
    ("skills.Templates", "what a skill type offers is the same for everybody"),
    ("skills.Types", "what a skill type offers is the same for everybody"),
];

/// Operations that ask for the token of a lease (`tests/workers/variables.rs`).
pub const LEASE: [(&str, &str); 1] =
    [("workers.Variables", "a key of the organization is no right to what one tool gets")];

/// Operations of the plane's operator, for whom keys of organizations are no keys at all.
pub const OPERATOR: [(&str, &str); 2] = [
    ("health.Metrics", "they tell of all organizations; from this machine they need no token"),
    ("organizations.Create", "an organization cannot make another"),
];

/// What a stranger gets instead of 404.
pub const STRANGER: [Exception; 2] = [
    Exception {
        operation: "skills.Dissociate",
        status: 204,
        reason: "204 also where there is nothing to take away (contract, catalogue §7), so for a \
                 stranger as for anybody; that nothing is taken away is seen at the end of the walk",
    },
    Exception {
        operation: "workers.Get",
        status: 200,
        reason: "never 404 (contract, workers §4): a queue that is not the caller's has no workers, \
                 as one that nobody has",
    },
];
