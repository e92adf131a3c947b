//! Where the bytes of a new object come from.
//!
//! Not here: chunk decoding and signatures. A source gives decoded bytes and says `None` only after everything it can
//! verify about them has been verified.

use crate::read::ObjectReader;
use async_trait::async_trait;
use bytes::Bytes;
use std::fmt;

/// A body that is being received.
#[async_trait]
pub trait Source: Send {
    /// The next bytes. `None` says that the body ended well: every chunk signature and length was right.
    async fn next(&mut self) -> Option<Result<Bytes, SourceError>>;
    /// The value of a trailer by its lower-case name; asked only after the end.
    fn trailer(&self, name: &str) -> Option<String>;
}

/// Why a source failed. Opaque here; whoever made the source takes the cause out again.
pub struct SourceError(Box<dyn std::error::Error + Send + Sync>);

impl SourceError {
    /// Wraps a cause.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> SourceError {
        SourceError(cause.into())
    }

    /// The cause.
    pub fn cause(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        self.0.as_ref()
    }

    /// The cause as the type it was made of, or this error unchanged.
    pub fn downcast<E: std::error::Error + 'static>(self) -> Result<Box<E>, SourceError> {
        self.0.downcast().map_err(SourceError)
    }
}

impl fmt::Debug for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for SourceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

/// Bytes that are already here.
#[derive(Debug)]
pub struct BytesSource(Option<Bytes>);

impl BytesSource {
    /// A source of exactly these bytes.
    pub fn new(bytes: impl Into<Bytes>) -> BytesSource {
        BytesSource(Some(bytes.into()))
    }
}

#[async_trait]
impl Source for BytesSource {
    async fn next(&mut self) -> Option<Result<Bytes, SourceError>> {
        self.0.take().filter(|bytes| !bytes.is_empty()).map(Ok)
    }

    fn trailer(&self, _name: &str) -> Option<String> {
        None
    }
}

/// A stored object (or a range of it) as the source of another: how copies are made.
///
/// A failed read comes back as [`crate::Error`] inside the [`SourceError`].
pub struct ObjectSource(ObjectReader);

impl ObjectSource {
    /// A source of what the reader gives.
    pub fn new(reader: ObjectReader) -> ObjectSource {
        ObjectSource(reader)
    }
}

#[async_trait]
impl Source for ObjectSource {
    async fn next(&mut self) -> Option<Result<Bytes, SourceError>> {
        self.0.next().await.map(|piece| piece.map_err(SourceError::new))
    }

    fn trailer(&self, _name: &str) -> Option<String> {
        None
    }
}
