//! Pages of listings: in the order of a key, from after a marker.
//!
//! Keeps true: a marker names the last item of its page, so that nothing is passed over or told twice when others come and go.

use super::words::constraint;
use crate::limits::{PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_types::iam::{Fault, FaultCode, Listing, PageOf};

/// A page of what is given in the order of its keys.
pub(crate) fn page<T>(asked: &PageOf, items: impl Iterator<Item = (String, T)>) -> Result<Listing<T>, Fault> {
    page_within(asked, items, |_| 0, 0)
}

/// A page of no more bytes than it may have; one item it always has.
pub(crate) fn page_within<T>(
    page: &PageOf,
    items: impl Iterator<Item = (String, T)>,
    bytes_of: impl Fn(&T) -> usize,
    bytes_max: usize,
) -> Result<Listing<T>, Fault> {
    let max = page.max_items.unwrap_or(PAGE_ITEMS_DEFAULT);
    if max == 0 || max > PAGE_ITEMS_MAX {
        let must = match max {
            0 => "have value greater than or equal to 1".to_owned(),
            _ => format!("have value less than or equal to {PAGE_ITEMS_MAX}"),
        };
        return Err(constraint(&max.to_string(), "maxItems", &must));
    }
    let after = page.marker.as_deref().map(read_marker).transpose()?;
    let mut items = items
        .skip_while(|(key, _)| after.as_ref().is_some_and(|after| key <= after))
        .peekable();
    let mut listing = Listing {
        items: Vec::new(),
        marker: None,
    };
    let mut bytes = 0;
    while let Some((key, item)) = items.next() {
        bytes += bytes_of(&item);
        let bytes_with_next = items.peek().map_or(bytes, |(_, next)| bytes + bytes_of(next));
        listing.items.push(item);
        if listing.items.len() == max as usize || bytes_with_next > bytes_max {
            listing.marker = items.peek().map(|_| URL_SAFE_NO_PAD.encode(key));
            break;
        }
    }
    Ok(listing)
}

fn read_marker(marker: &str) -> Result<String, Fault> {
    let decoded = URL_SAFE_NO_PAD.decode(marker).ok();
    decoded
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| Fault::new(FaultCode::ValidationError, format!("Invalid Marker: {marker}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(marker: Option<&str>, max_items: Option<u32>, of: &[&str]) -> Result<Listing<String>, Fault> {
        let asked = PageOf {
            marker: marker.map(str::to_owned),
            max_items,
        };
        page(
            &asked,
            of.iter().map(|name| ((*name).to_owned(), (*name).to_owned())),
        )
    }

    #[test]
    fn pages_join_to_the_whole_even_if_the_marked_item_is_gone() {
        let first = listed(None, Some(2), &["a", "b", "c"]).expect("a page");
        assert_eq!(first.items, ["a", "b"]);
        let marker = first.marker.expect("there is more");
        let second = listed(Some(&marker), Some(2), &["a", "bb", "c"]).expect("a page");
        assert_eq!(
            (second.items, second.marker),
            (vec!["bb".to_owned(), "c".to_owned()], None)
        );
    }

    #[test]
    fn a_page_has_no_more_bytes_than_it_may_and_one_item_anyway() {
        let of = |texts: &[&str]| {
            let mut asked = PageOf::default();
            let mut pages = Vec::new();
            loop {
                let items = texts.iter().map(|text| ((*text).to_owned(), (*text).to_owned()));
                let listing = page_within(&asked, items, String::len, 4).expect("a page");
                pages.push(listing.items.join(" "));
                asked.marker = listing.marker;
                if asked.marker.is_none() {
                    return pages;
                }
            }
        };
        assert_eq!(of(&["aa", "bb", "c"]), ["aa bb", "c"]);
        assert_eq!(of(&["aaaaa", "b", "cccc", "dd"]), ["aaaaa", "b", "cccc", "dd"]);
        assert_eq!(of(&["aa", "bb"]), ["aa bb"]);
    }

    #[test]
    fn a_page_has_its_bounds() {
        let names: Vec<String> = (0..1_001).map(|at| format!("{at:04}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let count = |max| listed(None, max, &names).map(|listing| listing.items.len());
        assert_eq!(count(None), Ok(PAGE_ITEMS_DEFAULT as usize));
        assert_eq!(count(Some(PAGE_ITEMS_MAX)), Ok(PAGE_ITEMS_MAX as usize));
        for max in [0, PAGE_ITEMS_MAX + 1] {
            assert_eq!(
                count(Some(max)).map_err(|fault| fault.code),
                Err(FaultCode::ValidationError)
            );
        }
        assert!(listed(Some("!"), None, &["a"]).is_err());
    }
}
