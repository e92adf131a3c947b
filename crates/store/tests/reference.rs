//! A naive S3 in memory: the definition of correct that [`random_operations`](super) holds the store against.
//!
//! One bucket, nothing shared, nothing clever: every listing looks at everything.

use bytes::Bytes;
use countersign_store::CompletedPart;
use countersign_types::{CorsRule, Etag, EtagMatch, UploadId, WriteCondition};
use md5::Digest as _;
use std::collections::BTreeMap;

/// What can come of an operation, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    NoSuchKey,
    NoSuchUpload,
    PreconditionFailed,
    InvalidPart,
    InvalidPartOrder,
    EntityTooSmall,
    NoParts,
}

#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub bytes: Bytes,
    pub etag: Etag,
    pub content_type: String,
    /// Sizes of the parts; empty if it was written whole.
    pub parts: Vec<usize>,
    /// The upload that it was made of.
    pub upload_id: Option<UploadId>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Upload {
    pub content_type: String,
    pub parts: BTreeMap<u16, Bytes>,
}

#[derive(Default)]
pub(crate) struct Reference {
    pub objects: BTreeMap<String, Object>,
    pub uploads: BTreeMap<(String, UploadId), Upload>,
    pub cors: Option<Vec<CorsRule>>,
}

/// Entries in order (keys with `None`, common prefixes with `Some`), and whether there are more.
pub(crate) type Listed<T> = (Vec<(String, Option<T>)>, bool);

impl Reference {
    pub(crate) fn put(
        &mut self,
        key: &str,
        bytes: Bytes,
        content_type: &str,
        condition: &WriteCondition,
    ) -> Result<Etag, Refused> {
        self.check(key, condition)?;
        let etag = Etag::whole(md5::Md5::digest(&bytes).into());
        let object = Object {
            bytes,
            etag,
            content_type: content_type.to_owned(),
            parts: Vec::new(),
            upload_id: None,
        };
        self.objects.insert(key.to_owned(), object);
        Ok(etag)
    }

    pub(crate) fn delete(&mut self, key: &str, condition: &WriteCondition) -> Result<bool, Refused> {
        self.check(key, condition)?;
        Ok(self.objects.remove(key).is_some())
    }

    pub(crate) fn complete(
        &mut self,
        key: &str,
        upload_id: &UploadId,
        named: &[CompletedPart],
        condition: &WriteCondition,
    ) -> Result<Etag, Refused> {
        if named.is_empty() {
            return Err(Refused::NoParts);
        }
        let mut sorted: Vec<_> = named.iter().map(|part| part.number).collect();
        sorted.sort();
        sorted.dedup();
        if sorted != named.iter().map(|part| part.number).collect::<Vec<_>>() {
            return Err(Refused::InvalidPartOrder);
        }
        let Some(upload) = self.uploads.get(&(key.to_owned(), upload_id.clone())) else {
            let object = self
                .objects
                .get(key)
                .filter(|object| object.upload_id.as_ref() == Some(upload_id));
            return object.map(|object| object.etag).ok_or(Refused::NoSuchUpload);
        };
        self.check(key, condition)?;
        let mut bytes = Vec::new();
        let mut md5s = Vec::new();
        let mut sizes = Vec::new();
        for (place, part) in named.iter().enumerate() {
            let body = upload.parts.get(&part.number.get()).ok_or(Refused::InvalidPart)?;
            let md5: [u8; 16] = md5::Md5::digest(body).into();
            if part.etag != Some(Etag::whole(md5)) {
                return Err(Refused::InvalidPart);
            }
            if body.len() < 5 << 20 && place + 1 < named.len() {
                return Err(Refused::EntityTooSmall);
            }
            md5s.extend(md5);
            bytes.extend_from_slice(body);
            sizes.push(body.len());
        }
        let etag = Etag::of_parts(
            md5::Md5::digest(&md5s).into(),
            u16::try_from(named.len()).expect("few"),
        );
        let object = Object {
            bytes: bytes.into(),
            etag,
            content_type: upload.content_type.clone(),
            parts: sizes,
            upload_id: Some(upload_id.clone()),
        };
        self.objects.insert(key.to_owned(), object);
        self.uploads.remove(&(key.to_owned(), upload_id.clone()));
        Ok(etag)
    }

    /// The page of entries after the marker.
    pub(crate) fn list(&self, prefix: &str, delimiter: &str, marker: &str, max: usize) -> Listed<()> {
        let keys = self.objects.keys().map(|key| (key.clone(), ()));
        page(keys.collect(), prefix, delimiter, &|entry, _| entry > marker, max)
    }

    /// The same of uploads; of one key, by id.
    pub(crate) fn list_uploads(
        &self,
        prefix: &str,
        delimiter: &str,
        marker: &str,
        id_marker: Option<&UploadId>,
        max: usize,
    ) -> Listed<UploadId> {
        let uploads = self.uploads.keys().cloned();
        let is_after = |entry: &str, id: Option<&UploadId>| {
            let is_later_id =
                marker == entry && !marker.is_empty() && id.zip(id_marker).is_some_and(|(id, m)| id > m);
            entry > marker || is_later_id
        };
        page(uploads.collect(), prefix, delimiter, &is_after, max)
    }

    fn check(&self, key: &str, condition: &WriteCondition) -> Result<(), Refused> {
        let holds = |tags: &EtagMatch, etag: Etag| match tags {
            EtagMatch::Any => true,
            EtagMatch::OneOf(tags) => tags.contains(&etag),
        };
        let current = self.objects.get(key).map(|object| object.etag);
        if let Some(tags) = &condition.if_match {
            let etag = current.ok_or(Refused::NoSuchKey)?;
            if !holds(tags, etag) {
                return Err(Refused::PreconditionFailed);
            }
        }
        match (&condition.if_none_match, current) {
            (Some(tags), Some(etag)) if holds(tags, etag) => Err(Refused::PreconditionFailed),
            _ => Ok(()),
        }
    }
}

/// Makes the whole sequence of entries, then cuts the page out of it.
fn page<T: Clone>(
    rows: Vec<(String, T)>,
    prefix: &str,
    delimiter: &str,
    is_after: &dyn Fn(&str, Option<&T>) -> bool,
    max: usize,
) -> Listed<T> {
    let mut entries: Vec<(String, Option<T>)> = Vec::new();
    for (key, row) in rows {
        let Some(rest) = key.strip_prefix(prefix) else {
            continue;
        };
        let entry = match rest.find(delimiter).filter(|_| !delimiter.is_empty()) {
            Some(at) => (key[..prefix.len() + at + delimiter.len()].to_owned(), None),
            None => (key, Some(row)),
        };
        let is_same_group = entry.1.is_none()
            && entries
                .last()
                .is_some_and(|last| last.0 == entry.0 && last.1.is_none());
        if !is_same_group {
            entries.push(entry);
        }
    }
    entries.retain(|(entry, row)| is_after(entry, row.as_ref()));
    let truncated = max > 0 && entries.len() > max;
    entries.truncate(max);
    (entries, truncated)
}
