//! A field of a PATCH body: absent, null and a value are three things.

use serde::{Deserialize, Deserializer};

/// What a PATCH says about a field. Use with `#[serde(default)]`, which gives [`Patch::Absent`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// Not mentioned: leave it.
    #[default]
    Absent,
    /// `null`: clear it.
    Null,
    /// Set it.
    Value(T),
}

impl<T> Patch<T> {
    /// Whether the field was mentioned at all.
    pub fn is_present(&self) -> bool {
        !matches!(self, Self::Absent)
    }
    /// The value, with null and absent taken alike.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }
    /// The value, borrowed, with null and absent taken alike.
    pub fn as_value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }
    /// Applies it to a column that may be empty.
    pub fn apply(self, column: &mut Option<T>) {
        match self {
            Self::Absent => {}
            Self::Null => *column = None,
            Self::Value(value) => *column = Some(value),
        }
    }
    /// Applies it to a column that has a default instead of null.
    pub fn apply_or_default(self, column: &mut T)
    where
        T: Default,
    {
        match self {
            Self::Absent => {}
            Self::Null => *column = T::default(),
            Self::Value(value) => *column = value,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Option::<T>::deserialize(deserializer)? {
            Some(value) => Self::Value(value),
            None => Self::Null,
        })
    }
}
