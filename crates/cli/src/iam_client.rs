//! Asks a server's IAM in AWS's Query protocol, signed for the service `iam`, and reads its answers.
//!
//! SPEC: <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonParameters.html>. Not here: which calls a command makes.

use countersign_protocol::Element;
use countersign_server::Real;
use countersign_sigv4::{PathRule, encode_uri};
use serde_json::{Map, Value};

use crate::client::{self, Asked};
use crate::endpoint::{Endpoint, Options};
use crate::exit::{Failure, Kind};

/// A server's IAM, asked with some key.
pub(crate) struct Iam {
    endpoint: Endpoint,
}

impl Iam {
    /// The one that the flags name.
    pub(crate) fn new(options: &Options) -> Result<Iam, Failure> {
        Ok(Iam {
            endpoint: options.find("IAM")?,
        })
    }

    /// Makes a call; its result as JSON, with AWS's names. An object without fields if it answers that it was done.
    pub(crate) fn call(&self, action: &str, parameters: &[(&str, &str)]) -> Result<Value, Failure> {
        let mut body = format!("Action={action}&Version={VERSION}");
        for (name, value) in parameters {
            body.push_str(&format!("&{name}={}", encode_uri(value.as_bytes(), false)));
        }
        let asked = Asked {
            method: "POST",
            target: "/",
            headers: &[("content-type", "application/x-www-form-urlencoded")],
            body: body.as_bytes(),
        };
        let now = Real::now().seconds();
        let signer = self.endpoint.signer("iam", PathRule::Generic, now);
        let reply = client::send(&self.endpoint.url, &asked, Some(&signer))?;
        read(reply.status.as_u16(), &reply.body)
    }

    /// Makes a call for each page of a listing; everything that is in the list of this name.
    pub(crate) fn list(
        &self,
        action: &str,
        parameters: &[(&str, &str)],
        list: &str,
    ) -> Result<Vec<Value>, Failure> {
        let mut all = Vec::new();
        let mut marker: Option<String> = None;
        // A server that goes round in circles is not followed for ever.
        for _ in 0..PAGES_MAX {
            let mut parameters = parameters.to_vec();
            if let Some(marker) = &marker {
                parameters.push(("Marker", marker));
            }
            let mut result = self.call(action, &parameters)?;
            if let Some(Value::Array(items)) = result.get_mut(list).map(Value::take) {
                all.extend(items);
            }
            marker = Some(text(&result, "Marker")).filter(|marker| !marker.is_empty());
            if text(&result, "IsTruncated") != "true" || marker.is_none() {
                return Ok(all);
            }
        }
        Err(Failure::new(Kind::Failed, "the server's listing does not end"))
    }
}

