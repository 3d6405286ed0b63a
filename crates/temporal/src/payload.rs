//! Payloads of Temporal: one JSON value each, read tolerantly. A typed handler would wedge its
//! workflow for ever on a message of the wrong shape.

use serde::Serialize;
use serde::de::DeserializeOwned;
use temporalio_common::data_converters::RawValue;
use temporalio_common::protos::temporal::api::common::v1::Payload;

/// The encoding of every payload here, which every SDK reads.
const JSON: &str = "json/plain";

/// A value as the only argument or result.
pub fn write(value: &impl Serialize) -> RawValue {
    // Every value here is made of texts, numbers and objects with texts as keys.
    let data = serde_json::to_vec(value).unwrap_or_default();
    let mut payload = Payload { data, ..Payload::default() };
    payload.metadata.insert("encoding".to_owned(), JSON.as_bytes().to_vec());
    RawValue::new(vec![payload])
}

/// The first value, if it has the shape.
pub fn read<T: DeserializeOwned>(raw: &RawValue) -> Option<T> {
    serde_json::from_slice(&raw.payloads.first()?.data).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        assert_eq!(read::<u32>(&write(&7)), Some(7));
        assert_eq!(read::<u32>(&write(&"seven")), None);
        assert_eq!(read::<u32>(&RawValue::empty()), None);
        assert_eq!(read::<u32>(&RawValue::new(Vec::new())), None);
    }
}
