//! The limits of an account, each with a name. Those of AWS, unless they say otherwise.
//!
//! SPEC: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>. The sizes of documents are in
//! `countersign-policy`.

/// Accounts on one engine. Ours.
pub const ACCOUNTS_MAX: usize = 1_000;
/// Characters of an account's name. Ours.
pub const ACCOUNT_NAME_CHARACTERS_MAX: usize = 64;
/// Access keys of one user, and of the root of an account.
pub const ACCESS_KEYS_PER_USER_MAX: usize = 2;
/// Users of an account.
pub const USERS_MAX: usize = 5_000;
/// Groups of an account.
pub const GROUPS_MAX: usize = 300;
/// Groups that one user is in.
pub const GROUPS_PER_USER_MAX: usize = 10;
/// Managed policies of an account.
pub const POLICIES_MAX: usize = 1_500;
/// Versions of one managed policy.
pub const VERSIONS_PER_POLICY_MAX: usize = 5;
/// Managed policies attached to one user, group or role.
pub const ATTACHED_MAX: usize = 10;
/// Roles of an account.
pub const ROLES_MAX: usize = 1_000;
/// Identity providers of an account.
pub const PROVIDERS_MAX: usize = 100;
/// Client ids of one identity provider.
pub const CLIENT_IDS_MAX: usize = 100;
/// Thumbprints of one identity provider.
pub const THUMBPRINTS_MAX: usize = 5;
/// Tags of one thing, and of one session.
pub const TAGS_MAX: usize = 50;
/// Items on a page, if nothing is said.
pub const PAGE_ITEMS_DEFAULT: u32 = 100;
/// Most items on a page.
pub const PAGE_ITEMS_MAX: u32 = 1_000;
/// Bytes of documents on one page of what there is in an account. Ours: a thousand roles may hold tens of megabytes.
pub const DETAILS_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Most actions and resources that one simulation tries against each other. Ours: AWS does not say.
pub const SIMULATIONS_MAX: usize = 10_000;

/// Bytes of a document as it was sent, white space and everything. Ours: it lies in one row beside its names, with room for
/// every byte to be escaped. IAM takes 131,072, of which its quotas leave 10,240 that are not white space.
pub const DOCUMENT_TEXT_BYTES_MAX: usize = 30 * 1024;

/// Bytes of a trust policy as it was sent. Ours: it lies in the row of its role, beside its tags.
pub const TRUST_TEXT_BYTES_MAX: usize = 14 * 1024;
/// Bytes of all tags of one thing. Ours, for the same reason; with letters of one byte each, IAM's quota is less.
pub const TAGS_BYTES_MAX: usize = 20 * 1024;
/// Bytes of all client ids of one identity provider. Ours, for the same reason.
pub const CLIENT_IDS_BYTES_MAX: usize = 20 * 1024;
/// Bytes of the id of an access key whose last use is noted. The operator's own may be of any length.
pub const ACCESS_KEY_ID_BYTES_MAX: usize = 128;

/// Shortest session in seconds.
pub const SESSION_SECONDS_MIN: u32 = 900;
/// Longest session of a user or a federated user in seconds: 36 hours.
pub const SESSION_SECONDS_MAX: u32 = 129_600;
/// The same, if nothing is said: 12 hours.
pub const SESSION_SECONDS_DEFAULT: u32 = 43_200;
/// Longest session that the root of an account makes for itself or for a federated user.
pub const ROOT_SESSION_SECONDS_MAX: u32 = 3_600;
/// Session of a role in seconds, if nothing is said, and the longest if a session makes it (role chaining).
pub const ROLE_SESSION_SECONDS_DEFAULT: u32 = 3_600;
/// The bounds of what a role may set as its longest session.
pub const MAX_SESSION_DURATION: std::ops::RangeInclusive<u32> = 3_600..=43_200;
/// Managed policies passed for one session.
pub const SESSION_POLICY_ARNS_MAX: usize = 10;
/// Bytes of policies and tags of one session, packed. Ours: a session token travels in a header or a link with each request.
pub const SESSION_PACKED_BYTES_MAX: usize = 4 * 1024;

/// Days for which a removed access key can still be told apart from one that never was.
pub const TOMBSTONE_DAYS: i64 = 14;
/// Removed access keys remembered in one account; the oldest go first.
pub const TOMBSTONES_MAX: usize = 1_000;

/// Other keys of a principal that are handed to whoever explains a signature. A user has two, and those removed lately.
pub const OTHER_KEYS_MAX: usize = 8;
/// How long it is remembered that a credential token was revoked: as long as the longest session of a role.
pub const REVOKED_KEPT_SECONDS: i64 = 43_200;

/// How long a seal key of sessions is kept after another has taken its place: as long as the longest session.
pub const SEAL_KEY_KEPT_SECONDS: i64 = 36 * 3_600;
/// How long a new seal key waits before it seals, so that every server on the engine has heard of it.
pub const SEAL_KEY_SETTLES_SECONDS: i64 = 10;

/// Signing keys kept in memory. Presigned links live for 7 days, so a handful a key is in use at once.
pub const SIGNING_KEYS_MAX: usize = 4_096;
/// Opened sessions kept in memory.
pub const SESSIONS_MAX: usize = 4_096;
/// The last use of a key is noted once in so many seconds.
pub const USE_GRAIN_SECONDS: i64 = 30;
/// Characters of a client's name that are noted.
pub const USER_AGENT_CHARACTERS_MAX: usize = 256;
/// How often a change is tried again when somebody else changed the same account.
pub const CHANGE_ATTEMPTS_MAX: usize = 8;
/// Keys sealed anew in one commit.
pub const RESEALED_PER_COMMIT: usize = 256;
/// Last uses written in one commit.
pub const USES_PER_COMMIT: usize = 512;
