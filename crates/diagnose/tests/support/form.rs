//! The form part of a fixture: `name: value` a line, the file as `@file TYPE`, and what follows it.
//!
//! `{policy}` stands for the base64 of the context's `policy`. What a faulty signer signs instead is written out here, by
//! `signed_as`, and shares nothing with the rewriting in `diagnose`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_diagnose::{
    Budget, Case, Diagnosis, Fault, FormFacts, FormFault, FormPlace, Transport, diagnose,
};
use countersign_sigv4::{
    Expected, PathRule, PolicyDocument, Refusal, Scope, Secret, SigningKey, form_claim, verify,
};
use hmac::{Hmac, KeyInit, Mac};

use super::{Context, Http, SECRET};

impl Context {
    pub fn is_form(&self) -> bool {
        self.0.get("policy").is_some() || self.flag("form")
    }

    /// The policy in base64. What was captured has it in its field, so there is none to be filled in.
    fn policy(&self) -> String {
        let Some(policy) = self.0.get("policy") else {
            return String::new();
        };
        STANDARD.encode(policy.as_str().map_or_else(|| policy.to_string(), str::to_owned))
    }

    /// The policy as it is sent.
    fn fill(&self, text: &str) -> String {
        let policy = self.policy();
        let url_safe = policy.replace('+', "-").replace('/', "_");
        text.replace("{policy}", &policy)
            .replace("{policy as a query}", &policy.replace('=', "%3D"))
            .replace("{policy for urls}", &url_safe)
    }

    pub fn sign_form(&self, signed: &str) -> String {
        let secret = self.text("client_secret").unwrap_or(SECRET);
        let policy = self.policy();
        let text = match self.text("signed_as") {
            None | Some("sigv2") => policy,
            Some("lines") => {
                let lines: Vec<&str> = policy
                    .as_bytes()
                    .chunks(76)
                    .map(|l| std::str::from_utf8(l).expect("base64"))
                    .collect();
                format!("{}\n", lines.join("\n"))
            }
            Some("json") => String::from_utf8(STANDARD.decode(policy).expect("base64")).expect("JSON"),
            Some(other) => unreachable!("nobody signs as {other}"),
        };
        if self.text("signed_as") == Some("sigv2") {
            let mac = Hmac::<sha1::Sha1>::new_from_slice(secret.as_bytes()).expect("any key");
            return STANDARD.encode(mac.chain_update(text).finalize().into_bytes());
        }
        let form = read(&self.fill(signed)).1;
        let Ok(Some(claim)) = form_claim(&form.fields) else {
            return "0".repeat(64);
        };
        let scope = Scope {
            date: self.text("key_date").unwrap_or(&claim.scope.date).into(),
            region: self.text("key_region").unwrap_or(&claim.scope.region).into(),
            service: claim.scope.service,
        };
        SigningKey::derive(&Secret::new(secret), &scope)
            .sign(text.as_bytes())
            .to_hex()
    }

    /// What is wrong with the form as such: the context says it, since the lines of a fixture are no body that could be read.
    fn form_fault(&self) -> Option<FormFault> {
        let malformed = |reason, place| Some(FormFault::Malformed { reason, place });
        match self.text("form_fault")? {
            "no boundary" => malformed("its Content-Type has no boundary", FormPlace::Type),
            "no name" => malformed("a part has no name", FormPlace::Parts),
            "broken off" => malformed("it ends without its last boundary", FormPlace::End),
            "too large" => Some(FormFault::FieldsTooLarge { bytes_max: 20_480 }),
            "two files" => Some(FormFault::FileRepeated),
            "empty key" => Some(FormFault::FieldEmpty { name: "key" }),
            "other file" => Some(FormFault::FileDiffers {
                field: "x-amz-checksum-sha256",
            }),
            field => {
                let name = field.strip_prefix("twice ").expect("a fault of a form");
                Some(FormFault::FieldRepeated {
                    name: name.to_owned(),
                })
            }
        }
    }

    /// Receives a form as the server does.
    pub fn receive_form(&self, received: &str, budget: Budget<'_>) -> Option<Diagnosis> {
        let (http, form) = read(&self.fill(received));
        let (server, secret) = (self.server(), self.secret());
        let bucket = String::from_utf8_lossy(&http.path).trim_matches('/').to_owned();
        http.with(|request| {
            let has_key = form
                .fields
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case("key"));
            let claimed = if has_key {
                form_claim(&form.fields)
            } else {
                Err(Refusal::FormFieldMissing { name: "key" })
            };
            let (claimed, refusal) = match claimed {
                Ok(claimed) => (claimed, None),
                Err(refusal) => (None, Some(refusal)),
            };
            let expected = Expected {
                region: &server.region,
                service: "s3",
                now: server.now,
            };
            let refusal = refusal.or_else(|| claimed.as_ref()?.check(request, &expected).err());
            let refusal = refusal.or_else(|| {
                let claimed = claimed.as_ref()?;
                let key = SigningKey::derive(&secret, &claimed.scope);
                let matched = verify(request, claimed, PathRule::S3, &key).matched;
                (!matched).then_some(Refusal::SignatureMismatch)
            });
            let policy_fault = || {
                let policy = PolicyDocument::parse_base64(claimed.as_ref()?.policy.as_deref()?);
                let size = self
                    .0
                    .get("file_bytes")
                    .and_then(serde_json::Value::as_u64)
                    .unwrap_or_default();
                let allowed = policy.and_then(|policy| {
                    policy.evaluate(&form.fields, &bucket, server.now)?;
                    policy.check_length(size)
                });
                allowed.err()
            };
            let policy_fault = policy_fault();
            let form_fault = self.form_fault();
            let fault = match (&refusal, &policy_fault) {
                _ if form_fault.is_some() => Fault::Form(form_fault.as_ref()?),
                _ if !form.has_file => Fault::FileMissing,
                (Some(refusal), _) => Fault::Refused(refusal),
                (None, Some(fault)) => Fault::Policy(fault),
                (None, None) => return None,
            };
            let case = Case {
                request: *request,
                // Without a file nobody looks at the claim.
                claim: claimed.as_ref().filter(|_| form.has_file),
                fault,
                secret: Some(&secret),
                rule: PathRule::S3,
                server: &server,
                transport: Transport::default(),
                body: None,
                form: Some(&form),
            };
            Some(diagnose(&case, budget))
        })
    }
}

fn read(text: &str) -> (Http, FormFacts) {
    let http = Http::parse(text);
    let body = String::from_utf8(http.body.clone()).expect("text");
    let mut form = FormFacts::default();
    for line in body.lines() {
        if let Some(file_type) = line.strip_prefix("@file") {
            form.has_file = true;
            form.file_type = Some(file_type.trim().to_owned()).filter(|text| !text.is_empty());
            continue;
        }
        let (name, value) = line.split_once(": ").expect("a field");
        if form.has_file {
            form.late.push(name.to_owned());
        } else {
            form.fields.push((name.to_owned(), value.as_bytes().to_vec()));
        }
    }
    (http, form)
}
