//! Reading an object: opened at one moment, readable to its end whatever happens to the key meanwhile.
//!
//! A body in one piece is pinned by the engine. An object made of parts is pinned by its generation ([`crate::pins`]): first
//! the pin, then head and list of parts are read again at one moment; if the head is still the same, no sweep that comes
//! later touches the parts. A part row's name carries the generation and is never used again, so a part is the right
//! one or gone. Gone it can be only if another process swept it, which waits for [`crate::Settings::sweep_after`]; then the read
//! ends with [`Error::ReplacedWhileRead`] and never with wrong bytes.

use crate::error::{Error, Result, corrupt};
use crate::layout::{self, HEAD};
use crate::model::{ObjectInfo, PartView};
use crate::pins::Pin;
use crate::records::{Generation, Head, ManifestPart, decode_manifest_row};
use crate::{ATTEMPTS_MAX, READ_PIECE_BYTES_MAX, Store};
use bytes::Bytes;
use countersign_engine::{Home, OpenBody, Space, Stored};
use countersign_types::{BucketName, ObjectKey, PartNumber};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// An opened object. Also gives everything in [`ObjectInfo`].
#[derive(Clone)]
pub struct Object {
    info: ObjectInfo,
    bytes: ObjectBytes,
}

/// Reads a range of an opened object, piece by piece. Independent of the [`Object`] it came from.
pub struct ObjectReader {
    bytes: ObjectBytes,
    offset: u64,
    remaining: u64,
    is_within: bool,
    /// The part that is open, by its place in the list.
    open_part: Option<(usize, Arc<dyn OpenBody>)>,
}

#[derive(Clone)]
enum ObjectBytes {
    None,
    Whole(Arc<dyn OpenBody>),
    Parts(Arc<OpenParts>),
}

/// An object made of parts: where they are, and the pin that keeps them there.
struct OpenParts {
    store: Store,
    space: Space,
    home: Home,
    generation: Generation,
    parts: Vec<OpenPart>,
    _pin: Pin,
}

struct OpenPart {
    number: PartNumber,
    begin: u64,
    end: u64,
}

impl Object {
    /// Everything but the bytes.
    pub fn info(&self) -> &ObjectInfo {
        &self.info
    }

    /// Reads `len` bytes at `offset`. If they are not all within the object, the reader gives [`Error::InvalidRange`].
    pub fn read(&self, offset: u64, len: u64) -> ObjectReader {
        ObjectReader {
            bytes: self.bytes.clone(),
            offset,
            remaining: len,
            is_within: offset.checked_add(len).is_some_and(|end| end <= self.info.size),
            open_part: None,
        }
    }

    /// Reads all of it.
    pub fn read_all(&self) -> ObjectReader {
        self.read(0, self.info.size)
    }
}

impl Deref for Object {
    type Target = ObjectInfo;

    fn deref(&self) -> &ObjectInfo {
        &self.info
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.info.fmt(f)
    }
}

impl ObjectReader {
    /// Bytes that are still to come.
    pub fn remaining(&self) -> u64 {
        self.remaining
    }

    /// The next piece, never empty and at most [`READ_PIECE_BYTES_MAX`] bytes; `None` after the last one. After an error
    /// the read cannot go on.
    pub async fn next(&mut self) -> Option<Result<Bytes>> {
        if !self.is_within {
            self.is_within = true;
            self.remaining = 0;
            return Some(Err(Error::InvalidRange));
        }
        if self.remaining == 0 {
            return None;
        }
        let piece = self.read_piece().await;
        match &piece {
            Ok(piece) => {
                self.offset += piece.len() as u64;
                self.remaining -= piece.len() as u64;
            }
            Err(_) => self.remaining = 0,
        }
        Some(piece)
    }

    async fn read_piece(&mut self) -> Result<Bytes> {
        let wanted = self.remaining.min(READ_PIECE_BYTES_MAX as u64);
        match &self.bytes {
            ObjectBytes::None => Err(corrupt("an object with a size and no bytes")),
            ObjectBytes::Whole(body) => read_exactly(body.as_ref(), self.offset, wanted).await,
            ObjectBytes::Parts(parts) => {
                let place = parts.parts.partition_point(|part| part.end <= self.offset);
                let part = parts
                    .parts
                    .get(place)
                    .ok_or_else(|| corrupt("the list of an object's parts"))?;
                let is_open = self.open_part.as_ref().is_some_and(|(open, _)| *open == place);
                if !is_open {
                    self.open_part = Some((place, parts.open(part).await?));
                }
                let (_, body) = self.open_part.as_ref().expect("the part was opened above");
                let wanted = wanted.min(part.end - self.offset);
                read_exactly(body.as_ref(), self.offset - part.begin, wanted).await
            }
        }
    }
}

