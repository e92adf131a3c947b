//! Bodies: handed over, staged, taken over, read in parts, pinned.

use super::{
    Bench, Found, SPACE, body, cases, done, guard, hold, home, pattern, put, put_body, puts, row, staged,
    stored,
};
use crate::limits::INLINE_BODY_BYTES_MAX;
use crate::{Body, BodyRef, Change, Error, Outcome};
use bytes::Bytes;
use std::sync::Arc;

cases![
    bodies_come_back_whole,
    parts_of_a_body_are_read,
    a_body_is_taken_over,
    a_body_is_taken_only_from_a_row_that_gives_it_up,
    an_open_body_outlives_its_row,
    a_staged_body_belongs_to_its_home,
    a_refused_staged_body_is_handed_over_again,
    a_staged_body_is_taken_once,
    a_foreign_body_is_refused,
];

const SIZES: [usize; 6] = [0, 1, 65_535, 65_536, 65_537, INLINE_BODY_BYTES_MAX];

async fn bodies_come_back_whole(bench: &mut Bench<'_>) -> Found {
    let name = home("a");
    for reopened in [false, true] {
        if reopened {
            bench.reopen().await?;
        }
        let engine = bench.engine()?;
        for (number, size) in SIZES
            .into_iter()
            .chain([INLINE_BODY_BYTES_MAX + 1, 2_500_000])
            .enumerate()
        {
            let bytes = pattern(size);
            let (inline, large) = (row(1, &format!("{number}")), row(2, &format!("{number}")));
            if !reopened {
                let piece = [1000, 65_536, 700_001][number % 3];
                let large_body = staged(engine, SPACE, &name, &bytes, piece).await?;
                done(
                    engine,
                    SPACE,
                    &name,
                    puts(vec![put_body(large.clone(), "v", large_body)]),
                )
                .await?;
                if size <= INLINE_BODY_BYTES_MAX {
                    let put = put_body(inline.clone(), "v", Body::Bytes(bytes.clone()));
                    done(engine, SPACE, &name, puts(vec![put])).await?;
                }
            }
            let found = body(engine, SPACE, &name, &large).await?;
            hold!(
                found.as_ref() == Some(&bytes),
                "a staged body of {size} bytes comes back otherwise"
            );
            if size <= INLINE_BODY_BYTES_MAX {
                let found = body(engine, SPACE, &name, &inline).await?;
                hold!(
                    found.as_ref() == Some(&bytes),
                    "a body of {size} bytes comes back otherwise"
                );
            }
        }
    }
    let engine = bench.engine()?;
    done(engine, SPACE, &name, puts(vec![put(row(1, "1"), "bare")])).await?;
    hold!(
        body(engine, SPACE, &name, &row(1, "1")).await?.is_none(),
        "a row written without a body has one"
    );
    Ok(())
}

async fn parts_of_a_body_are_read(bench: &mut Bench<'_>) -> Found {
    let engine = bench.engine()?;
    let (name, bytes) = (home("a"), pattern(2_200_000));
    let large = staged(engine, SPACE, &name, &bytes, 100_000).await?;
    let small = Body::Bytes(bytes.slice(..200_000));
    done(
        engine,
        SPACE,
        &name,
        puts(vec![
            put_body(row(1, ""), "v", small),
            put_body(row(2, ""), "v", large),
        ]),
    )
    .await?;
    for (class, len) in [(1, 200_000_usize), (2, bytes.len())] {
        let Some(found) = stored(engine, SPACE, &name, &row(class, ""))
            .await?
            .and_then(|row| row.body)
        else {
            return Err(super::Finding("a body is missing".into()));
        };
        let Some(opened) = engine.open(&found).await? else {
            return Err(super::Finding("a body is gone".into()));
        };
        for (offset, count) in [
            (0, 0),
            (0, 1),
            (65_535, 2),
            (131_072, 65_536),
            (1, 199_999),
            (len - 1, 1),
            (len, 0),
        ] {
            let part = opened.read(offset as u64, count).await?;
            hold!(
                part == bytes.slice(offset..offset + count),
                "{count} bytes at {offset} of {len} come back otherwise"
            );
        }
        for (offset, count) in [(len, 1), (len - 1, 2), (len + 1, 0), (usize::MAX, 1)] {
            let past = opened.read(offset as u64, count).await;
            hold!(
                matches!(past, Err(Error::Invalid(_))),
                "{count} bytes at {offset} of {len} answer {past:?}"
            );
        }
    }
    Ok(())
}

