//! Multipart uploads: begun, filled part by part, then completed into an object or aborted.
//!
//! An upload is a row of class `u`. Its id is the generation of the object it becomes, and its parts are written from the
//! start under the names that the object will refer to, so Complete moves no byte and no row.
//!
//! Complete freezes the upload (a guarded write of its row), reads the parts, and commits the object with the frozen row as
//! a guard, deleting it. A part that is written to a frozen upload thaws it in the same commit; that Complete is then
//! refused and starts over. So a Complete always stands on the parts as they are, without guarding 10,000 rows, and
//! of Complete and Abort exactly one finds the row.

mod complete;
mod listing;
mod part;
mod upload;

pub use listing::{ListedPart, ListedUpload, PartPage, UploadPage, UploadQuery};
pub use upload::{NewUpload, Upload};
