//! Answers to a form that was carried out: headers, a document, or the way to another page.
//!
//! Not here: which of them the form asked for (`operation::post_object`).

use bytes::Bytes;
use countersign_types::Etag;
use http::header::{self, HeaderMap};

use crate::encode::headers::{ObjectChecksum, put, written_headers};
use crate::encode::xml::{Illegal, Xml};

/// An object that a form wrote.
#[derive(Clone, Copy, Debug)]
pub struct PostObjectAnswer<'a> {
    /// The address that the form was sent to, up to the bucket and without a slash at its end.
    pub bucket_address: &'a str,
    /// The bucket.
    pub bucket: &'a str,
    /// The object key.
    pub object_key: &'a str,
    /// The object's tag.
    pub etag: Etag,
    /// Its checksum.
    pub checksum: Option<ObjectChecksum<'a>>,
}

impl PostObjectAnswer<'_> {
    /// The headers of every answer: tag, checksum and where the object is.
    pub fn headers(&self) -> HeaderMap {
        self.headers_to(&self.location())
    }

    /// The headers of a redirect to `address`, to which bucket, key and tag are added.
    pub fn redirect_headers(&self, address: &str) -> HeaderMap {
        let (address, fragment) = match address.split_once('#') {
            Some((address, fragment)) => (address, format!("#{fragment}")),
            None => (address, String::new()),
        };
        let separator = if address.contains('?') { '&' } else { '?' };
        let (bucket, object_key) = (encode(self.bucket), encode(self.object_key));
        let etag = self.etag;
        self.headers_to(&format!(
            "{address}{separator}bucket={bucket}&key={object_key}&etag=%22{etag}%22{fragment}"
        ))
    }

    /// The document of a 201. Like AWS's it has no namespace.
    pub fn document(&self) -> Bytes {
        const ROOT: &str = "PostResponse";
        let mut xml = Xml::document(Illegal::Reference);
        xml.open(ROOT);
        xml.element("Location", &self.location());
        xml.element("Bucket", self.bucket);
        xml.element("Key", self.object_key);
        xml.etag(&self.etag);
        xml.finish(ROOT)
    }

    /// Where the object is. AWS encodes the slashes of the key, too.
    fn location(&self) -> String {
        format!("{}/{}", self.bucket_address, encode(self.object_key))
    }

    fn headers_to(&self, location: &str) -> HeaderMap {
        let mut headers = written_headers(&self.etag, self.checksum);
        put(&mut headers, header::LOCATION, location);
        headers
    }
}

/// Everything but letters, digits and `-._~` as `%XX`.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(object_key: &str) -> PostObjectAnswer<'_> {
        PostObjectAnswer {
            bucket_address: "http://127.0.0.1:9000/abc",
            bucket: "abc",
            object_key,
            etag: Etag::whole([0xab; 16]),
            checksum: None,
        }
    }

    #[test]
    fn the_document_says_where_the_object_is() {
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse>\
                        <Location>http://127.0.0.1:9000/abc/u%2Fa%20%2B%26%C3%A4.jpg</Location><Bucket>abc</Bucket>\
                        <Key>u/a +&amp;ä.jpg</Key><ETag>&quot;abababababababababababababababab&quot;</ETag></PostResponse>";
        assert_eq!(answer("u/a +&ä.jpg").document(), expected);
    }

    #[test]
    fn every_answer_has_the_tag_and_the_address() {
        let headers = answer("a/b").headers();
        assert_eq!(headers["etag"], "\"abababababababababababababababab\"");
        assert_eq!(headers["location"], "http://127.0.0.1:9000/abc/a%2Fb");
    }

    #[test]
    fn a_redirect_takes_bucket_key_and_tag_along() {
        let check = |address: &str, expected: &str| {
            let headers = answer("a b&c").redirect_headers(address);
            let what = "bucket=abc&key=a%20b%26c&etag=%22abababababababababababababababab%22";
            assert_eq!(headers["location"], expected.replace("WHAT", what), "{address}");
        };
        check("http://a.example/done", "http://a.example/done?WHAT");
        check("http://a.example", "http://a.example?WHAT");
        check("http://a.example/?x=1", "http://a.example/?x=1&WHAT");
        check("http://a.example/#top", "http://a.example/?WHAT#top");
    }
}
