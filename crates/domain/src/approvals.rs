//! Approvals: something in a run waits for a person's word (contract, auth §4). Who may give it, and
//! until when, is decided here.

use jiff::{SignedDuration, Timestamp};

use crate::identity::{Action, Identity};
use crate::{Error, Result, UserId};

/// The longest time that a request stays open, in minutes: 30 days.
pub const MAX_MINUTES: i64 = 43_200;
/// How long one stays open where nobody says: a day.
pub const USUAL_MINUTES: i64 = 1440;

/// Where a request stands. All but the first are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalStatus {
    /// Nobody has decided it.
    Pending,
    /// Somebody has said yes.
    Approved,
    /// Somebody has said no.
    Rejected,
    /// Nobody has decided it in time.
    Expired,
}

impl ApprovalStatus {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Approved, Self::Rejected, Self::Expired];

    /// The stored word, and that of the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
        }
    }

    /// Reads the word in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(text))
    }
}

/// Who asks, and whom.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The person who asks; `None` if it is a worker, whose key speaks for nobody.
    pub by: Option<UserId>,
    /// E-mail addresses of those who may decide; if there are none, it is whoever may administer the
    /// organization.
    pub approvers: Vec<String>,
}

impl Asked {
    /// Whether this caller may decide.
    ///
    /// # Errors
    /// Forbidden, with who may.
    pub fn check(&self, caller: &Identity) -> Result<()> {
        let those = match self.approvers.as_slice() {
            [] => "those who may administer the organization".to_owned(),
            named => named.join(", "),
        };
        if self.by == Some(caller.user_id) {
            let text =
                format!("Who asks for an approval may not decide it; it is asked of {those}");
            return Err(Error::Forbidden(text));
        }
        let is_asked = match self.approvers.as_slice() {
            [] => caller.role.may(Action::Administer),
            named => named.iter().any(|one| one.eq_ignore_ascii_case(&caller.email)),
        };
        if is_asked {
            return Ok(());
        }
        Err(Error::Forbidden(format!("You may not decide this request; it is asked of {those}")))
    }
}

/// When a request expires that was made now.
pub fn expiry(now: Timestamp, minutes: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::identity::Role;
    use crate::{KeyId, OrgId};

    fn caller(user: u128, email: &str, role: Role) -> Identity {
        Identity {
            organization: OrgId::new("acme"),
            user_id: UserId(Uuid::from_u128(user)),
            email: email.into(),
            name: "x".into(),
            role,
            key_id: KeyId(Uuid::nil()),
        }
    }

    fn asked(by: Option<u128>, approvers: &[&str]) -> Asked {
        let approvers = approvers.iter().map(|one| (*one).to_owned()).collect();
        Asked { by: by.map(|user| UserId(Uuid::from_u128(user))), approvers }
    }

    #[test]
    fn those_who_are_named_decide_in_whatever_case_and_nobody_else() {
        let asked = asked(Some(1), &["Ann@Acme.example"]);
        assert!(asked.check(&caller(2, "ann@acme.EXAMPLE", Role::Member)).is_ok());
        let refused = asked.check(&caller(3, "bob@acme.example", Role::Owner)).unwrap_err();
        assert!(refused.to_string().ends_with("it is asked of Ann@Acme.example"), "{refused}");
    }

    #[test]
    fn where_nobody_is_named_who_administers_decides() {
        let asked = asked(Some(1), &[]);
        for (role, may) in [
            (Role::Owner, true),
            (Role::Admin, true),
            (Role::Member, false),
            (Role::Viewer, false),
            (Role::Worker, false),
        ] {
            assert_eq!(asked.check(&caller(2, "a@b", role)).is_ok(), may, "{role:?}");
        }
    }

    #[test]
    fn who_asks_does_not_decide_even_if_named() {
        for approvers in [&[][..], &["ann@acme.example"]] {
            let ann = caller(1, "ann@acme.example", Role::Owner);
            let refused = asked(Some(1), approvers).check(&ann).unwrap_err();
            assert!(refused.to_string().starts_with("Who asks"), "{refused}");
            assert!(asked(None, approvers).check(&ann).is_ok(), "a worker has asked, not she");
        }
    }

    #[test]
    fn words_round_trip_in_any_case() {
        for status in ApprovalStatus::ALL {
            assert_eq!(ApprovalStatus::parse(&status.as_str().to_uppercase()), Some(status));
        }
        assert_eq!(ApprovalStatus::parse("done"), None);
    }
}