/// The text of a field; nothing if there is none.
pub(crate) fn text(value: &Value, name: &str) -> String {
    value
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn read(status: u16, body: &[u8]) -> Result<Value, Failure> {
    let document = Element::parse(body, client::LIMITS.body_bytes).ok();
    if status == 200 {
        let document =
            document.ok_or_else(|| Failure::new(Kind::Failed, "the server's answer cannot be read"))?;
        let result = document
            .children()
            .iter()
            .find(|child| child.name.ends_with("Result"));
        let json = result.map(json).filter(Value::is_object);
        return Ok(json.unwrap_or_else(|| Value::Object(Map::new())));
    }
    // IAM says `ErrorResponse` and in it `Error`; what stands before it, as a proxy or S3, `Error` alone.
    let error = document.as_ref().map(|root| root.child("Error").unwrap_or(root));
    let field = |name: &str| {
        let element = error.and_then(|error| error.child(name));
        element.map(|element| element.text().trim().to_owned())
    };
    let code = field("Code").unwrap_or_default();
    let message = field("Message").unwrap_or_else(|| String::from_utf8_lossy(body).trim().to_owned());
    Err(Failure::new(kind(status, &code), format!("{code}: {message}")))
}

/// How a command ends that was answered so.
fn kind(status: u16, code: &str) -> Kind {
    match (code, status) {
        ("NoSuchEntity", _) => Kind::NotFound,
        ("EntityAlreadyExists" | "DeleteConflict" | "LimitExceeded" | "ConcurrentModification", _) => {
            Kind::Conflict
        }
        (
            "ValidationError"
            | "InvalidInput"
            | "MalformedPolicyDocument"
            | "MissingParameter"
            | "PolicyNotAttachable",
            _,
        ) => Kind::Usage,
        (_, 400 | 401 | 403) => Kind::Refused,
        _ => Kind::Failed,
    }
}

/// Lists are arrays, elements with children objects, others texts; what is empty is left out.
fn json(element: &Element) -> Value {
    let children = element.children();
    if children.is_empty() {
        return Value::String(element.text().to_owned());
    }
    if children.iter().all(|child| child.name == "member") {
        return children.iter().map(json).collect();
    }
    let is_something = |child: &&Element| !child.children().is_empty() || !child.text().trim().is_empty();
    let fields = children.iter().filter(is_something);
    fields.map(|child| (child.name.clone(), json(child))).collect()
}

const VERSION: &str = "2010-05-08";
/// A hundred thousand users at a hundred a page.
const PAGES_MAX: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_is_read_with_awss_names() {
        for (body, expected) in [
            (
                "<CreateUserResponse xmlns='https://iam.amazonaws.com/doc/2010-05-08/'><CreateUserResult><User><Path>/</Path>\
                 <UserName>bob</UserName></User></CreateUserResult><ResponseMetadata/></CreateUserResponse>",
                json!({ "User": { "Path": "/", "UserName": "bob" } }),
            ),
            (
                "<A><ListUsersResult><Users><member><UserName>a</UserName></member><member><UserName>b</UserName></member></Users>\
                 <IsTruncated>false</IsTruncated></ListUsersResult></A>",
                json!({ "Users": [{ "UserName": "a" }, { "UserName": "b" }], "IsTruncated": "false" }),
            ),
            (
                "<A><R><Names><member>a</member></Names></R><ListResult><Names><member>a</member></Names></ListResult></A>",
                json!({ "Names": ["a"] }),
            ),
            ("<A><ListResult><Users/></ListResult></A>", json!({})),
            ("<A><ListResult/></A>", json!({})),
            (
                "<DeleteUserResponse><ResponseMetadata/></DeleteUserResponse>",
                json!({}),
            ),
        ] {
            let got = read(200, body.as_bytes()).unwrap_or_else(|failure| panic!("{failure}"));
            assert_eq!(got, expected, "{body}");
        }
        assert_eq!(
            read(200, b"{}").map_err(|failure| failure.kind),
            Err(Kind::Failed)
        );
    }

    #[test]
    fn a_refused_call_ends_by_its_code() {
        for (status, code, expected) in [
            (404, "NoSuchEntity", Kind::NotFound),
            (409, "EntityAlreadyExists", Kind::Conflict),
            (409, "DeleteConflict", Kind::Conflict),
            (409, "LimitExceeded", Kind::Conflict),
            (400, "MalformedPolicyDocument", Kind::Usage),
            (400, "ValidationError", Kind::Usage),
            (403, "AccessDenied", Kind::Refused),
            (403, "InvalidClientTokenId", Kind::Refused),
            (400, "InvalidAction", Kind::Refused),
            (500, "ServiceFailure", Kind::Failed),
        ] {
            for (begin, end) in [("<ErrorResponse>", "</ErrorResponse>"), ("", "")] {
                let body =
                    format!("{begin}<Error><Code>{code}</Code><Message>why &amp; how</Message></Error>{end}");
                let failure = read(status, body.as_bytes()).expect_err(code);
                assert_eq!(
                    (failure.kind, failure.message),
                    (expected, format!("{code}: why & how"))
                );
            }
        }
        let failure = read(502, b"bad gateway").expect_err("no answer");
        assert_eq!(
            (failure.kind, failure.message.as_str()),
            (Kind::Failed, ": bad gateway")
        );
    }
}
