//! A role for the token of an identity provider, over the port of S3: the call has no signature, and the provider is asked for its keys.
//!
//! Not here: all the ways in which a token is wrong (`web_identity` has those tests).

use std::io::{Read, Write};
use std::net::TcpListener;

use countersign_server::Config;
use countersign_types::Moment;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use crate::calls::{done, element, encoded, key, sts};
use crate::http::{Ask, now};
use crate::running::Running;

/// A provider on this machine, in the clear.
struct Provider {
    place: String,
    key: EncodingKey,
}

impl Provider {
    fn start() -> Provider {
        let pem = include_bytes!("../../fixtures/web-identity/ec.pem");
        let key = PrivatePkcs8KeyDer::from_pem_slice(pem).expect("a key");
        let key = EncodingKey::from_ec_der(key.secret_pkcs8_der());
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).expect("its public half");
        jwk.common.key_id = Some("ec".to_owned());
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let place = listener.local_addr().expect("an address").to_string();
        let issuer = format!("http://{place}");
        let about = json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/keys") }).to_string();
        let keys = json!({ "keys": [jwk] }).to_string();
        // Ends with the process.
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut asked = [0; 4096];
                let read = stream.read(&mut asked).unwrap_or_default();
                let is_for_keys = asked
                    .get(..read)
                    .is_some_and(|asked| asked.starts_with(b"GET /keys "));
                let body = if is_for_keys { &keys } else { &about };
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Provider { place, key }
    }

    fn token(&self, subject: &str) -> String {
        let header = Header {
            kid: Some("ec".to_owned()),
            ..Header::new(Algorithm::ES256)
        };
        let claims = json!({
            "iss": format!("http://{}", self.place), "aud": "uploads", "sub": subject, "iat": now(), "exp": now() + 300,
        });
        jsonwebtoken::encode(&header, &claims, &self.key).expect("signed")
    }
}

/// Shows a token, without any signature.
fn assume(server: &Running, token: &str) -> crate::http::Answer {
    let form = format!(
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A000000000001%3Arole%2Fapp&\
         RoleSessionName=pod&WebIdentityToken={token}"
    );
    let ask = Ask::new("POST", "/")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    server.send(&ask)
}

#[test]
fn a_token_of_a_registered_provider_gives_the_role_that_trusts_it() {
    let provider = Provider::start();
    let server = Running::with(Config {
        are_private_identity_providers_allowed: true,
        ..Config::in_region("us-east-1")
    });
    let url = encoded(&format!("https://{}", provider.place));
    let registered = done(
        &server,
        &format!("CreateOpenIDConnectProvider&Url={url}&ClientIDList.member.1=uploads"),
    );
    let arn = element(&registered, "OpenIDConnectProviderArn");
    let place = &provider.place;
    let trust: Value = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": { "Federated": arn }, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": { "StringEquals": {
            (format!("{place}:sub")): "somebody", (format!("{place}:aud")): "uploads",
        } },
    } });
    let trust = encoded(&trust.to_string());
    done(
        &server,
        &format!("CreateRole&RoleName=app&AssumeRolePolicyDocument={trust}"),
    );

    let answer = assume(&server, &provider.token("somebody"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(element(&answer, "SubjectFromWebIdentityToken"), "somebody");
    let expires = Moment::parse_iso8601(&element(&answer, "Expiration")).expect("a time");
    assert!(expires.seconds() > now());
    let who = sts(&server, key(&answer), "GetCallerIdentity");
    let session = "arn:aws:sts::000000000001:assumed-role/app/pod";
    assert_eq!(element(&who, "Arn"), session);

    assume(&server, &provider.token("somebody else")).is(403, "AccessDenied");
    let forged = provider.token("somebody").replace('.', "..");
    assume(&server, &forged).is(400, "InvalidIdentityToken");
    let open = Running::start();
    done(
        &open,
        &format!("CreateOpenIDConnectProvider&Url={url}&ClientIDList.member.1=uploads"),
    );
    let unasked = assume(&open, &provider.token("somebody"));
    assert_eq!(unasked.status, 400, "{}", unasked.text());
}
