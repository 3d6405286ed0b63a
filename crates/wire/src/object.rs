//! Structs that are read from objects only: what serde derives takes a list of the fields too.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

/// A struct with `#[serde(remote = "Self")]`, so that the derived code is not its `Deserialize`.
pub(crate) trait FromObject<'de>: Sized {
    /// The derived code.
    fn from_object<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// Takes an object and nothing else.
pub(crate) struct ObjectOnly<T>(pub PhantomData<T>);

impl<'de, T: FromObject<'de>> Visitor<'de> for ObjectOnly<T> {
    type Value = T;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::from_object(MapAccessDeserializer::new(map))
    }
}

/// `Deserialize` from objects only, and `Serialize` as derived.
macro_rules! object_only {
    ($name:ident) => {
        impl<'de> $crate::object::FromObject<'de> for $name {
            fn from_object<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::deserialize(deserializer)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_map($crate::object::ObjectOnly(std::marker::PhantomData))
            }
        }
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, serializer)
            }
        }
    };
}
pub(crate) use object_only;
