//! The rules: one file a cause, each with its hypothesis or check, its evidence, its sentences and its page.
//!
//! Not here: order and budget of the search (see `search`). The table at the foot is the list of everything the product
//! can say; ids are stable for ever.

mod acc_owner;
mod alg_v2;
mod alg_v4a;
mod auth_format;
mod auth_none;
mod auth_two;
mod body_text;
mod calendar;
mod charset;
mod clk_calendar;
mod clk_datehdr;
mod clk_format;
mod clk_scopedate;
mod clk_skew;
mod clk_stale;
mod clk_tz;
mod clock;
mod content_type;
mod cors;
mod cors_header;
mod cors_method;
mod cors_none;
mod cors_origin;
mod credential;
mod form_field;
mod framing;
mod hdr_ae;
mod hdr_casemap;
mod hdr_cl;
mod hdr_copysrc;
mod hdr_ct_boundary;
mod hdr_ct_changed;
mod hdr_ct_charset;
mod hdr_dup;
mod hdr_expect;
mod hdr_fold;
mod hdr_gcs;
mod hdr_hoisted;
mod hdr_hop;
mod hdr_md5;
mod hdr_missing;
mod hdr_nonascii;
mod hdr_order;
mod hdr_range;
mod hdr_sha_missing;
mod hdr_trace;
mod hdr_ua;
mod hdr_unsigned;
mod header;
mod host;
mod hst_bucket_twice;
mod hst_case;
mod hst_forwardproxy;
mod hst_h2;
mod hst_port_default;
mod hst_port_missing;
mod hst_prefix;
mod hst_prefix_slash;
mod hst_proxy;
mod hst_replaced;
mod hst_scheme;
mod hst_vhost;
mod key_chain;
mod mth_case;
mod mth_head;
mod mth_options;
mod mth_other;
mod mth_proxy;
mod path;
mod pay_ce;
mod pay_chunked_raw;
mod pay_crc_empty;
mod pay_emptyhash;
mod pay_mismatch;
mod pay_sdk2025;
mod pay_unsigned;
mod pol_b64;
mod pol_cond;
mod pol_ct;
mod pol_form;
mod pol_missing;
mod pol_order;
mod pol_scope;
mod pol_size;
mod pol_twice;
mod pol_v2;
mod pre_expired;
mod pre_future;
mod pre_toolong;
mod pre_used;
mod prefix;
mod prelude;
mod qry_amp;
mod qry_case;
mod qry_cred_double;
mod qry_dropped;
mod qry_enc;
mod qry_extra;
mod qry_noeq;
mod qry_second_qmark;
mod qry_sort;
mod qry_tamper;
mod qry_truncated;
mod query;
mod scp_auto;
mod scp_region;
mod scp_region_empty;
mod scp_region_key;
mod scp_service;
mod scp_terminal;
mod sec_akid;
mod sec_aws4twice;
mod sec_base64;
mod sec_default;
mod sec_escape;
mod sec_newline;
mod sec_otherkey;
mod sec_quotes;
pub(crate) mod sec_rotated;
mod sec_smtp;
mod sec_space;
mod sec_urlenc;
mod sec_wrong;
mod sec_zsh_percent;
mod secret;
mod str_chunk;
mod str_length;
mod str_mode;
mod str_seed;
mod str_trailer;
mod stream;
mod sts_format;
mod tok_encoding;
mod tok_expired;
mod tok_invalid;
mod tok_missing;
mod tok_s3express;
mod tok_unsigned;
mod uri_case;
mod uri_charset;
mod uri_dots;
mod uri_double;
mod uri_empty;
mod uri_keychanged;
mod uri_lowerhex;
mod uri_merge;
mod uri_mixed;
mod uri_nfc;
mod uri_plus;
mod uri_raw;
mod uri_slash;
mod uri_tilde;
mod uri_trailslash;

use crate::diagnosis::{Proof, Slot};
use crate::elsewhere;
use crate::hypothesis::{Hypothesis, Proposals};
use crate::scene::Scene;
use crate::words::{Value, Words};