async fn a_body_is_taken_over(bench: &mut Bench<'_>) -> Found {
    let name = home("a");
    for (number, size) in [1000, 70_000].into_iter().enumerate() {
        let engine = bench.engine()?;
        let (bytes, other) = (pattern(size), pattern(size / 2));
        let (part, head) = (row(2, &format!("part{number}")), row(1, &format!("head{number}")));
        let large = staged(engine, SPACE, &name, &bytes, size).await?;
        let small = put_body(head.clone(), "old", Body::Bytes(other.clone()));
        done(
            engine,
            SPACE,
            &name,
            puts(vec![put_body(part.clone(), "v", large), small]),
        )
        .await?;
        // Each takes the other's, as they were before.
        let swap = puts(vec![
            put_body(head.clone(), "swapped", Body::Of(part.clone())),
            put_body(part.clone(), "swapped", Body::Of(head.clone())),
        ]);
        done(engine, SPACE, &name, swap).await?;
        hold!(
            body(engine, SPACE, &name, &head).await?.as_ref() == Some(&bytes),
            "a swapped body is wrong"
        );
        hold!(
            body(engine, SPACE, &name, &part).await?.as_ref() == Some(&other),
            "a swapped body is wrong"
        );
        let take = Change {
            deletes: vec![head.clone()],
            ..puts(vec![put_body(part.clone(), "v", Body::Of(head.clone()))])
        };
        done(engine, SPACE, &name, take).await?;
        done(
            engine,
            SPACE,
            &name,
            puts(vec![put_body(part.clone(), "kept", Body::Of(part.clone()))]),
        )
        .await?;
        bench.reopen().await?;
        let engine = bench.engine()?;
        hold!(
            body(engine, SPACE, &name, &part).await?.as_ref() == Some(&bytes),
            "a body taken over is wrong"
        );
        hold!(
            stored(engine, SPACE, &name, &head).await?.is_none(),
            "a deleted row is there"
        );
    }
    Ok(())
}

async fn a_body_is_taken_only_from_a_row_that_gives_it_up(bench: &mut Bench<'_>) -> Found {
    let engine = bench.engine()?;
    let (name, with, without) = (home("a"), row(1, "with"), row(1, "without"));
    let held = put_body(with.clone(), "v", Body::Bytes(pattern(10)));
    done(engine, SPACE, &name, puts(vec![held, put(without.clone(), "v")])).await?;
    let take = |from: &crate::Row, to: &str| put_body(row(2, to), "taken", Body::Of(from.clone()));
    let changes = [
        puts(vec![take(&with, "x")]),
        Change {
            deletes: vec![with.clone()],
            ..puts(vec![take(&with, "x"), take(&with, "y")])
        },
        Change {
            deletes: vec![without.clone()],
            ..puts(vec![take(&without, "x")])
        },
        Change {
            deletes: vec![row(3, "absent")],
            ..puts(vec![take(&row(3, "absent"), "x")])
        },
    ];
    for change in changes {
        let told = format!("{change:?}");
        let outcome = engine.commit(SPACE, &name, change).await;
        hold!(
            matches!(outcome, Err(Error::Invalid(_))),
            "{told} answers {outcome:?}"
        );
    }
    hold!(
        body(engine, SPACE, &name, &with).await? == Some(pattern(10)),
        "a refused change touched a body"
    );
    hold!(
        stored(engine, SPACE, &name, &row(2, "x")).await?.is_none(),
        "a refused change wrote a row"
    );
    Ok(())
}

async fn an_open_body_outlives_its_row(bench: &mut Bench<'_>) -> Found {
    let engine = bench.engine()?;
    let (name, bytes) = (home("a"), pattern(1_200_000));
    for large in [false, true] {
        let given = if large {
            bytes.clone()
        } else {
            bytes.slice(..100_000)
        };
        let fresh = if large {
            staged(engine, SPACE, &name, &given, 65_536).await?
        } else {
            Body::Bytes(given.clone())
        };
        done(engine, SPACE, &name, puts(vec![put_body(row(1, ""), "v", fresh)])).await?;
        let Some(reference) = stored(engine, SPACE, &name, &row(1, ""))
            .await?
            .and_then(|row| row.body)
        else {
            return Err(super::Finding("a body is missing".into()));
        };
        let Some(opened) = engine.open(&reference).await? else {
            return Err(super::Finding("a body is gone".into()));
        };
        done(
            engine,
            SPACE,
            &name,
            Change {
                deletes: vec![row(1, "")],
                ..Change::default()
            },
        )
        .await?;
        hold!(
            opened.read(0, given.len()).await? == given,
            "an open body changed when its row was deleted"
        );
        if let Some(late) = engine.open(&reference).await? {
            hold!(
                late.read(0, given.len()).await? == given,
                "a late body is another one"
            );
        }
    }
    Ok(())
}

