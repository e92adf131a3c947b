//! The places in the code where something is made durable, each with a name.
//!
//! Keeps true: every sync of the engine goes through one of these, and for each of them a test shows that an
//! acknowledged change is lost without it.

/// A place where something is made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SyncPoint {
    /// The name of the data directory in its parent, at open.
    DataDirName,
    /// The names inside the data directory, at open.
    DataDir,
    /// The bytes of the file `format`, while there is no log yet.
    FormatFile,
    /// The names of segments, at open: a segment may have been begun just before a kill.
    LogDirAtOpen,
    /// The last batch, written again at open: after a failed sync it may be in the page cache only.
    LogTail,
    /// A batch.
    LogBatch,
    /// The frame that closes a segment, before the next one is begun.
    LogEnd,
    /// The name of a segment that was not prepared.
    LogDir,
    /// The name of a segment that was prepared, before it may be begun.
    LogAhead,
    /// The bytes of a large body.
    LargeFile,
    /// The name of a large body.
    LargeDir,
    /// The name of a directory of large bodies, before its first body of this process.
    LargeRoot,
}

impl SyncPoint {
    /// All of them.
    pub const ALL: [SyncPoint; 12] = [
        SyncPoint::DataDirName,
        SyncPoint::DataDir,
        SyncPoint::FormatFile,
        SyncPoint::LogDirAtOpen,
        SyncPoint::LogTail,
        SyncPoint::LogBatch,
        SyncPoint::LogEnd,
        SyncPoint::LogDir,
        SyncPoint::LogAhead,
        SyncPoint::LargeFile,
        SyncPoint::LargeDir,
        SyncPoint::LargeRoot,
    ];

    /// The name, as the file layer is told it.
    pub fn name(self) -> &'static str {
        match self {
            SyncPoint::DataDirName => "data-dir-name",
            SyncPoint::DataDir => "data-dir",
            SyncPoint::FormatFile => "format-file",
            SyncPoint::LogDirAtOpen => "log-dir-at-open",
            SyncPoint::LogTail => "log-tail",
            SyncPoint::LogBatch => "log-batch",
            SyncPoint::LogEnd => "log-end",
            SyncPoint::LogDir => "log-dir",
            SyncPoint::LogAhead => "log-ahead",
            SyncPoint::LargeFile => "large-file",
            SyncPoint::LargeDir => "large-dir",
            SyncPoint::LargeRoot => "large-root",
        }
    }
}
