//! A bucket's CORS rules: one row in the bucket's own space, so they end with the bucket and no other of its name has them.
//!
//! Not here: what a rule may say, and whom it lets in.

use crate::Store;
use crate::error::Result;
use crate::layout::{self, CORS};
use crate::records::{decode_cors_rules, encode_cors_rules};
use countersign_engine::{Change, Put, Space};
use countersign_types::{BucketName, CorsRule};

impl Store {
    /// The rules of a bucket; `None` if it has none.
    pub async fn cors_rules(&self, bucket: &BucketName) -> Result<Option<Vec<CorsRule>>> {
        let space = self.space(bucket).await?;
        let rules = self.cors_rules_in(space).await;
        self.settle(bucket, space, rules).await
    }

    /// Gives a bucket these rules instead of those it has; of two that do so at once the later one stays.
    pub async fn put_cors_rules(&self, bucket: &BucketName, rules: &[CorsRule]) -> Result<()> {
        let put = Put {
            row: layout::single(CORS),
            value: encode_cors_rules(rules),
            body: None,
        };
        let change = Change {
            puts: vec![put],
            ..Change::default()
        };
        self.change_settings(bucket, change).await
    }

    /// Takes a bucket's rules away; one that has none stays as it is.
    pub async fn delete_cors_rules(&self, bucket: &BucketName) -> Result<()> {
        let change = Change {
            deletes: vec![layout::single(CORS)],
            ..Change::default()
        };
        self.change_settings(bucket, change).await
    }

    async fn cors_rules_in(&self, space: Space) -> Result<Option<Vec<CorsRule>>> {
        let row = self
            .row(space, &layout::settings_home(), layout::single(CORS))
            .await?;
        row.map(|row| decode_cors_rules(&row.value)).transpose()
    }

    async fn change_settings(&self, bucket: &BucketName, change: Change) -> Result<()> {
        let space = self.space(bucket).await?;
        // Without a guard nothing can refuse it.
        let committed = self
            .engine()
            .commit(space, &layout::settings_home(), change)
            .await;
        self.settle(bucket, space, committed.map(drop).map_err(Into::into))
            .await
    }
}
