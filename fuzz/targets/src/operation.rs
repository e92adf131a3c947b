//! Any request head names an operation or is refused, and a refusal can be written as an error.

use countersign_protocol::{Head, Operation, parse};

use crate::HttpText;

pub(crate) fn run(input: &[u8]) {
    let text = HttpText::read(input);
    let headers = text.headers();
    let request = text.request(&headers);
    for host_bucket in [None, Some("photos")] {
        let head = Head {
            method: request.method,
            path: request.path,
            query: request.query,
            headers: request.headers,
            host_bucket,
        };
        match parse(&head) {
            Ok(named) => {
                let service = matches!(named.operation, Operation::ListBuckets(_));
                // A browser may ask about nothing in particular.
                let may_be_bare = service || matches!(named.operation, Operation::Preflight(_));
                assert!(
                    if named.bucket.is_none() {
                        may_be_bare
                    } else {
                        !service
                    },
                    "every operation but one is on a bucket"
                );
                assert!(
                    named.bucket.is_some() || named.object_key.is_none(),
                    "an object without its bucket"
                );
                assert_eq!(parse(&head).ok().as_ref(), Some(&named), "the same request twice");
            }
            Err(error) => assert!(error.code.status().as_u16() >= 300, "a refusal that is a success"),
        }
    }
}