impl OpenParts {
    async fn open(&self, part: &OpenPart) -> Result<Arc<dyn OpenBody>> {
        let row = layout::part_row(self.generation, part.number);
        for _ in 0..ATTEMPTS_MAX {
            let stored = self.store.row(self.space, &self.home, row.clone()).await;
            let stored = match stored {
                Ok(stored) => stored.ok_or(Error::ReplacedWhileRead)?,
                // The bucket can only be gone if the object was deleted first.
                Err(Error::Engine(countersign_engine::Error::NoSpace)) => {
                    return Err(Error::ReplacedWhileRead);
                }
                Err(error) => return Err(error),
            };
            let body = stored.body.ok_or_else(|| corrupt("a part without its bytes"))?;
            if let Some(open) = self.store.engine().open(&body).await? {
                return check_len(open, part.end - part.begin);
            }
        }
        Err(Error::ReplacedWhileRead)
    }
}

impl Store {
    /// Opens an object; with a part number, also says where that part lies.
    pub async fn object(
        &self,
        bucket: &BucketName,
        object_key: &ObjectKey,
        part: Option<PartNumber>,
    ) -> Result<Object> {
        let space = self.space(bucket).await?;
        let opened = self
            .open_in(space, &layout::object_home(object_key), part, true)
            .await;
        self.settle(bucket, space, opened).await
    }

    /// As [`Store::object`] without opening the bytes: for HEAD.
    pub async fn object_info(
        &self,
        bucket: &BucketName,
        object_key: &ObjectKey,
        part: Option<PartNumber>,
    ) -> Result<ObjectInfo> {
        let space = self.space(bucket).await?;
        let opened = self
            .open_in(space, &layout::object_home(object_key), part, false)
            .await;
        self.settle(bucket, space, opened).await.map(|object| object.info)
    }

    /// What an object is, and the parts that it was made of: none if it was written whole.
    pub async fn object_parts(
        &self,
        bucket: &BucketName,
        object_key: &ObjectKey,
    ) -> Result<(ObjectInfo, Vec<PartView>)> {
        let space = self.space(bucket).await?;
        let listed = self.parts_in(space, &layout::object_home(object_key)).await;
        self.settle(bucket, space, listed).await
    }

    async fn parts_in(&self, space: Space, home: &Home) -> Result<(ObjectInfo, Vec<PartView>)> {
        for _ in 0..ATTEMPTS_MAX {
            let (stored, head) = self.head_row(space, home).await?;
            if head.manifest_rows.is_none() {
                return Ok((head.into_info(), Vec::new()));
            }
            if let Some((listed, open)) = self.open_parts(space, home, &stored, &head).await? {
                let views = listed.iter().zip(&open.parts).zip(1..);
                let views = views.filter_map(|((listed, part), place)| {
                    Some(part_view(listed, part, PartNumber::new(place)?))
                });
                return Ok((head.into_info(), views.collect()));
            }
        }
        Err(Error::Conflict)
    }

    async fn head_row(&self, space: Space, home: &Home) -> Result<(Stored, Head)> {
        let stored = self.row(space, home, layout::single(HEAD)).await?;
        let stored = stored.ok_or(Error::NoSuchKey)?;
        let head = Head::decode(&stored.value)?;
        Ok((stored, head))
    }

