//! What an object carries besides its bytes.
//!
//! Not here: how it is read from headers and written to them, and how it is stored. Texts are kept as they were sent.

/// What is kept with an object and sent back with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectMetadata {
    /// `Content-Type`, as sent; the server answers `binary/octet-stream` where there is none.
    pub content_type: Option<String>,
    /// `Content-Encoding` without `aws-chunked`, which is the coding of one upload and not of the object.
    pub content_encoding: Option<String>,
    /// `Content-Disposition`
    pub content_disposition: Option<String>,
    /// `Content-Language`
    pub content_language: Option<String>,
    /// `Cache-Control`
    pub cache_control: Option<String>,
    /// `Expires`, as sent: AWS keeps it as text.
    pub expires: Option<String>,
    /// `x-amz-website-redirect-location`
    pub website_redirect: Option<String>,
    /// `x-amz-storage-class`; `None` where it was not sent, which means `STANDARD`.
    pub storage_class: Option<String>,
    /// User metadata: lower-case names without `x-amz-meta-`, and values, in the order they were sent.
    pub user: Vec<(String, String)>,
}
