//! Which requests may be calls, and whose.

use super::*;
use crate::head::Head;

#[test]
fn services_are_told_apart_by_scope_and_by_action() {
    for service in [Service::Iam, Service::Sts] {
        assert_eq!(Service::parse(service.name()), Some(service));
    }
    for other in ["s3", "countersign", "", "IAM"] {
        assert_eq!(Service::parse(other), None, "{other}");
    }
    assert_eq!(Service::of_action("AssumeRole"), Service::Sts);
    assert_eq!(Service::of_action("CreateUser"), Service::Iam);
    assert_eq!(Service::of_action("Nothing"), Service::Iam);
}

#[test]
fn a_request_may_be_a_call_where_no_operation_of_s3_can_be_meant() {
    let check = |line: &str, content_type: &str, expected: bool| {
        let (method, target) = line.split_once(' ').expect("a method and a target");
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.as_bytes())),
            None => (target, None),
        };
        let headers = [("Content-Type", content_type.as_bytes())];
        let head = Head {
            method,
            path: path.as_bytes(),
            query,
            headers: &headers,
            host_bucket: None,
        };
        assert_eq!(may_be_call(&head), expected, "{line} {content_type}");
    };
    let form = "application/x-www-form-urlencoded";
    check("POST /", form, true);
    check("POST /", "application/x-www-form-urlencoded; charset=utf-8", true);
    check("POST /", "Application/X-WWW-Form-Urlencoded", true);
    check("POST /?Action=AssumeRole", "", true);
    check("GET /?Version=2011-06-15&Action=GetCallerIdentity", "", true);
    check("GET /", form, false);
    check("POST /", "multipart/form-data; boundary=x", false);
    check("POST /", "", false);
    check("POST /bucket", form, false);
    check("POST /bucket?Action=CreateUser", form, false);
    check("PUT /?Action=CreateUser", form, false);
    check("DELETE /", form, false);
    check("GET /?action=GetCallerIdentity", "", false);
    check("GET /?X=Action=GetCallerIdentity", "", false);
}
