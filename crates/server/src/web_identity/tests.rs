//! Tokens and providers of all kinds: an issuer on this machine, over TLS, that answers as it is told.

use super::*;

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer};

use crate::testing;

const NOW: i64 = 1_795_000_000;

fn rsa(pem: &[u8]) -> EncodingKey {
    let key = PrivatePkcs1KeyDer::from_pem_slice(pem).expect("a key");
    EncodingKey::from_rsa_der(key.secret_pkcs1_der())
}

fn ec(pem: &[u8]) -> EncodingKey {
    let key = PrivatePkcs8KeyDer::from_pem_slice(pem).expect("a key");
    EncodingKey::from_ec_der(key.secret_pkcs8_der())
}

fn rsa_key() -> EncodingKey {
    rsa(include_bytes!("../../fixtures/web-identity/rsa.pem"))
}

fn other_rsa_key() -> EncodingKey {
    rsa(include_bytes!("../../fixtures/web-identity/other-rsa.pem"))
}

fn ec_key() -> EncodingKey {
    ec(include_bytes!("../../fixtures/web-identity/ec.pem"))
}

fn ec384_key() -> EncodingKey {
    ec(include_bytes!("../../fixtures/web-identity/ec384.pem"))
}

/// The public half of a key, as a provider publishes it.
fn published(key: &EncodingKey, algorithm: Algorithm, id: &str) -> Value {
    let jwk = Jwk::from_encoding_key(key, algorithm).expect("a public key");
    let mut document = serde_json::to_value(jwk).expect("JSON");
    let fields = document.as_object_mut().expect("an object");
    fields.remove("alg");
    fields.insert("kid".to_owned(), json!(id));
    fields.insert("use".to_owned(), json!("sig"));
    document
}

fn key_set() -> Value {
    json!({ "keys": [
        { "kty": "unheard of", "kid": "strange" },
        published(&rsa_key(), Algorithm::RS256, "rsa"),
        published(&ec_key(), Algorithm::ES256, "ec"),
        published(&ec384_key(), Algorithm::ES384, "ec384"),
    ] })
}

/// A provider on this machine, over TLS.
struct Provider {
    issuer: String,
    asked: Arc<AtomicUsize>,
}

impl Provider {
    fn new() -> Provider {
        Provider::answering(|issuer| {
            let about = json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/keys") });
            (about.to_string(), testing::ok(&key_set().to_string()))
        })
    }

    /// From its URL: what it says about itself, and the whole answer with its keys.
    fn answering(documents: impl Fn(&str) -> (String, String) + Send + 'static) -> Provider {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let port = testing::serve_tls(move |head| {
            count.fetch_add(1, Ordering::SeqCst);
            let host = head.lines().find_map(|line| line.strip_prefix("host: "));
            let (about, keys) = documents(&format!("https://{}/realm", host.unwrap_or_default()));
            match head.split(' ').nth(1) {
                Some("/realm/.well-known/openid-configuration") => testing::ok(&about),
                Some("/realm/keys") => keys,
                _ => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
            }
        });
        Provider {
            issuer: format!("https://localhost:{port}/realm"),
            asked,
        }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn registered(&self) -> Vec<OidcProvider> {
        let url = self.issuer.trim_start_matches("https://");
        vec![registered("elsewhere.example"), registered(url)]
    }

    fn claims(&self) -> Value {
        json!({ "iss": self.issuer, "aud": "client", "sub": "somebody", "iat": NOW - 5, "exp": NOW + 300 })
    }

    fn token(&self, algorithm: Algorithm, kid: Option<&str>, key: &EncodingKey) -> String {
        token(&self.claims(), algorithm, kid, key)
    }
}

fn registered(url: &str) -> OidcProvider {
    OidcProvider {
        arn: format!("arn:aws:iam::000000000001:oidc-provider/{url}"),
        url: url.to_owned(),
        client_ids: vec!["other".to_owned(), "client".to_owned()],
        thumbprints: Vec::new(),
        create_date: Moment::from_seconds(0),
        tags: Vec::new(),
    }
}

fn token(claims: &Value, algorithm: Algorithm, kid: Option<&str>, key: &EncodingKey) -> String {
    let header = Header {
        kid: kid.map(str::to_owned),
        ..Header::new(algorithm)
    };
    jsonwebtoken::encode(&header, claims, key).expect("signed")
}

fn verifier() -> WebIdentityVerifier {
    let reach = Reach::PrivateToo;
    let outbound = Outbound::new(limits(reach)).trusting(vec![testing::tls_root()]);
    WebIdentityVerifier::asking(outbound, reach)
}

fn at(seconds: i64) -> Moment {
    Moment::from_seconds(NOW + seconds)
}

