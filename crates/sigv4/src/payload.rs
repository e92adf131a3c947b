//! What a request says about its body: the last line of the canonical request.

use sha2::{Digest, Sha256};

/// The payload line of a canonical request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// The SHA-256 of the body in hex, as sent. Whoever reads the body compares, see [`Payload::sha256`].
    Hash(String),
    /// `UNSIGNED-PAYLOAD`: the body is not covered by the signature.
    Unsigned,
    /// The body arrives as `aws-chunked`; the word names the way it is framed and signed.
    Streaming(Streaming),
    /// The request does not say it, as services other than S3 allow: both sides use the SHA-256 of the body. It must
    /// be replaced by [`Payload::of_body`] before verification; until then the line is empty and matches nobody.
    Implied,
}

/// The three ways an `aws-chunked` body is framed. The ECDSA ones belong to SigV4A and are refused as that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streaming {
    /// Every chunk is signed.
    Signed,
    /// Every chunk is signed, and so is the trailer after the last.
    SignedTrailer,
    /// No chunk is signed; a trailer carries a checksum.
    UnsignedTrailer,
}

impl Payload {
    /// The payload line for a body held in memory.
    pub fn of_body(body: &[u8]) -> Payload {
        Payload::Hash(hex::encode(Sha256::digest(body)))
    }

    /// Reads the value of `x-amz-content-sha256`: one of the constants or 64 hex digits. `None` for anything else,
    /// the ECDSA words of SigV4A included.
    pub fn parse(value: &str) -> Option<Payload> {
        match value {
            "UNSIGNED-PAYLOAD" => Some(Payload::Unsigned),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => Some(Payload::Streaming(Streaming::Signed)),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => {
                Some(Payload::Streaming(Streaming::SignedTrailer))
            }
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Some(Payload::Streaming(Streaming::UnsignedTrailer)),
            _ => is_sha256(value).then(|| Payload::Hash(value.to_owned())),
        }
    }

    /// The line exactly as it stands in the canonical request and in `x-amz-content-sha256`.
    pub fn text(&self) -> &str {
        match self {
            Payload::Hash(sent) => sent,
            Payload::Unsigned => "UNSIGNED-PAYLOAD",
            Payload::Streaming(Streaming::Signed) => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            Payload::Streaming(Streaming::SignedTrailer) => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            Payload::Streaming(Streaming::UnsignedTrailer) => "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            Payload::Implied => "",
        }
    }

    /// The hash the body must have, where the request names one.
    pub fn sha256(&self) -> Option<[u8; 32]> {
        let Payload::Hash(sent) = self else { return None };
        let mut hash = [0; 32];
        hex::decode_to_slice(sent, &mut hash).ok()?;
        Some(hash)
    }
}

impl Streaming {
    /// Whether each chunk carries a signature.
    pub fn is_signed(self) -> bool {
        matches!(self, Streaming::Signed | Streaming::SignedTrailer)
    }

    /// Whether a trailer follows the last chunk.
    pub fn has_trailer(self) -> bool {
        matches!(self, Streaming::SignedTrailer | Streaming::UnsignedTrailer)
    }
}

/// Whether the word belongs to a streamed body signed with SigV4A.
pub(crate) fn is_ecdsa_streaming(value: &str) -> bool {
    value.starts_with("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD")
}

fn is_sha256(value: &str) -> bool {
    // Without a way out at the first wrong digit, many digits are looked at in one instruction.
    value.len() == 64
        && value
            .bytes()
            .fold(true, |all, byte| all & byte.is_ascii_hexdigit())
}

/// The SHA-256 of nothing, in hex.
pub const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back_to_itself() {
        for word in [
            "UNSIGNED-PAYLOAD",
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            EMPTY_SHA256,
        ] {
            assert_eq!(Payload::parse(word).expect("known word").text(), word);
        }
        assert_eq!(Payload::of_body(b"").text(), EMPTY_SHA256);
    }

    #[test]
    fn other_words_are_not_payload_lines() {
        for word in [
            "",
            "unsigned-payload",
            "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
            &EMPTY_SHA256[1..],
        ] {
            assert_eq!(Payload::parse(word), None, "{word}");
        }
        assert_eq!(Payload::parse(&EMPTY_SHA256.replace('e', "g")), None);
    }

    #[test]
    fn upper_case_hex_names_the_same_hash() {
        let upper = Payload::parse(&EMPTY_SHA256.to_uppercase()).expect("hex");
        assert_eq!(upper.sha256(), Payload::of_body(b"").sha256());
        assert_eq!(Payload::Unsigned.sha256(), None);
    }
}
