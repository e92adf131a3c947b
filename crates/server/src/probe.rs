//! Probes of health, the only requests that need no proof: they tell nothing but that this server runs.
//!
//! On the S3 port they live where no bucket can be (`/-/`) and, for probes made for another server, under
//! `/minio/health/`, for which the bucket name `minio` is reserved.

use http::{HeaderValue, Method, Response, StatusCode, header};

use crate::respond::Outgoing;

/// Which listener was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Port {
    /// The S3 port.
    S3,
    /// The admin port.
    Admin,
}

/// How the storage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// It takes writes, or would if there were space.
    Good,
    /// It takes none until the server is started again.
    WritesRefused,
}

/// Answers a probe; `None` if it is none. A server that accepts connections has its store open, so alive is ready, unless
/// writes are refused: then it lives, for reads go on, and is not ready.
pub(crate) fn answer(method: &Method, path: &str, port: Port, health: Health) -> Option<Response<Outgoing>> {
    let paths: &[&str] = match port {
        Port::S3 => &S3_PATHS,
        Port::Admin => &ADMIN_PATHS,
    };
    if !paths.contains(&path) || !matches!(*method, Method::GET | Method::HEAD) {
        return None;
    }
    let (status, text) = match health {
        Health::WritesRefused if !ALIVE_PATHS.contains(&path) => {
            (StatusCode::SERVICE_UNAVAILABLE, WRITES_REFUSED)
        }
        Health::Good | Health::WritesRefused => (StatusCode::OK, "ok\n"),
    };
    let mut response = Response::new(if *method == Method::GET {
        Outgoing::bytes(text)
    } else {
        Outgoing::empty()
    });
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Some(response)
}

const S3_PATHS: [&str; 5] = [
    "/-/livez",
    "/-/readyz",
    "/minio/health/live",
    "/minio/health/ready",
    "/minio/health/cluster",
];
const ADMIN_PATHS: [&str; 6] = [
    "/livez",
    "/readyz",
    "/healthz",
    "/minio/health/live",
    "/minio/health/ready",
    "/minio/health/cluster",
];

/// These ask whether the process lives, and not whether it is of use.
const ALIVE_PATHS: [&str; 3] = ["/livez", "/-/livez", "/minio/health/live"];
/// Anybody may ask, so nothing is named.
const WRITES_REFUSED: &str =
    "not ready: the storage failed, and writes are refused until the server is restarted\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_are_answered_where_no_bucket_can_be() {
        let is_probe = |method: Method, path: &str, port| answer(&method, path, port, Health::Good).is_some();
        assert!(is_probe(Method::GET, "/-/readyz", Port::S3));
        assert!(is_probe(Method::HEAD, "/minio/health/live", Port::S3));
        assert!(is_probe(Method::GET, "/healthz", Port::Admin));
        assert!(
            !is_probe(Method::GET, "/healthz", Port::S3),
            "that is a bucket's name"
        );
        assert!(!is_probe(Method::PUT, "/-/readyz", Port::S3));
        for path in S3_PATHS {
            let bucket = path.split('/').nth(1).unwrap_or_default();
            assert!(
                countersign_types::BucketName::parse(bucket).is_err(),
                "{bucket} could be a bucket"
            );
        }
    }

    #[test]
    fn a_server_that_refuses_writes_lives_and_is_not_ready() {
        let check = |path, port, health, expected| {
            let response = answer(&Method::GET, path, port, health).expect("a probe");
            assert_eq!(response.status(), expected, "{path} {health:?}");
        };
        for (port, paths) in [(Port::S3, &S3_PATHS[..]), (Port::Admin, &ADMIN_PATHS)] {
            for path in paths {
                check(path, port, Health::Good, StatusCode::OK);
                let refused = if path.contains("live") {
                    StatusCode::OK
                } else {
                    StatusCode::SERVICE_UNAVAILABLE
                };
                check(path, port, Health::WritesRefused, refused);
            }
        }
    }
}
