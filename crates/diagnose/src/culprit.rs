//! Who did it, where something in the request says so.
//!
//! A table by cause of who does such a thing, held against the traces of this request. Not here: proof. Keeps true: nobody is named
//! without evidence. A proxy is named only where one shows; what is only likely blames nobody but by such a trace or by what the
//! request itself shows.

use crate::diagnosis::{Cause, Culprit, Proof};
use crate::rules::{is_lost_authorization, is_lost_token, is_token_renamed};
use crate::scene::Scene;

/// Who does a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blame {
    /// It shows in the request, whatever carried it.
    Always(Culprit),
    /// Something between client and server: a proxy, if one shows.
    Proxy,
    /// A proxy, if one shows, and else this.
    ProxyElse(Culprit),
    /// As before, but the other one only where a link was used that somebody else had made.
    ProxyElseOfLink(Culprit),
    /// This, unless a proxy shows, which could have done it as well.
    UnlessProxy(Culprit),
    /// Several could have, and nothing in the request says who.
    Nobody,
}

/// Who probably did it.
pub(crate) fn culprit(scene: &Scene<'_>, cause: &Cause) -> Option<Culprit> {
    if scene.preflight().is_some() {
        // The browser does what it must.
        return None;
    }
    let proxy = scene.facts.proxy_evidence.map(|evidence| Culprit {
        kind: "proxy",
        evidence,
    });
    let is_certain = cause.proof != Proof::Infer;
    match blame(scene, cause) {
        Blame::Always(culprit) => Some(culprit),
        Blame::Proxy => proxy,
        Blame::ProxyElse(culprit) => proxy.or(is_certain.then_some(culprit)),
        Blame::ProxyElseOfLink(culprit) => proxy.or((is_certain && scene.is_presigned()).then_some(culprit)),
        Blame::UnlessProxy(culprit) => (is_certain && proxy.is_none()).then_some(culprit),
        Blame::Nobody => None,
    }
}

/// Who does such a thing, after what the cause says about itself.
fn blame(scene: &Scene<'_>, cause: &Cause) -> Blame {
    let is_of_page = scene.facts.page;
    match cause.id {
        _ if cause.is_by_the_signer => Blame::Always(sdk(SPELLED_PATH)),
        "HDR-CT-CHANGED" | "HDR-CT-CHARSET" | "HDR-CT-BOUNDARY" if is_of_page => Blame::Always(Culprit {
            kind: "browser",
            evidence: "an Origin, Sec-Fetch or Mozilla user-agent header",
        }),
        "SCP-SERVICE" if cause.proof == Proof::Hmac => Blame::Always(sdk(MADE_KEY)),
        "HDR-MD5" if cause.proof == Proof::Hmac => Blame::UnlessProxy(sdk(SPELLED_HEADER)),
        "AUTH-NONE" if is_lost_authorization(scene) => Blame::Proxy,
        "TOK-UNSIGNED" if is_lost_token(scene) => Blame::Proxy,
        "TOK-S3EXPRESS" if is_token_renamed(scene) => Blame::ProxyElse(sdk(NAMED_TOKEN)),
        id => usual(id).unwrap_or(Blame::Nobody),
    }
}

/// The entry of a cause in the table.
fn usual(id: &str) -> Option<Blame> {
    let entry = TABLE.iter().find(|(ids, _)| ids.contains(&id));
    entry.map(|(_, blame)| *blame)
}

/// Software that makes, signs or sends requests.
const fn sdk(evidence: &'static str) -> Culprit {
    Culprit {
        kind: "sdk",
        evidence,
    }
}

/// Whoever set it up or uses it.
const fn user(evidence: &'static str) -> Culprit {
    Culprit {
        kind: "user",
        evidence,
    }
}

const SPELLED_PATH: &str = "only the spelling of the path differs";
const SPELLED_HEADER: &str = "only the spelling of a header differs, and no proxy shows";
const MADE_KEY: &str = "the key that made the signature";
const NAMED_TOKEN: &str = "the name under which the session token came";

const CLOCK: Culprit = Culprit {
    kind: "clock",
    evidence: "the time of signing against the server's clock",
};
const SECRET: Culprit = Culprit {
    kind: "credentials",
    evidence: "the signature itself",
};
const TOKEN: Culprit = Culprit {
    kind: "credentials",
    evidence: "the session token beside the access key id",
};