async fn refused(
    verifier: &WebIdentityVerifier,
    token: &str,
    providers: &[OidcProvider],
) -> (FaultCode, String) {
    let fault = verifier.verify(token, providers, at(0)).await.expect_err(token);
    (fault.code, fault.message)
}

#[tokio::test]
async fn a_token_by_a_key_of_its_provider_says_who_it_is() {
    let provider = Provider::new();
    let verifier = verifier();
    for (algorithm, kid, key) in [
        (Algorithm::RS256, "rsa", rsa_key()),
        (Algorithm::RS384, "rsa", rsa_key()),
        (Algorithm::RS512, "rsa", rsa_key()),
        (Algorithm::PS256, "rsa", rsa_key()),
        (Algorithm::PS384, "rsa", rsa_key()),
        (Algorithm::PS512, "rsa", rsa_key()),
        (Algorithm::ES256, "ec", ec_key()),
        (Algorithm::ES384, "ec384", ec384_key()),
    ] {
        for kid in [Some(kid), None] {
            let token = provider.token(algorithm, kid, &key);
            let identity = verifier.verify(&token, &provider.registered(), at(0)).await;
            let identity = identity.expect("verified");
            assert!(identity.provider_arn.ends_with(&identity.provider_url));
            assert_eq!(
                (identity.audience.as_str(), identity.subject.as_str()),
                ("client", "somebody")
            );
            assert!(
                identity
                    .claims
                    .contains(&("sub".to_owned(), vec!["somebody".to_owned()]))
            );
        }
    }
    assert_eq!(provider.asked(), 2, "its keys are remembered");
}

