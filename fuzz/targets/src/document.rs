//! Any bytes are a document or none, for each kind of document; what is taken keeps the limits.

use countersign_protocol::operation::{
    CompleteMultipartUploadDocument, CreateBucketDocument, DeleteObjectsDocument,
};

pub(crate) fn run(input: &[u8]) {
    let _region = CreateBucketDocument::parse(input);
    if let Ok(document) = DeleteObjectsDocument::parse(input) {
        assert!(document.objects.len() <= DeleteObjectsDocument::OBJECTS_MAX);
        assert!(input.len() <= DeleteObjectsDocument::BYTES_MAX);
    }
    if CompleteMultipartUploadDocument::parse(input).is_ok() {
        assert!(input.len() <= CompleteMultipartUploadDocument::BYTES_MAX);
    }
}