/// Every cause once.
const TABLE: &[(&[&str], Blame)] = {
    use Blame::*;
    &[
        // What a proxy does, and nobody else has a reason to.
        (
            &[
                "HST-PROXY",
                "HST-H2",
                "HST-PORT-MISSING",
                "HST-VHOST",
                "HST-BUCKET-TWICE",
                "HST-PREFIX",
                "HST-PREFIX-SLASH",
                "HDR-AE",
                "HDR-EXPECT",
                "HDR-UA",
                "HDR-HOP",
                "HDR-TRACE",
                "HDR-RANGE",
                "HDR-DUP",
                "MTH-PROXY",
                "URI-MERGE",
                "URI-TRAILSLASH",
                "URI-CASE",
                "QRY-DROPPED",
                "QRY-CASE",
                "PAY-CE",
                "PAY-CHUNKED-RAW",
                "PAY-SDK2025",
            ],
            Proxy,
        ),
        (
            &["HST-REPLACED"],
            ProxyElse(user("the host of a finished link differs, and no proxy shows")),
        ),
        (
            &["URI-DOTS"],
            ProxyElse(sdk("dot segments of the path are gone, and no proxy shows")),
        ),
        (
            &["URI-KEYCHANGED"],
            ProxyElse(user("the path of a finished link differs, and no proxy shows")),
        ),
        (
            &["HDR-MISSING"],
            ProxyElseOfLink(user(
                "the link lists a header that its sender has to send, and no proxy shows",
            )),
        ),
        (
            &["QRY-EXTRA"],
            ProxyElseOfLink(user(
                "a parameter was added to a finished link, and no proxy shows",
            )),
        ),
        (
            &["MTH-OTHER"],
            ProxyElseOfLink(user("the method of a finished link differs, and no proxy shows")),
        ),
        // What is set in a client, or done with what a client made.
        (
            &["HST-FORWARDPROXY"],
            Always(user("the name of a forward proxy in the place of the store's")),
        ),
        (
            &["SCP-REGION", "SCP-REGION-EMPTY", "SCP-AUTO"],
            Always(user("the region in the credential")),
        ),
        (&["SCP-SERVICE"], Always(user("the service in the credential"))),
        (
            &["PRE-EXPIRED", "PRE-TOOLONG", "PRE-USED"],
            Always(user("the times in the link")),
        ),
        (
            &["QRY-AMP", "QRY-SECOND-QMARK", "QRY-TRUNCATED"],
            Always(user("what is left of the parameters of the link")),
        ),
        (&["QRY-TAMPER"], UnlessProxy(user("one value of a finished link"))),
        (
            &["HDR-UNSIGNED", "HDR-HOISTED"],
            UnlessProxy(user("a header outside of SignedHeaders, and no proxy shows")),
        ),
        (
            &["TOK-UNSIGNED"],
            UnlessProxy(user("a session token outside of what was signed")),
        ),
        (
            &[
                "POL-ORDER",
                "POL-MISSING",
                "POL-COND",
                "POL-CT",
                "POL-TWICE",
                "POL-FORM",
                "POL-SIZE",
            ],
            Always(user("the fields of the form")),
        ),
        (&["POL-B64"], Always(user("the policy in another spelling"))),
        (
            &["HDR-CT-BOUNDARY"],
            UnlessProxy(user("a form in the place of the file")),
        ),
        (
            &["AUTH-NONE"],
            Always(user("nothing in the request belongs to a signature")),
        ),
        (&["ACC-OWNER"], Always(user("the account that the request names"))),
        // What only a program that signs does.
        (
            &["ALG-V2", "ALG-V4A", "POL-V2"],
            Always(sdk("the kind of the signature")),
        ),
        (
            &["AUTH-FORMAT", "SCP-TERMINAL"],
            Always(sdk("how the signature is written")),
        ),
        (
            &["CLK-CALENDAR", "CLK-DATEHDR", "CLK-FORMAT", "CLK-SCOPEDATE"],
            Always(sdk("the dates of the request against each other")),
        ),
        (
            &["SCP-REGION-KEY", "POL-SCOPE", "KEY-CHAIN"],
            Always(sdk(MADE_KEY)),
        ),
        (&["STS-FORMAT"], Always(sdk("the text that was signed"))),
        (&["HST-PORT-DEFAULT"], Always(sdk("only a default port differs"))),
        (
            &["HST-CASE", "HST-SCHEME"],
            Always(sdk("only the spelling of the host differs")),
        ),
        (
            &["HDR-ORDER", "HDR-CASEMAP", "HDR-GCS"],
            Always(sdk("how SignedHeaders and the headers that were signed differ")),
        ),
        (
            &["MTH-CASE"],
            UnlessProxy(sdk("only the capitals of the method differ")),
        ),
        (
            &["HDR-SHA-MISSING"],
            UnlessProxy(sdk(
                "no x-amz-content-sha256, which S3 asks for, and no proxy shows",
            )),
        ),
        (
            &["HDR-CL", "HDR-COPYSRC", "HDR-FOLD", "HDR-NONASCII"],
            UnlessProxy(sdk(SPELLED_HEADER)),
        ),
        (
            &["HDR-CT-CHARSET"],
            UnlessProxy(sdk("a charset behind the type, and no proxy shows")),
        ),
        (
            &[
                "URI-DOUBLE",
                "URI-RAW",
                "URI-MIXED",
                "URI-PLUS",
                "URI-SLASH",
                "URI-LOWERHEX",
                "URI-TILDE",
                "URI-EMPTY",
                "URI-NFC",
                "URI-CHARSET",
            ],
            UnlessProxy(sdk(SPELLED_PATH)),
        ),
        (
            &["QRY-SORT", "QRY-NOEQ", "QRY-ENC", "QRY-CRED-DOUBLE"],
            UnlessProxy(sdk("only the spelling of the query differs")),
        ),
        (
            &["TOK-ENCODING"],
            UnlessProxy(sdk("only the spelling of the session token differs")),
        ),
        (&["TOK-S3EXPRESS"], Always(sdk(NAMED_TOKEN))),
        (
            &["PAY-CRC-EMPTY"],
            Always(sdk("the checksum of an empty body in a link for an upload")),
        ),
        (
            &["PAY-EMPTYHASH", "PAY-UNSIGNED", "STR-SEED", "STR-MODE"],
            UnlessProxy(sdk("the payload line that was signed")),
        ),
        (
            &["STR-CHUNK", "STR-TRAILER"],
            UnlessProxy(sdk("the text of the chunk that was signed")),
        ),
        // The clock, and what a client was given to sign with.
        (&["CLK-SKEW", "CLK-TZ", "PRE-FUTURE"], Always(CLOCK)),
        (
            &[
                "SEC-NEWLINE",
                "SEC-SPACE",
                "SEC-ZSH-PERCENT",
                "SEC-QUOTES",
                "SEC-URLENC",
                "SEC-ESCAPE",
                "SEC-BASE64",
                "SEC-AKID",
                "SEC-DEFAULT",
                "SEC-AWS4TWICE",
                "SEC-SMTP",
                "SEC-OTHERKEY",
                "SEC-ROTATED",
                "SEC-WRONG",
            ],
            Always(SECRET),
        ),
        (&["TOK-MISSING", "TOK-INVALID", "TOK-EXPIRED"], Always(TOKEN)),
        (
            &[
                // The sender's type or the signer's: two programs, and neither shows to be the wrong one.
                "HDR-CT-CHANGED",
                // A body is cut, changed or replaced anywhere.
                "PAY-MISMATCH",
                "HDR-MD5",
                "STR-LENGTH",
                // Whoever sends the link, or a program that opens it.
                "MTH-HEAD",
                "MTH-OPTIONS",
                // The client, what it is built on, or a proxy with credentials of its own.
                "AUTH-TWO",
                // A queue, a stopped machine, a slow line.
                "CLK-STALE",
                // The browser does what it must.
                "CORS-NONE",
                "CORS-ORIGIN",
                "CORS-METHOD",
                "CORS-HEADER",
            ],
            Nobody,
        ),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_stands_in_the_table_once() {
        for id in crate::ids() {
            let entries = TABLE
                .iter()
                .flat_map(|(ids, _)| *ids)
                .filter(|listed| **listed == id);
            assert_eq!(entries.count(), 1, "{id}");
        }
        let listed = TABLE.iter().map(|(ids, _)| ids.len()).sum::<usize>();
        assert_eq!(listed, crate::ids().count());
    }
}