/// One cause the product can name.
pub(crate) struct Rule {
    pub(crate) id: &'static str,
    /// A short title.
    pub(crate) title: &'static str,
    /// The documentation page, Markdown.
    pub(crate) page: &'static str,
    /// How likely its hypotheses are by themselves, 1 to 1000.
    pub(crate) weight: u32,
    /// What the client may have signed instead.
    pub(crate) propose: Option<fn(&Scene<'_>, &mut Proposals<'_>)>,
    /// The sentences for a hypothesis that was proven.
    pub(crate) tell: Option<fn(&Scene<'_>, &Hypothesis) -> Told>,
    /// What the request shows by itself.
    pub(crate) check: Option<fn(&Scene<'_>) -> Option<Finding>>,
    /// What is likely when nothing is proven.
    pub(crate) infer: Option<fn(&Scene<'_>) -> Option<Finding>>,
    /// Whether only the operator is told: to everybody else a request is explained as if the rule did not exist.
    pub(crate) is_for_operator: bool,
}

impl Rule {
    /// A rule that says nothing yet; each rule fills in what it can do.
    pub(crate) const fn new(id: &'static str, title: &'static str, page: &'static str) -> Rule {
        Rule {
            id,
            title,
            page,
            weight: 500,
            propose: None,
            tell: None,
            check: None,
            infer: None,
            is_for_operator: false,
        }
    }
}

/// What happened and what to change, each one sentence without its full stop at the end of `what`.
pub(crate) struct Told {
    pub(crate) what: Words,
    pub(crate) cure: Words,
}

/// A cause that needs no search.
pub(crate) struct Finding {
    pub(crate) slot: Slot,
    pub(crate) proof: Proof,
    pub(crate) told: Told,
    pub(crate) signed: Option<Value>,
    pub(crate) received: Option<Value>,
    pub(crate) also: Vec<&'static str>,
    /// How much it says against other findings, 1 to 1000.
    pub(crate) score: u32,
}

impl Finding {
    pub(crate) fn new(slot: Slot, proof: Proof, score: u32, what: Words, cure: Words) -> Finding {
        Finding {
            slot,
            proof,
            told: Told { what, cure },
            signed: None,
            received: None,
            also: Vec::new(),
            score,
        }
    }
}

/// The page of a cause, Markdown; `None` for an id this product does not know.
pub fn page(id: &str) -> Option<&'static str> {
    rule(id).map(|rule| rule.page).or_else(|| elsewhere::page(id))
}

/// The short title of a cause.
pub fn title(id: &str) -> Option<&'static str> {
    rule(id).map(|rule| rule.title).or_else(|| elsewhere::title(id))
}

/// All ids that the server can name, in the order of the table. Those that only the client's side can are [`crate::client_ids`].
pub fn ids() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|rule| rule.id)
}

pub(crate) use auth_none::is_lost as is_lost_authorization;
pub(crate) use clock::http_date;
pub(crate) use tok_s3express::is_renamed as is_token_renamed;
pub(crate) use tok_unsigned::is_lost as is_lost_token;

pub(crate) fn rule(id: &str) -> Option<&'static Rule> {
    RULES
        .iter()
        .copied()
        .find(|rule| rule.id.eq_ignore_ascii_case(id))
}

