//! Any bytes are a document or none, for each kind of document; what is taken keeps the limits.

use countersign_protocol::encode;
use countersign_protocol::operation::{
    AclDocument, CompleteMultipartUploadDocument, CreateBucketDocument, DeleteObjectsDocument,
    OwnershipControlsDocument, PublicAccessBlockDocument,
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
    if let Ok(document) = AclDocument::parse(input) {
        assert!(document.grants.len() <= AclDocument::GRANTS_MAX);
    }
    if let Ok(document) = PublicAccessBlockDocument::parse(input) {
        let again = encode::public_access_block(&document.block);
        assert_eq!(PublicAccessBlockDocument::parse(&again), Ok(document));
    }
    let _ownership = OwnershipControlsDocument::parse(input);
}