#[tokio::test]
async fn a_token_that_the_provider_did_not_sign_is_invalid() {
    let provider = Provider::new();
    let verifier = verifier();
    let good = provider.token(Algorithm::RS256, Some("rsa"), &rsa_key());
    let parts: Vec<&str> = good.split('.').collect();
    let [header, payload, signature] = parts.as_slice() else {
        panic!("three parts")
    };
    let encoded = |document: Value| URL_SAFE_NO_PAD.encode(document.to_string());
    let mut other = provider.claims();
    other["sub"] = json!("somebody else");
    let public = published(&rsa_key(), Algorithm::RS256, "rsa")["n"].to_string();
    for (what, token) in [
        ("other claims", format!("{header}.{}.{signature}", encoded(other))),
        (
            "no algorithm",
            format!("{}.{payload}.", encoded(json!({ "alg": "none" }))),
        ),
        (
            "a key of its own",
            format!(
                "{}.{payload}.{signature}",
                encoded(
                    json!({ "alg": "RS256", "kid": "mine", "jwk": published(&other_rsa_key(), Algorithm::RS256, "mine") })
                )
            ),
        ),
        (
            "a critical extension",
            format!(
                "{}.{payload}.{signature}",
                encoded(json!({ "alg": "RS256", "kid": "rsa", "crit": ["b64"], "b64": false }))
            ),
        ),
        (
            "the public key as a shared secret",
            provider.token(
                Algorithm::HS256,
                Some("rsa"),
                &EncodingKey::from_secret(public.as_bytes()),
            ),
        ),
        (
            "a stranger's key",
            provider.token(Algorithm::RS256, Some("rsa"), &other_rsa_key()),
        ),
        (
            "a key of another kind",
            provider.token(Algorithm::RS256, Some("ec"), &rsa_key()),
        ),
        (
            "a key that is not there",
            provider.token(Algorithm::RS256, Some("gone"), &rsa_key()),
        ),
        ("no signature", format!("{header}.{payload}.")),
        ("two parts", format!("{header}.{payload}")),
        ("four parts", format!("{good}.x")),
        ("nothing", String::new()),
        ("too much", "x".repeat(TOKEN_BYTES_MAX + 1)),
        ("padding", format!("{header}=.{payload}.{signature}")),
    ] {
        let (code, message) = refused(&verifier, &token, &provider.registered()).await;
        assert_eq!(code, FaultCode::InvalidIdentityToken, "{what}: {message}");
    }
    assert!(
        verifier
            .verify(&good, &provider.registered(), at(0))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_provider_is_not_asked_about_tokens_that_cannot_be_right() {
    let provider = Provider::new();
    let verifier = verifier();
    let signed = |claims: Value| token(&claims, Algorithm::RS256, Some("rsa"), &rsa_key());
    let with = |name: &str, value: Value| {
        let mut claims = provider.claims();
        claims[name] = value;
        signed(claims)
    };
    let (invalid, expired) = (FaultCode::InvalidIdentityToken, FaultCode::ExpiredTokenException);
    for (token, expected) in [
        (with("exp", json!(NOW - 60)), expired),
        (with("iat", json!(NOW + 61)), invalid),
        (with("aud", json!("stranger")), invalid),
        (with("sub", json!("")), invalid),
        (with("iss", json!("https://stranger.example")), invalid),
        (
            with("iss", json!(provider.issuer.trim_start_matches("https://"))),
            invalid,
        ),
        (with("iss", json!(format!("{}/", provider.issuer))), invalid),
    ] {
        let (code, message) = refused(&verifier, &token, &provider.registered()).await;
        assert_eq!(code, expected, "{message}");
    }
    let (code, message) = refused(&verifier, &signed(provider.claims()), &[]).await;
    assert_eq!(code, invalid);
    assert!(message.contains(&provider.issuer), "{message}");
    assert_eq!(provider.asked(), 0);
}

#[tokio::test]
async fn keys_are_asked_for_again_after_an_hour_or_for_a_new_one_after_a_pause() {
    let provider = Provider::new();
    let verifier = verifier();
    let mut claims = provider.claims();
    claims["exp"] = json!(NOW + 100_000);
    let known = token(&claims, Algorithm::RS256, Some("rsa"), &rsa_key());
    let unknown = token(&claims, Algorithm::RS256, Some("new"), &rsa_key());
    for (token, seconds, asked, is_good) in [
        (&known, 0, 2, true),
        (&unknown, 1, 2, false),
        (&unknown, 29, 2, false),
        (&unknown, 30, 4, false),
        (&unknown, 31, 4, false),
        (&known, 31, 4, true),
        (&known, 30 + 3599, 4, true),
        (&known, 30 + 3600, 6, true),
        // The clock was put back.
        (&known, 0, 8, true),
    ] {
        let outcome = verifier.verify(token, &provider.registered(), at(seconds)).await;
        assert_eq!((outcome.is_ok(), provider.asked()), (is_good, asked), "{seconds}");
    }
}

#[tokio::test]
async fn many_tokens_at_once_ask_a_provider_once() {
    let provider = Provider::new();
    let verifier = verifier();
    let token = provider.token(Algorithm::ES256, Some("ec"), &ec_key());
    let providers = provider.registered();
    let all = (0..20).map(|_| verifier.verify(&token, &providers, at(0)));
    let outcomes = futures_util::future::join_all(all).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(provider.asked(), 2);
}

#[tokio::test]
async fn a_provider_that_answers_wrongly_is_left_alone_for_a_while() {
    let provider = Provider::answering(|issuer| {
        let about = json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/keys") });
        let broken = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n";
        (about.to_string(), broken.to_owned())
    });
    let verifier = verifier();
    let token = provider.token(Algorithm::RS256, Some("rsa"), &rsa_key());
    for (seconds, asked) in [(0, 2), (9, 2), (10, 4)] {
        let fault = verifier.verify(&token, &provider.registered(), at(seconds)).await;
        assert_eq!(
            fault.expect_err("no keys").code,
            FaultCode::IdpCommunicationError,
            "{seconds}"
        );
        assert_eq!(provider.asked(), asked, "{seconds}");
    }
}

#[tokio::test]
async fn keys_come_from_the_provider_that_is_registered_and_from_nowhere_else() {
    type Documents = fn(&str) -> (String, String);
    let cases: [(&str, Documents); 5] = [
        ("another host", |issuer| {
            let about = json!({ "issuer": issuer, "jwks_uri": "https://elsewhere.example/keys" });
            (about.to_string(), String::new())
        }),
        ("not encrypted", |issuer| {
            let keys = format!("{}/keys", issuer.replace("https://", "http://"));
            let about = json!({ "issuer": issuer, "jwks_uri": keys });
            (about.to_string(), String::new())
        }),
        ("another provider", |issuer| {
            let about =
                json!({ "issuer": "https://elsewhere.example", "jwks_uri": format!("{issuer}/keys") });
            (about.to_string(), testing::ok(&key_set().to_string()))
        }),
        ("no keys", |issuer| {
            let about = json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/keys") });
            (about.to_string(), testing::ok("{}"))
        }),
        ("too many keys", |issuer| {
            let about = json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/keys") });
            let key = published(&rsa_key(), Algorithm::RS256, "rsa");
            let keys = json!({ "keys": vec![key; 101] });
            (about.to_string(), testing::ok(&keys.to_string()))
        }),
    ];
    for (what, documents) in cases {
        let provider = Provider::answering(documents);
        let token = provider.token(Algorithm::RS256, Some("rsa"), &rsa_key());
        let (code, message) = refused(&verifier(), &token, &provider.registered()).await;
        assert_eq!(code, FaultCode::InvalidIdentityToken, "{what}: {message}");
        assert!(
            message.starts_with("Couldn't retrieve verification key"),
            "{what}: {message}"
        );
    }
}

#[tokio::test]
async fn a_provider_at_a_private_address_is_asked_only_where_that_is_allowed() {
    let provider = Provider::new();
    let token = provider.token(Algorithm::RS256, Some("rsa"), &rsa_key());
    let (code, message) = refused(&WebIdentityVerifier::new(false), &token, &provider.registered()).await;
    assert_eq!(code, FaultCode::IdpCommunicationError, "{message}");
    assert!(message.contains("private address"), "{message}");
    assert_eq!(provider.asked(), 0);
}

#[tokio::test]
async fn a_provider_in_the_clear_is_one_only_where_private_ones_are_allowed() {
    let port = testing::serve(|head| {
        let host = head.lines().find_map(|line| line.strip_prefix("host: "));
        let issuer = format!("http://{}", host.unwrap_or_default());
        let about = json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/keys") });
        match head.split(' ').nth(1) {
            Some("/keys") => testing::ok(&key_set().to_string()),
            _ => testing::ok(&about.to_string()),
        }
    });
    let place = format!("127.0.0.1:{port}");
    let claims = json!({
        "iss": format!("http://{place}"), "aud": "client", "sub": "somebody", "iat": NOW, "exp": NOW + 300,
    });
    let token = token(&claims, Algorithm::RS256, Some("rsa"), &rsa_key());
    let providers = [registered(&place)];
    assert!(
        WebIdentityVerifier::new(true)
            .verify(&token, &providers, at(0))
            .await
            .is_ok()
    );
    let (code, message) = refused(&WebIdentityVerifier::new(false), &token, &providers).await;
    assert_eq!(code, FaultCode::InvalidIdentityToken, "{message}");
}

/// The thumbprint of a certificate.
fn thumbprint(certificate: &[u8]) -> String {
    use sha1::{Digest, Sha1};
    hex::encode(Sha1::digest(certificate))
}

#[tokio::test]
async fn where_no_authority_vouches_for_a_provider_a_thumbprint_does() {
    let provider = Provider::new();
    let token = provider.token(Algorithm::RS256, Some("rsa"), &rsa_key());
    let pinned = |thumbprints: &[String]| {
        let mut providers = provider.registered();
        for registered in &mut providers {
            registered.thumbprints = thumbprints.to_vec();
        }
        providers
    };
    let root = thumbprint(&testing::tls_root());
    let verifier = WebIdentityVerifier::asking(Outbound::new(limits(Reach::PrivateToo)), Reach::PrivateToo);
    let with = async |thumbprints: &[String]| {
        let verified = verifier.verify(&token, &pinned(thumbprints), at(0)).await;
        verified
            .map(|identity| identity.subject)
            .map_err(|fault| fault.code)
    };
    let unreachable = Err(FaultCode::IdpCommunicationError);
    assert_eq!(with(&[]).await, unreachable);
    let wrong = thumbprint(b"another certificate");
    assert_eq!(
        with(&[
            wrong.clone(),
            "3768084dfb3d2b68b7897bf5f565da8efEXAMPLE".to_owned()
        ])
        .await,
        unreachable
    );
    // The server's own certificate is made by another, which is not named.
    let own = CertificateDer::from_pem_slice(include_bytes!("../../fixtures/tls/localhost.pem"));
    assert_eq!(
        with(&[thumbprint(&own.expect("a certificate"))]).await,
        unreachable
    );
    assert_eq!(
        with(&[wrong, root.to_uppercase()]).await,
        Ok("somebody".to_owned())
    );
    // Its keys are not known to an account that does not trust that certificate.
    assert_eq!(with(&[]).await, unreachable);
}

#[tokio::test]
async fn a_thumbprint_makes_no_other_name_right() {
    let provider = Provider::new();
    let port = provider.issuer.rsplit(':').next().unwrap_or_default().to_owned();
    let issuer = format!("https://127.0.0.1:{port}");
    let mut claims = provider.claims();
    claims["iss"] = json!(issuer);
    let token = token(&claims, Algorithm::RS256, Some("rsa"), &rsa_key());
    let mut registered = registered(issuer.trim_start_matches("https://"));
    registered.thumbprints = vec![thumbprint(&testing::tls_root())];
    let verifier = WebIdentityVerifier::asking(Outbound::new(limits(Reach::PrivateToo)), Reach::PrivateToo);
    let (code, _) = refused(&verifier, &token, &[registered]).await;
    assert_eq!(code, FaultCode::IdpCommunicationError);
    assert_eq!(
        provider.asked(),
        0,
        "nothing is asked of whom it is not known to be"
    );
}