    async fn open_in(
        &self,
        space: Space,
        home: &Home,
        part: Option<PartNumber>,
        needs_bytes: bool,
    ) -> Result<Object> {
        for _ in 0..ATTEMPTS_MAX {
            let (stored, head) = self.head_row(space, home).await?;
            let is_whole = head.manifest_rows.is_none();
            if !needs_bytes && (is_whole || part.is_none()) {
                let mut info = head.into_info();
                info.part = part.map(|number| only_part(&info, number)).transpose()?;
                return Ok(Object {
                    info,
                    bytes: ObjectBytes::None,
                });
            }
            if is_whole {
                let mut info = head.into_info();
                info.part = part.map(|number| only_part(&info, number)).transpose()?;
                if let Some(bytes) = self.open_whole(&stored, info.size).await? {
                    return Ok(Object { info, bytes });
                }
            } else if let Some((parts, open)) = self.open_parts(space, home, &stored, &head).await? {
                let mut info = head.into_info();
                info.part = part.map(|number| nth_part(&parts, &open, number)).transpose()?;
                let bytes = ObjectBytes::Parts(Arc::new(open));
                return Ok(Object { info, bytes });
            }
        }
        Err(Error::Conflict)
    }

    /// `None`: the body is gone since the row was read.
    async fn open_whole(&self, stored: &Stored, size: u64) -> Result<Option<ObjectBytes>> {
        let Some(body) = &stored.body else {
            let is_empty = size == 0;
            return is_empty
                .then_some(Some(ObjectBytes::None))
                .ok_or_else(|| corrupt("an object without its bytes"));
        };
        match self.engine().open(body).await? {
            Some(open) => Ok(Some(ObjectBytes::Whole(check_len(open, size)?))),
            None => Ok(None),
        }
    }

    /// `None`: the object was replaced since the head was read.
    async fn open_parts(
        &self,
        space: Space,
        home: &Home,
        stored: &Stored,
        head: &Head,
    ) -> Result<Option<(Vec<ManifestPart>, OpenParts)>> {
        let pin = self.inner.pins.pin(head.generation);
        let manifest =
            (1..=head.manifest_rows.unwrap_or(0)).map(|n| layout::manifest_row(head.generation, n));
        let rows: Vec<_> = std::iter::once(layout::single(HEAD)).chain(manifest).collect();
        let mut found = self.rows(space, home, &rows).await?.into_iter();
        let is_same = found
            .next()
            .flatten()
            .is_some_and(|now| now.value == stored.value);
        if !is_same {
            return Ok(None);
        }
        let mut listed = Vec::new();
        for row in found {
            let row = row.ok_or_else(|| corrupt("an object without its list of parts"))?;
            listed.extend(decode_manifest_row(&row.value)?);
        }
        let mut end = 0;
        let parts = listed
            .iter()
            .map(|part| {
                let begin = end;
                end += part.size;
                OpenPart {
                    number: part.number,
                    begin,
                    end,
                }
            })
            .collect();
        if end != head.size {
            return Err(corrupt("the list of an object's parts"));
        }
        let open = OpenParts {
            store: self.clone(),
            space,
            home: home.clone(),
            generation: head.generation,
            parts,
            _pin: pin,
        };
        Ok(Some((listed, open)))
    }
}

/// SPEC: an object that was written whole is its own part 1.
fn only_part(info: &ObjectInfo, number: PartNumber) -> Result<PartView> {
    if number.get() != 1 {
        return Err(Error::InvalidPartNumber);
    }
    Ok(PartView {
        number,
        offset: 0,
        size: info.size,
        checksum: info.checksum.clone(),
    })
}

fn nth_part(listed: &[ManifestPart], open: &OpenParts, number: PartNumber) -> Result<PartView> {
    let place = usize::from(number.get()) - 1;
    let (listed, part) = listed
        .get(place)
        .zip(open.parts.get(place))
        .ok_or(Error::InvalidPartNumber)?;
    Ok(part_view(listed, part, number))
}

fn part_view(listed: &ManifestPart, part: &OpenPart, number: PartNumber) -> PartView {
    PartView {
        number,
        offset: part.begin,
        size: listed.size,
        checksum: listed.checksum.clone(),
    }
}

fn check_len(body: Arc<dyn OpenBody>, size: u64) -> Result<Arc<dyn OpenBody>> {
    if body.len() != size {
        return Err(corrupt("a body whose length is not the row's"));
    }
    Ok(body)
}

async fn read_exactly(body: &dyn OpenBody, offset: u64, len: u64) -> Result<Bytes> {
    let wanted = usize::try_from(len).map_err(|_| Error::InvalidRange)?;
    let piece = body.read(offset, wanted).await?;
    if piece.len() != wanted {
        return Err(corrupt("a body that is shorter than its length"));
    }
    Ok(piece)
}
