//! HDR-ORDER: the signer laid out its header lines in another way: order, capitals, blanks, the empty line.

use super::hdr_missing::missing;
use super::prelude::*;
use crate::hypothesis::HeaderLayout;
use crate::weights::EVIDENT;

pub(crate) static RULE: Rule = Rule {
    weight: 500,
    propose: Some(propose),
    tell: Some(tell),
    ..Rule::new(
        "HDR-ORDER",
        "The signer laid out its header lines differently",
        include_str!("../../pages/HDR-ORDER.md"),
    )
};

fn propose(scene: &Scene<'_>, out: &mut Proposals<'_>) {
    let (Some(parts), Some(claim)) = (&scene.parts, scene.claim()) else {
        return;
    };
    let sorted: Vec<String> = parts.headers.iter().map(|(name, _)| name.clone()).collect();
    let sent: Vec<String> = claim.signed_headers.iter().map(ToString::to_string).collect();
    let lower: Vec<String> = sent.iter().map(|name| name.to_ascii_lowercase()).collect();
    let arrived = in_order_of_arrival(scene, &sorted);
    let titled: Vec<String> = sorted.iter().map(|name| title_case(name)).collect();
    let absent: Vec<String> = missing(scene).collect();
    let sent_only: Vec<String> = sorted
        .iter()
        .filter(|name| !absent.contains(name))
        .cloned()
        .collect();
    let usual = HeaderLayout {
        names: sorted.clone(),
        between: ":",
        list: sorted.join(";"),
        blank_line: true,
    };
    let changed = |names: &Vec<String>, list: &Vec<String>| HeaderLayout {
        names: names.clone(),
        list: list.join(";"),
        ..usual.clone()
    };
    for (layout, how) in [
        (
            changed(&lower, &lower),
            "in the order of SignedHeaders instead of sorted",
        ),
        (
            changed(&lower, &sorted),
            "in the order of SignedHeaders instead of sorted",
        ),
        (changed(&sorted, &lower), "sorted, but their list as it was sent"),
        (
            changed(&sent, &sent),
            "with the names in capitals as they were sent",
        ),
        (changed(&sorted, &sent), "with capitals in the list of names"),
        (changed(&sent, &sorted), "with capitals in the header lines"),
        (changed(&titled, &titled), "with the names in capitals"),
        (changed(&titled, &sorted), "with capitals in the header lines"),
        (
            changed(&arrived, &arrived),
            "in the order of the request instead of sorted",
        ),
        (
            changed(&arrived, &sorted),
            "in the order of the request instead of sorted",
        ),
        (
            changed(&sent_only, &sorted),
            "without the lines of headers that SignedHeaders names and that were not sent",
        ),
        (
            changed(&sent_only, &sent_only),
            "without headers that SignedHeaders names and that were not sent",
        ),
        (
            HeaderLayout {
                blank_line: false,
                ..usual.clone()
            },
            "without the empty line after the header lines",
        ),
        (
            HeaderLayout {
                between: ": ",
                ..usual.clone()
            },
            "with a blank after each colon",
        ),
        (
            HeaderLayout {
                list: sorted.join(","),
                ..usual.clone()
            },
            "with commas between the names",
        ),
        (
            HeaderLayout {
                list: sorted.join("; "),
                ..usual.clone()
            },
            "with blanks between the names",
        ),
    ] {
        if layout == usual {
            continue;
        }
        // A list that is not as it should be says much about who wrote it.
        let by_hand = layout.names == sent && sent != sorted;
        if let Some(hypothesis) = out.add(Change::Headers(layout)) {
            if by_hand {
                hypothesis.weight = EVIDENT;
            }
            hypothesis.specificity = 34;
            hypothesis.detail = how;
        }
    }
}

/// The signed names in the order in which the request has them; absent ones at the end.
fn in_order_of_arrival(scene: &Scene<'_>, sorted: &[String]) -> Vec<String> {
    let headers = scene.case.request.headers;
    let place = |name: &String| {
        headers
            .iter()
            .position(|(sent, _)| sent.eq_ignore_ascii_case(name))
    };
    let mut names = sorted.to_vec();
    names.sort_by_key(|name| place(name).unwrap_or(usize::MAX));
    names
}

/// `x-amz-date` as `X-Amz-Date`.
fn title_case(name: &str) -> String {
    let mut starts = true;
    let letters = name.chars().map(|c| {
        let letter = if starts { c.to_ascii_uppercase() } else { c };
        starts = c == '-';
        letter
    });
    letters.collect()
}

fn tell(_: &Scene<'_>, hypothesis: &Hypothesis) -> Told {
    Told {
        what: Words::of(format!("The headers were signed {}", hypothesis.detail)),
        cure: Words::of(
            "Write name:value and a line break for each header, names in lower case and sorted, then an empty line, then \
             the names joined by ;.",
        ),
    }
}
