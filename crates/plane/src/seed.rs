//! What a signing key grows from, as an operator writes it down: the 32 bytes in hexadecimal (the
//! form of `signing.key`) or base64, or a private key in PEM (PKCS #8) as `openssl genpkey -algorithm
//! ed25519` prints it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use drover_domain::Secret;

/// What stands before the 32 bytes in PKCS #8 (RFC 8410, §7).
pub(crate) const HEAD: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// The secret bytes of a text; `None` if it has none of the three forms.
pub fn read_seed(text: &str) -> Option<Secret<[u8; 32]>> {
    let text = text.trim();
    let bytes = match text.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)) {
        Some(lines) => {
            let lines: String = lines.split_whitespace().collect();
            STANDARD.decode(lines).ok()?.strip_prefix(&HEAD)?.to_vec()
        }
        None if text.len() == 64 => from_hex(text)?,
        None => STANDARD.decode(text).ok()?,
    };
    bytes.try_into().ok().map(Secret::new)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16)?.try_into().ok()).collect();
    Some(digits?.chunks(2).map(|two| two[0] << 4 | two[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_forms_of_the_same_bytes() {
        let seed: [u8; 32] = std::array::from_fn(|n| u8::try_from(n * 7).unwrap());
        let hex: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
        let base64 = STANDARD.encode(seed);
        let pem = STANDARD.encode([HEAD.as_slice(), &seed].concat());
        let pem = format!("{BEGIN}\n{}\n{}\n{END}\n", &pem[..40], &pem[40..]);
        for text in [hex, base64, pem] {
            assert_eq!(read_seed(&text).expect("a seed").reveal(), &seed, "{text}");
        }
    }

    #[test]
    fn anything_else_is_none() {
        let short = STANDARD.encode([1; 31]);
        let x = "x".repeat(64);
        let pem = format!("{BEGIN}\nMAA=\n{END}");
        for text in ["", "no", &short, &x, &pem, "é"] {
            assert!(read_seed(text).is_none(), "{text}");
        }
    }
}
