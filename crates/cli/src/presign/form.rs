//! The fields of a browser form, with the policy that says what may be uploaded by it.
//!
//! SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_sigv4::PathRule;
use serde_json::{Value, json};

use super::call::quoted;
use super::{PostArguments, ShownAs, ends, usage};
use crate::endpoint::Endpoint;
use crate::exit::Failure;

/// A form that was made.
pub(super) struct Form {
    /// Where it is sent.
    pub(super) url: String,
    /// Its fields in their order; the file comes after them.
    pub(super) fields: Vec<(String, String)>,
}

/// Prints a form.
pub(super) fn run(asked: &PostArguments, now: i64) -> Result<(), Failure> {
    let endpoint = asked.common.endpoint()?;
    let form = make(asked, &endpoint, now)?;
    if asked.common.json {
        let fields: serde_json::Map<String, Value> = form
            .fields
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        let expires = ends(now, asked.common.expires).iso8601_seconds();
        let calls = json!({ "curl": curl(&form), "fetch": fetch(&form), "axios": axios(&form) });
        println!(
            "{}",
            json!({ "url": form.url, "fields": fields, "expires": expires, "calls": calls })
        );
    } else if asked.html {
        print!("{}", html(&form, asked.content_type.as_deref()));
    } else {
        for text in shown(&form, asked.common.shown_as) {
            println!("{text}");
        }
    }
    Ok(())
}

/// Signs the policy and gathers the fields.
pub(super) fn make(asked: &PostArguments, endpoint: &Endpoint, now: i64) -> Result<Form, Failure> {
    let common = &asked.common;
    let mut fields = vec![("key".to_owned(), common.target.object_key.clone())];
    let mut conditions = vec![
        json!({ "bucket": common.target.bucket.as_str() }),
        key_condition(&common.target.object_key)?,
    ];
    match asked
        .content_type
        .as_deref()
        .map(|given| (given, given.strip_suffix('*')))
    {
        // The page says which.
        Some((_, Some(prefix))) => conditions.push(json!(["starts-with", "$Content-Type", prefix])),
        Some((content_type, None)) => {
            fields.push(("Content-Type".to_owned(), content_type.to_owned()));
            conditions.push(json!({ "Content-Type": content_type }));
        }
        None => {}
    }
    if let Some(max_bytes) = asked.max_bytes {
        conditions.push(json!(["content-length-range", 0, max_bytes]));
    }
    let signer = endpoint.signer("s3", PathRule::S3, now);
    // The signer says which fields it adds; the policy must allow each but itself and its signature.
    let added = signer.form_fields("");
    let is_conditioned = |name: &str| !matches!(name, "policy" | "x-amz-signature");
    conditions.extend(
        added
            .iter()
            .filter(|(name, _)| is_conditioned(name))
            .map(|(name, value)| json!({ name: value })),
    );
    let expiration = ends(now, common.expires).iso8601();
    let policy = json!({ "expiration": expiration, "conditions": conditions });
    let policy = STANDARD.encode(policy.to_string());
    fields.extend(signer.form_fields(&policy));
    let (host, path) = common.target.bucket_address(endpoint, common.style);
    let scheme = endpoint.url.scheme();
    Ok(Form {
        url: format!("{scheme}://{host}{path}"),
        fields,
    })
}

/// The key, or what it begins with where the name of the file goes into it.
fn key_condition(object_key: &str) -> Result<Value, Failure> {
    match object_key.split_once(FILE_NAME) {
        None => Ok(json!({ "key": object_key })),
        Some((prefix, "")) => Ok(json!(["starts-with", "$key", prefix])),
        Some(_) => Err(usage(format!(
            "`{FILE_NAME}` can only be the end of a key, or a policy would allow more than that"
        ))),
    }
}

/// A line that uploads FILE. Fields are passed as texts: a value that begins with `@` or `<` would be read from a file.
pub(super) fn curl(form: &Form) -> String {
    let fields: String = form
        .fields
        .iter()
        .map(|(name, value)| format!("--form-string {} ", quoted(&format!("{name}={value}"))))
        .collect();
    format!("curl {fields}-F file=@FILE {}", quoted(&form.url))
}

/// What is printed of a form.
fn shown(form: &Form, shown_as: Option<ShownAs>) -> Vec<String> {
    match shown_as {
        None | Some(ShownAs::Curl | ShownAs::Url) => vec![curl(form)],
        Some(ShownAs::Fetch) => vec![fetch(form)],
        Some(ShownAs::Axios) => vec![axios(form)],
        Some(ShownAs::All) => vec![curl(form), fetch(form), axios(form)],
    }
}

/// A script that uploads `file`, a File or Blob, which has to come last.
fn filled_in(form: &Form) -> String {
    let fields = form.fields.iter();
    let fields = fields.map(|(name, value)| format!("form.append({}, {});\n", json!(name), json!(value)));
    let fields: String = fields.collect();
    format!("const form = new FormData();\n{fields}form.append(\"file\", file);\n")
}

fn fetch(form: &Form) -> String {
    format!(
        "{}await fetch({}, {{ method: \"POST\", body: form }})",
        filled_in(form),
        json!(form.url)
    )
}

fn axios(form: &Form) -> String {
    format!("{}await axios.post({}, form)", filled_in(form), json!(form.url))
}

/// A page with nothing but the form.
pub(super) fn html(form: &Form, content_type: Option<&str>) -> String {
    let fields: String = form
        .fields
        .iter()
        .map(|(name, value)| {
            format!(
                "  <input type=\"hidden\" name=\"{}\" value=\"{}\">\n",
                escaped(name),
                escaped(value)
            )
        })
        .collect();
    let typed = match content_type.filter(|content_type| content_type.ends_with('*')) {
        Some(_) => "  <input type=\"text\" name=\"Content-Type\" placeholder=\"Content-Type\" required>\n",
        None => "",
    };
    format!(
        "<!doctype html>\n<meta charset=\"utf-8\">\n<form action=\"{}\" method=\"post\" enctype=\"multipart/form-data\">\n\
         {fields}{typed}  <input type=\"file\" name=\"file\" required>\n  <button>Upload</button>\n</form>\n",
        escaped(&form.url)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Stands for the name that the file has on the sender's side.
const FILE_NAME: &str = "${filename}";
