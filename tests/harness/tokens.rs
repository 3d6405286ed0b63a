//! Tokens that look like API keys: forged ones, and ones that the plane's own key has signed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rusqlite::{Connection, named_params};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Plane;

/// The claims of a token.
pub fn claims(token: &str) -> Value {
    part(token, 1)
}

/// The header of a token.
pub fn header(token: &str) -> Value {
    part(token, 0)
}

/// Everything that somebody could make of a valid key who does not have the plane's own, with what
/// it is. `victim` is the organization that the forger would like to enter.
pub fn forged(key: &str, victim: &str) -> Vec<(&'static str, String)> {
    let claims = claims(key);
    let mut theirs = claims.clone();
    theirs["organization"] = json!(victim);
    let signature = key.rsplit('.').next().expect("a signature");
    let head = key.split('.').next().expect("a header");
    let unsigned = |alg: &str, claims: &Value| {
        format!("{}.{}", encoded(&json!({"alg": alg, "typ": "JWT"})), encoded(claims))
    };
    let hmac = EncodingKey::from_secret(b"secret");
    vec![
        ("signed with HS256", sign(Algorithm::HS256, &claims, &hmac)),
        ("signed by another Ed25519 key", sign(Algorithm::EdDSA, &claims, &ed25519(&[7; 32]))),
        ("with algorithm none", format!("{}.", unsigned("none", &claims))),
        (
            "with algorithm none and a signature",
            format!("{}.{signature}", unsigned("none", &claims)),
        ),
        ("with HS256 in the header", format!("{}.{signature}", unsigned("HS256", &claims))),
        ("with another's organization", format!("{head}.{}.{signature}", encoded(&theirs))),
        ("without its signature", format!("{}.", key.rsplit_once('.').expect("parts").0)),
        ("with one part", signature.to_owned()),
        ("that is no token", "letmein".to_owned()),
    ]
}

/// A key that is in the plane's database and signed by its key, with these two times of expiry:
/// that in the database, in microseconds, and that in the token, in seconds.
#[expect(clippy::disallowed_methods, reason = "an id that no key has")]
pub fn key_that_expires(plane: &Plane, like: &str, row: Option<i64>, exp: Option<i64>) -> String {
    let id = uuid::Uuid::new_v4();
    let mut claims = claims(like);
    claims["jti"] = json!(id.to_string());
    if let Some(exp) = exp {
        claims["exp"] = json!(exp);
    }
    let seed = std::fs::read_to_string(plane.data_dir().join("signing.key")).expect("its key");
    let token = sign(Algorithm::EdDSA, &claims, &ed25519(&from_hex(seed.trim())));
    insert_row(plane, id, &token, like, row);
    token
}

/// A token with the claims of `like`, a key of this plane, signed by the key of another plane; its row
/// is in this plane's database all the same.
#[expect(clippy::disallowed_methods, reason = "an id that no key has")]
pub fn key_signed_elsewhere(plane: &Plane, elsewhere: &Plane, like: &str) -> String {
    let id = uuid::Uuid::new_v4();
    let mut claims = claims(like);
    claims["jti"] = json!(id.to_string());
    let path = elsewhere.data_dir().join("signing.key");
    let seed = std::fs::read_to_string(path).expect("its key");
    let kid = header(&elsewhere.seeded().key)["kid"].as_str().map(str::to_owned);
    let head = Header { kid, ..Header::new(Algorithm::EdDSA) };
    let token =
        jsonwebtoken::encode(&head, &claims, &ed25519(&from_hex(seed.trim()))).expect("a token");
    insert_row(plane, id, &token, like, None);
    token
}

/// Gives a key of a plane, which was not used yet, to a person of its own.
pub fn give_to(plane: &Plane, key: &str, email: &str) {
    let id = claims(key)["jti"].as_str().expect("an id").replace('-', "");
    let this = format!("lower({}) = '{id}'", plane.hex_of("id"));
    // No user has the id of a key.
    plane.change(&format!(
        "INSERT INTO users (id, organization_id, email, name, role, created_at)
         SELECT id, organization_id, '{email}', '{email}', role, created_at
         FROM api_keys WHERE {this}"
    ));
    plane.change(&format!("UPDATE api_keys SET user_id = id WHERE {this}"));
    let given = format!("SELECT count(*) FROM api_keys WHERE user_id = id AND {this}");
    assert_eq!(plane.ask(&given), "1", "a key of this plane");
}

fn insert_row(plane: &Plane, id: uuid::Uuid, token: &str, like: &str, expires: Option<i64>) {
    let hash = |token: &str| Sha256::digest(token.as_bytes()).to_vec();
    let inserted = database(plane).execute(
        "INSERT INTO api_keys
             (id, organization_id, user_id, name, role, token_hash, created_at, expires_at)
         SELECT :id, organization_id, user_id, name, role, :hash, created_at, :expires_at
         FROM api_keys WHERE token_hash = :like",
        named_params! {
            ":id": id.as_bytes().as_slice(), ":hash": hash(token), ":like": hash(like),
            ":expires_at": expires,
        },
    );
    assert_eq!(inserted.expect("a writable database"), 1, "`like` is a key of this plane");
}

/// The database of a plane on SQLite.
pub fn database(plane: &Plane) -> Connection {
    let path = plane.data_dir().join("drover.db");
    let database = Connection::open(path).expect("the plane's database");
    database.busy_timeout(std::time::Duration::from_secs(30)).expect("a patient connection");
    database
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).expect("three parts");
    let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64");
    serde_json::from_slice(&bytes).expect("JSON")
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn sign(algorithm: Algorithm, claims: &Value, key: &EncodingKey) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, key).expect("a token")
}

/// A key of 32 secret bytes, in PKCS #8 (RFC 8410, §7).
fn ed25519(seed: &[u8]) -> EncodingKey {
    let head = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22];
    EncodingKey::from_ed_der(&[head.as_slice(), &[0x04, 0x20], seed].concat())
}

fn from_hex(text: &str) -> Vec<u8> {
    let bytes = (0..text.len()).step_by(2);
    bytes.map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
}
