//! The answer to `GetBucketCors`.

use bytes::Bytes;
use countersign_types::CorsRule;

use crate::encode::xml::Xml;

/// The rules of a bucket, each list in the order in which it was put.
pub fn cors_configuration(rules: &[CorsRule]) -> Bytes {
    const ROOT: &str = "CORSConfiguration";
    let mut xml = Xml::result(ROOT);
    for rule in rules {
        xml.open("CORSRule");
        xml.optional("ID", rule.id.as_deref());
        for method in &rule.allowed_methods {
            xml.element("AllowedMethod", method.name());
        }
        for (name, texts) in [
            ("AllowedOrigin", &rule.allowed_origins),
            ("AllowedHeader", &rule.allowed_headers),
        ] {
            for text in texts {
                xml.element(name, text);
            }
        }
        if let Some(seconds) = rule.max_age_seconds {
            xml.number("MaxAgeSeconds", seconds.into());
        }
        for name in &rule.expose_headers {
            xml.element("ExposeHeader", name);
        }
        xml.close("CORSRule");
    }
    xml.finish(ROOT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::CorsDocument;
    use crate::testing::check_result;
    use countersign_types::CorsMethod;

    #[test]
    fn rules_come_back_as_they_were_put() {
        let rules = vec![
            CorsRule {
                id: Some("a & b".to_owned()),
                allowed_methods: vec![CorsMethod::Put, CorsMethod::Get],
                allowed_origins: vec!["https://b.example".to_owned(), "https://a.example".to_owned()],
                allowed_headers: vec!["x-AMZ-*".to_owned()],
                expose_headers: vec!["ETag".to_owned()],
                max_age_seconds: Some(0),
            },
            CorsRule {
                allowed_methods: vec![CorsMethod::Get],
                allowed_origins: vec!["*".to_owned()],
                ..CorsRule::default()
            },
        ];
        let document = cors_configuration(&rules);
        check_result(
            &document,
            "<CORSConfiguration><CORSRule><ID>a &amp; b</ID><AllowedMethod>PUT</AllowedMethod><AllowedMethod>GET\
             </AllowedMethod><AllowedOrigin>https://b.example</AllowedOrigin><AllowedOrigin>https://a.example\
             </AllowedOrigin><AllowedHeader>x-AMZ-*</AllowedHeader><MaxAgeSeconds>0</MaxAgeSeconds><ExposeHeader>ETag\
             </ExposeHeader></CORSRule><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin>\
             </CORSRule></CORSConfiguration>",
        );
        assert_eq!(CorsDocument::parse(&document).expect("our own").rules, rules);
    }
}