/// Every rule there is.
pub(crate) static RULES: &[&Rule] = &[
    &hst_proxy::RULE,
    &hst_replaced::RULE,
    &hst_port_default::RULE,
    &hst_port_missing::RULE,
    &hst_vhost::RULE,
    &hst_prefix::RULE,
    &hst_prefix_slash::RULE,
    &hst_bucket_twice::RULE,
    &hst_case::RULE,
    &hst_scheme::RULE,
    &hst_forwardproxy::RULE,
    &hst_h2::RULE,
    &hdr_ct_changed::RULE,
    &hdr_ct_charset::RULE,
    &hdr_ct_boundary::RULE,
    &hdr_missing::RULE,
    &hdr_unsigned::RULE,
    &hdr_hoisted::RULE,
    &hdr_sha_missing::RULE,
    &hdr_ae::RULE,
    &hdr_ua::RULE,
    &hdr_expect::RULE,
    &hdr_cl::RULE,
    &hdr_trace::RULE,
    &hdr_hop::RULE,
    &hdr_nonascii::RULE,
    &hdr_copysrc::RULE,
    &hdr_fold::RULE,
    &hdr_range::RULE,
    &hdr_dup::RULE,
    &hdr_order::RULE,
    &hdr_md5::RULE,
    &hdr_casemap::RULE,
    &hdr_gcs::RULE,
    &mth_head::RULE,
    &mth_other::RULE,
    &mth_proxy::RULE,
    &mth_case::RULE,
    &mth_options::RULE,
    &uri_raw::RULE,
    &uri_double::RULE,
    &uri_plus::RULE,
    &uri_slash::RULE,
    &uri_lowerhex::RULE,
    &uri_tilde::RULE,
    &uri_merge::RULE,
    &uri_trailslash::RULE,
    &uri_dots::RULE,
    &uri_nfc::RULE,
    &uri_charset::RULE,
    &uri_mixed::RULE,
    &uri_empty::RULE,
    &uri_case::RULE,
    &uri_keychanged::RULE,
    &qry_extra::RULE,
    &qry_dropped::RULE,
    &qry_tamper::RULE,
    &qry_case::RULE,
    &qry_sort::RULE,
    &qry_noeq::RULE,
    &qry_enc::RULE,
    &qry_second_qmark::RULE,
    &qry_amp::RULE,
    &qry_cred_double::RULE,
    &qry_truncated::RULE,
    &pay_mismatch::RULE,
    &pay_emptyhash::RULE,
    &pay_unsigned::RULE,
    &pay_chunked_raw::RULE,
    &pay_ce::RULE,
    &pay_crc_empty::RULE,
    &pay_sdk2025::RULE,
    &str_seed::RULE,
    &str_mode::RULE,
    &str_length::RULE,
    &str_chunk::RULE,
    &str_trailer::RULE,
    &sec_newline::RULE,
    &sec_space::RULE,
    &sec_zsh_percent::RULE,
    &sec_quotes::RULE,
    &sec_urlenc::RULE,
    &sec_escape::RULE,
    &sec_base64::RULE,
    &sec_akid::RULE,
    &sec_default::RULE,
    &sec_aws4twice::RULE,
    &sec_smtp::RULE,
    &sec_otherkey::RULE,
    &sec_rotated::RULE,
    &sec_wrong::RULE,
    &key_chain::RULE,
    &sts_format::RULE,
    &tok_missing::RULE,
    &tok_unsigned::RULE,
    &tok_encoding::RULE,
    &tok_invalid::RULE,
    &tok_expired::RULE,
    &tok_s3express::RULE,
    &scp_region::RULE,
    &scp_auto::RULE,
    &scp_region_empty::RULE,
    &scp_region_key::RULE,
    &scp_service::RULE,
    &scp_terminal::RULE,
    &clk_skew::RULE,
    &clk_tz::RULE,
    &clk_stale::RULE,
    &clk_scopedate::RULE,
    &clk_datehdr::RULE,
    &clk_format::RULE,
    &clk_calendar::RULE,
    &pre_expired::RULE,
    &pre_future::RULE,
    &pre_toolong::RULE,
    &pre_used::RULE,
    &pol_order::RULE,
    &pol_missing::RULE,
    &pol_b64::RULE,
    &pol_scope::RULE,
    &pol_v2::RULE,
    &pol_cond::RULE,
    &pol_ct::RULE,
    &pol_twice::RULE,
    &pol_form::RULE,
    &pol_size::RULE,
    &alg_v2::RULE,
    &alg_v4a::RULE,
    &auth_none::RULE,
    &auth_two::RULE,
    &auth_format::RULE,
    &acc_owner::RULE,
    &cors_none::RULE,
    &cors_origin::RULE,
    &cors_method::RULE,
    &cors_header::RULE,
];
