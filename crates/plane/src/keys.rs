//! API keys and tokens of leases as signed JWTs (design, "Tenancy, identity, secrets").

use drover_domain::identity::Identity;
use drover_domain::{ActivityId, Doing, KeyId, OrgId, Result, Secret};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::seed::HEAD;

/// The claims of a key.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    organization: String,
    email: String,
    jti: String,
    iat: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
}

/// What the token of a lease says. Its audience tells it from an API key, which has none.
#[derive(Debug, Serialize, Deserialize)]
struct LeaseClaims {
    aud: String,
    organization: String,
    activity: ActivityId,
    attempt: u32,
    exp: i64,
}

/// The audience of a lease's token.
const LEASE: &str = "lease";
/// How long a lease's token is good: its holder uses it at once.
const LEASE_TOKEN: SignedDuration = SignedDuration::from_secs(60);

/// The Ed25519 key that signs API keys and tokens of leases.
pub struct SigningKey {
    encoding: EncodingKey,
    public: PublicKey,
}

/// The public half of such a key: what it signed is known by it.
pub struct PublicKey {
    kid: String,
    bytes: [u8; 32],
    decoding: DecodingKey,
}

impl SigningKey {
    /// The key grown from 32 secret bytes (RFC 8032, §5.1.5).
    pub fn from_seed(seed: &Secret<[u8; 32]>) -> Self {
        let public = ed25519_dalek::SigningKey::from_bytes(seed.reveal()).verifying_key();
        // PKCS #8: a fixed head, then the seed.
        let pkcs8 = [HEAD.as_slice(), seed.reveal()].concat();
        let public = PublicKey::from_bytes(public.to_bytes());
        Self { encoding: EncodingKey::from_ed_der(&pkcs8), public }
    }

    /// Its public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Tells this key from others; it is no secret.
    pub fn fingerprint(&self) -> &str {
        self.public.kid()
    }

    /// Signs a key for an identity.
    pub fn sign(
        &self,
        identity: &Identity,
        now: Timestamp,
        expires: Option<Timestamp>,
    ) -> Result<Secret<String>> {
        let claims = Claims {
            organization: identity.organization.to_string(),
            email: identity.email.clone(),
            jti: identity.key_id.to_string(),
            iat: now.as_second(),
            exp: expires.map(Timestamp::as_second),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.public.kid.clone());
        jsonwebtoken::encode(&header, &claims, &self.encoding).map(Secret::new).doing("sign a key")
    }

    /// The key id and organization of a token signed by this key and not expired.
    pub fn verify(&self, token: &str) -> Option<(KeyId, String)> {
        self.public.verify(token)
    }

    /// Signs a token for the holder of a lease: of this try of an activity, and of no other.
    pub fn sign_lease(
        &self,
        organization: &OrgId,
        activity: ActivityId,
        attempt: u32,
        now: Timestamp,
    ) -> Result<Secret<String>> {
        let claims = LeaseClaims {
            aud: LEASE.to_owned(),
            organization: organization.to_string(),
            activity,
            attempt,
            exp: now.checked_add(LEASE_TOKEN).unwrap_or(now).as_second(),
        };
        let header = Header::new(Algorithm::EdDSA);
        let signed = jsonwebtoken::encode(&header, &claims, &self.encoding);
        signed.map(Secret::new).doing("sign the token of a lease")
    }

    /// Organization, activity and try of a lease's token that was signed by this key and is good.
    pub fn verify_lease(&self, token: &str) -> Option<(String, ActivityId, u32)> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[LEASE]);
        let decoding = &self.public.decoding;
        let claims = jsonwebtoken::decode::<LeaseClaims>(token, decoding, &validation).ok()?.claims;
        Some((claims.organization, claims.activity, claims.attempt))
    }
}

impl PublicKey {
    /// The key with these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        let kid = hex(&Sha256::digest(bytes)[..8]);
        Self { kid, bytes, decoding: DecodingKey::from_ed_der(&bytes) }
    }

    /// What tokens signed by it call it.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// The key id and organization of a token signed by this key and not expired.
    pub fn verify(&self, token: &str) -> Option<(KeyId, String)> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.required_spec_claims.clear();
        validation.validate_exp = true;
        let token = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation).ok()?;
        Some((token.claims.jti.parse().ok()?, token.claims.organization))
    }
}

/// What a token says is the key that signed it. Anybody can say anything.
pub fn claimed_kid(token: &str) -> Option<String> {
    jsonwebtoken::decode_header(token).ok()?.kid
}

/// The form in which a token is stored.
pub fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
