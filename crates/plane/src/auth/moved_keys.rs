//! The keys of other planes, which signed API keys of organizations that have moved here.

use std::collections::HashMap;

use drover_domain::{KeyId, OrgId, Result};
use drover_store::DatabaseConnection;
use drover_store::identity::queries;

use crate::keys::{PublicKey, claimed_kid};

/// The keys that organizations brought. They come while no plane runs (`drover import`), so what was
/// read at the start stays true, and a made-up token costs no look into the database.
#[derive(Default)]
pub struct MovedKeys(HashMap<String, Vec<(OrgId, PublicKey)>>);

impl MovedKeys {
    /// Reads them.
    pub async fn read(db: &DatabaseConnection) -> Result<Self> {
        let mut keys: HashMap<String, Vec<(OrgId, PublicKey)>> = HashMap::new();
        for row in queries::moved_keys(db).await? {
            let Ok(bytes) = row.public_key.try_into() else { continue };
            // What the row says of the `kid` is what a file said; the key itself tells.
            let key = PublicKey::from_bytes(bytes);
            let brought = keys.entry(key.kid().to_owned()).or_default();
            brought.push((OrgId::new(row.organization_id), key));
        }
        Ok(Self(keys))
    }

    /// The key id and organization of a token that is signed by a key which this very organization
    /// brought, and not expired.
    pub(super) fn verify(&self, token: &str) -> Option<(KeyId, String)> {
        let brought = self.0.get(&claimed_kid(token)?)?;
        // All of them are one key, brought by several organizations.
        let (_, key) = brought.first()?;
        let (id, organization) = key.verify(token)?;
        let brought_it = brought.iter().any(|(owner, _)| owner.as_str() == organization);
        brought_it.then_some((id, organization))
    }
}
