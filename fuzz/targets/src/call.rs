//! Any form is one call of IAM or STS or is refused, and which one does not depend on the order of its parameters.
//!
//! The input is the query of the address, a blank line, and the body.

use countersign_protocol::query::{self, Call, Parameters, Service};

use crate::split_at_blank_line;

pub(crate) fn run(input: &[u8]) {
    let (address, rest) = split_at_blank_line(input);
    let body = rest.strip_prefix(b"\n").unwrap_or(rest);
    let mut pieces: Vec<&[u8]> = body.split(|byte| *byte == b'&').collect();
    pieces.reverse();
    let reversed = pieces.join(&b'&');
    // A name that is escaped could be one of the signature, which an address holds and a body does not.
    let lower_case = body.to_ascii_lowercase();
    let may_sign = |text: &[u8]| text.contains(&b'%') || text.windows(6).any(|part| part == b"x-amz-");
    for service in [Service::Iam, Service::Sts] {
        let read = |address: Option<&[u8]>, body: &[u8]| {
            let parameters = Parameters::read(address, body)?;
            query::parse(service, parameters)
        };
        let call = read(Some(address), body);
        let other = read(Some(address), &reversed);
        assert_eq!(
            call.as_ref().ok(),
            other.as_ref().ok(),
            "the order of parameters changed a call"
        );
        if !may_sign(&lower_case) {
            let in_body = read(None, body);
            let in_address = read(Some(body), b"");
            assert_eq!(
                in_body.ok(),
                in_address.ok(),
                "a call means something else in the address"
            );
        }
        match call {
            Ok(call) => check(service, &call),
            Err(fault) => assert!(!fault.message.is_empty(), "a refusal says nothing"),
        }
    }
}

fn check(service: Service, call: &Call) {
    assert_eq!(call.service(), service, "a call of the other service");
    let expected = format!("{}:{}", service.name(), call.action());
    assert_eq!(call.name(), expected, "a call has two names");
    assert_eq!(
        Service::of_action(call.action()),
        service,
        "an action without its service"
    );
}