async fn a_staged_body_belongs_to_its_home(bench: &mut Bench<'_>) -> Found {
    let engine = bench.engine()?;
    engine.create(crate::Space(5)).await?;
    for (space, name) in [(SPACE, home("b")), (crate::Space(5), home("a"))] {
        let foreign = staged(engine, SPACE, &home("a"), &pattern(100), 50).await?;
        let outcome = engine
            .commit(space, &name, puts(vec![put_body(row(1, ""), "v", foreign)]))
            .await;
        hold!(
            matches!(outcome, Err(Error::Invalid(_))),
            "a body staged for another home answers {outcome:?}"
        );
    }
    let foreign = crate::Staged {
        len: 3,
        handle: Arc::new("not of any engine"),
    };
    let outcome = engine
        .commit(
            SPACE,
            &home("a"),
            puts(vec![put_body(row(1, ""), "v", Body::Staged(foreign))]),
        )
        .await;
    hold!(
        matches!(outcome, Err(Error::Invalid(_))),
        "a body staged elsewhere answers {outcome:?}"
    );
    Ok(())
}

async fn a_refused_staged_body_is_handed_over_again(bench: &mut Bench<'_>) -> Found {
    let engine = bench.engine()?;
    let (name, bytes) = (home("a"), pattern(5000));
    let Body::Staged(kept) = staged(engine, SPACE, &name, &bytes, 5000).await? else {
        return Err(super::Finding("a staged body is none".into()));
    };
    let change = |expected| Change {
        guards: vec![guard(row(1, ""), expected)],
        ..puts(vec![put_body(row(1, ""), "v", Body::Staged(kept.clone()))])
    };
    for _ in 0..2 {
        let outcome = engine.commit(SPACE, &name, change(Some("something"))).await?;
        hold!(
            outcome == Outcome::Refused(vec![None]),
            "a failing guard answers {outcome:?}"
        );
        hold!(
            stored(engine, SPACE, &name, &row(1, "")).await?.is_none(),
            "a refused commit wrote a row"
        );
    }
    // One that is refused for its form is no other.
    let mut invalid = change(None);
    invalid.puts.push(put_body(row(2, ""), "v", Body::Of(row(1, ""))));
    let outcome = engine.commit(SPACE, &name, invalid).await;
    hold!(
        matches!(outcome, Err(Error::Invalid(_))),
        "a body of a row that has none answers {outcome:?}"
    );
    let outcome = engine.commit(SPACE, &name, change(None)).await?;
    hold!(
        outcome == Outcome::Done,
        "a staged body that was refused before answers {outcome:?}"
    );
    drop(kept);
    // Nobody commits this one.
    drop(staged(engine, SPACE, &name, &bytes, 5000).await?);
    for reopened in [false, true] {
        if reopened {
            bench.reopen().await?;
        }
        hold!(
            body(bench.engine()?, SPACE, &name, &row(1, "")).await?.as_ref() == Some(&bytes),
            "a body that was handed over again comes back otherwise"
        );
    }
    Ok(())
}

async fn a_staged_body_is_taken_once(bench: &mut Bench<'_>) -> Found {
    let engine = bench.engine()?;
    let (name, bytes) = (home("a"), pattern(5000));
    let Body::Staged(kept) = staged(engine, SPACE, &name, &bytes, 5000).await? else {
        return Err(super::Finding("a staged body is none".into()));
    };
    let put_at = |class| put_body(row(class, ""), "v", Body::Staged(kept.clone()));
    let outcome = engine
        .commit(SPACE, &name, puts(vec![put_at(1), put_at(2)]))
        .await;
    hold!(
        matches!(outcome, Err(Error::Invalid(_))),
        "a body for two rows answers {outcome:?}"
    );
    done(engine, SPACE, &name, puts(vec![put_at(1)])).await?;
    for class in [1, 2] {
        let outcome = engine.commit(SPACE, &name, puts(vec![put_at(class)])).await;
        hold!(
            matches!(outcome, Err(Error::Invalid(_))),
            "a body that was taken answers {outcome:?}"
        );
    }
    drop(kept);
    bench.reopen().await?;
    let engine = bench.engine()?;
    hold!(
        body(engine, SPACE, &name, &row(1, "")).await?.as_ref() == Some(&bytes),
        "a body that was handed over twice is gone"
    );
    hold!(
        stored(engine, SPACE, &name, &row(2, "")).await?.is_none(),
        "a body was taken twice"
    );
    Ok(())
}

async fn a_foreign_body_is_refused(bench: &mut Bench<'_>) -> Found {
    let foreign = BodyRef {
        len: 1,
        place: Arc::new(Bytes::from_static(b"not of any engine")),
    };
    let opened = bench.engine()?.open(&foreign).await;
    hold!(
        matches!(opened, Err(Error::Invalid(_))),
        "a body of another engine is opened"
    );
    Ok(())
}
