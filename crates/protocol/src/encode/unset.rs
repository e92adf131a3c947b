//! Documents about what was never set.

use bytes::Bytes;

use crate::encode::xml::Xml;
use crate::operation::UnsetDocument;

/// The answer to whoever asks for what was never set, where S3 answers with a document.
pub fn unset(document: &UnsetDocument) -> Bytes {
    let mut xml = Xml::result(document.root);
    for element in document.path {
        xml.open(element);
    }
    xml.plain(document.text);
    for element in document.path.iter().rev() {
        xml.close(element);
    }
    xml.finish(document.root)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_result;

    #[test]
    fn elements_stand_inside_one_another() {
        let document = UnsetDocument {
            root: "RequestPaymentConfiguration",
            path: &["Payer"],
            text: "BucketOwner",
        };
        check_result(
            &unset(&document),
            "<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>",
        );
        let empty = UnsetDocument {
            root: "BucketLoggingStatus",
            path: &[],
            text: "",
        };
        check_result(&unset(&empty), "<BucketLoggingStatus></BucketLoggingStatus>");
    }
}
