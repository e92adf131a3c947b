//! What a row of the engine belongs to, as S3 names it: for whoever is told by the engine that a row is damaged.
//!
//! Not here: reading what is damaged.

use crate::Store;
use crate::error::Result;
use crate::layout::{self, HEAD, PART, UPLOAD};
use crate::records::Head;
use countersign_engine as engine;
use countersign_engine::upkeep::RowName;
use countersign_engine::{Row, Space};
use countersign_types::{BucketName, ObjectKey, PartNumber};
use std::collections::{HashMap, HashSet};

/// What a row belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowOwner {
    /// The bucket; `None` if the row is of none that exists.
    pub bucket: Option<BucketName>,
    /// The object key; `None` if the row is of no object.
    pub object_key: Option<ObjectKey>,
    /// What of it.
    pub role: RowRole,
}

/// What a row is to its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowRole {
    /// The object.
    Object,
    /// A part of the object.
    Part(PartNumber),
    /// A part of an upload that is neither completed nor aborted.
    UploadPart(PartNumber),
    /// Something that nobody can read any more and that is swept in time.
    Leftover,
    /// A row of the house.
    Internal,
}

impl Store {
    /// What some rows belong to, in their order.
    pub async fn owners_of(&self, rows: &[RowName]) -> Result<Vec<RowOwner>> {
        let spaces: HashSet<Space> = rows.iter().map(|row| row.space).collect();
        let buckets = self.buckets_of(&spaces).await?;
        let mut owners = Vec::with_capacity(rows.len());
        for row in rows {
            let bucket = buckets.get(&row.space).cloned();
            let key = layout::unescape(&row.home.0).and_then(|key| ObjectKey::parse(key.as_bytes()).ok());
            owners.push(match bucket {
                Some(bucket) => RowOwner {
                    bucket: Some(bucket),
                    role: self.role_of(row).await?,
                    object_key: key,
                },
                // A bucket that is removed takes its rows with it.
                None => RowOwner {
                    bucket: None,
                    object_key: None,
                    role: if row.space == Space::SYSTEM {
                        RowRole::Internal
                    } else {
                        RowRole::Leftover
                    },
                },
            });
        }
        Ok(owners)
    }

    async fn buckets_of(&self, spaces: &HashSet<Space>) -> Result<HashMap<Space, BucketName>> {
        let mut found = HashMap::new();
        let mut after = None;
        while found.len() < spaces.len() {
            let page = self.buckets(after.as_deref(), "", BUCKETS_AT_ONCE).await?;
            let named = page
                .buckets
                .into_iter()
                .map(|bucket| (Space(bucket.space), bucket.name));
            found.extend(named.filter(|(space, _)| spaces.contains(space)));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(found)
    }

    async fn role_of(&self, name: &RowName) -> Result<RowRole> {
        if name.row.class == HEAD {
            return Ok(RowRole::Object);
        }
        let suffix = &name.row.suffix;
        let part = layout::generation(suffix).zip(layout::part_number(suffix));
        let Some((generation, number)) = part.filter(|_| name.row.class == PART) else {
            return Ok(RowRole::Internal);
        };
        let upload = Row {
            class: UPLOAD,
            suffix: generation.hex().into(),
        };
        let rows = [layout::single(HEAD), upload];
        let found = match self.rows(name.space, &name.home, &rows).await {
            Err(crate::Error::Engine(engine::Error::NoSpace)) => engine::Found::new(),
            found => found?,
        };
        let (head, upload) = (found.first().cloned().flatten(), found.get(1).cloned().flatten());
        // A head that cannot be read is told when it is asked for.
        let head = head.and_then(|head| Head::decode(&head.value).ok());
        Ok(match head {
            Some(head) if head.generation == generation => RowRole::Part(number),
            _ if upload.is_some() => RowRole::UploadPart(number),
            _ => RowRole::Leftover,
        })
    }
}

const BUCKETS_AT_ONCE: usize = 1000;
