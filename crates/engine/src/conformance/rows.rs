//! Rows: written, guarded, deleted, scanned.

use super::{Bench, Found, SPACE, all, cases, done, guard, hold, home, put, puts, row, value};
use crate::{Change, Class, Error, Fold, Outcome, Position, Row, ScanRange, Space};
use bytes::Bytes;
use std::ops::Bound;

cases![
    a_row_is_read_as_written,
    a_refused_commit_changes_nothing_and_tells_what_is_there,
    deletes_and_puts_happen_together,
    badly_formed_changes_are_refused,
    scans_go_in_byte_order_through_one_class,
    scans_stop_and_go_on,
    folding_scans_answer_the_first_row_of_each_group,
    racing_guards_lose_no_update,
];

async fn a_row_is_read_as_written(bench: &mut Bench<'_>) -> Found {
    let (name, first, second) = (home("a/b\u{1}"), row(3, ""), row(3, "\u{1}x"));
    let engine = bench.engine()?;
    done(
        engine,
        SPACE,
        &name,
        puts(vec![put(first.clone(), "1"), put(second.clone(), "2")]),
    )
    .await?;
    bench.reopen().await?;
    let engine = bench.engine()?;
    let found = engine
        .get(SPACE, &name, &[second.clone(), row(4, ""), first.clone(), second])
        .await?;
    let values: Vec<_> = found
        .iter()
        .map(|row| row.as_ref().map(|row| row.value.to_vec()))
        .collect();
    let expected = [
        Some(b"2".to_vec()),
        None,
        Some(b"1".to_vec()),
        Some(b"2".to_vec()),
    ];
    hold!(values == expected, "rows come back as {values:?}");
    hold!(
        value(engine, SPACE, &home("a/b"), &first).await?.is_none(),
        "a row shows in another home"
    );
    Ok(())
}

async fn a_refused_commit_changes_nothing_and_tells_what_is_there(bench: &mut Bench<'_>) -> Found {
    let (name, held, other) = (home("a"), row(1, "held"), row(1, "other"));
    let engine = bench.engine()?;
    done(engine, SPACE, &name, puts(vec![put(held.clone(), "old")])).await?;
    for (expected_held, expected_other) in [(None, None), (Some("new"), None), (Some("old"), Some("x"))] {
        let change = Change {
            guards: vec![
                guard(held.clone(), expected_held),
                guard(other.clone(), expected_other),
            ],
            puts: vec![put(other.clone(), "written")],
            deletes: vec![held.clone()],
        };
        let outcome = engine.commit(SPACE, &name, change).await?;
        let there = Outcome::Refused(vec![Some(Bytes::from_static(b"old")), None]);
        hold!(outcome == there, "a failing guard answers {outcome:?}");
    }
    hold!(
        value(engine, SPACE, &name, &held).await?.as_deref() == Some(b"old"),
        "a refused commit deleted a row"
    );
    hold!(
        value(engine, SPACE, &name, &other).await?.is_none(),
        "a refused commit wrote a row"
    );
    let change = Change {
        guards: vec![guard(held.clone(), Some("old")), guard(other.clone(), None)],
        puts: vec![put(other.clone(), "written")],
        deletes: vec![held],
    };
    done(engine, SPACE, &name, change).await
}

async fn deletes_and_puts_happen_together(bench: &mut Bench<'_>) -> Found {
    let (name, old, new) = (home("a"), row(1, "old"), row(2, "new"));
    let engine = bench.engine()?;
    done(engine, SPACE, &name, puts(vec![put(old.clone(), "1")])).await?;
    let change = Change {
        deletes: vec![old.clone(), row(9, "absent")],
        ..puts(vec![put(new.clone(), "2")])
    };
    done(engine, SPACE, &name, change).await?;
    bench.reopen().await?;
    let engine = bench.engine()?;
    hold!(
        value(engine, SPACE, &name, &old).await?.is_none(),
        "a deleted row is there"
    );
    hold!(
        value(engine, SPACE, &name, &new).await?.as_deref() == Some(b"2"),
        "a written row is not there"
    );
    done(engine, SPACE, &name, Change::default()).await
}

async fn badly_formed_changes_are_refused(bench: &mut Bench<'_>) -> Found {
    let engine = bench.engine()?;
    let twice = vec![
        puts(vec![put(row(1, ""), "1"), put(row(1, ""), "2")]),
        Change {
            deletes: vec![row(1, "")],
            ..puts(vec![put(row(1, ""), "1")])
        },
        Change {
            deletes: vec![row(1, ""), row(1, "")],
            ..Change::default()
        },
        puts(vec![put(row(1, ""), "")]),
        puts(vec![put(row(1, "a\0b"), "1")]),
        Change {
            guards: vec![guard(row(1, ""), Some(""))],
            ..Change::default()
        },
    ];
    for change in twice {
        let told = format!("{change:?}");
        let outcome = engine.commit(SPACE, &home("a"), change).await;
        hold!(
            matches!(outcome, Err(Error::Invalid(_))),
            "{told} answers {outcome:?}"
        );
    }
    let outcome = engine.commit(SPACE, &home("a\0"), Change::default()).await;
    hold!(
        matches!(outcome, Err(Error::Invalid(_))),
        "a zero byte in a home answers {outcome:?}"
    );
    let found = engine.get(SPACE, &home("a"), &[row(1, ""), row(1, "a\0b")]).await;
    hold!(
        matches!(found, Err(Error::Invalid(_))),
        "a zero byte in a suffix is read"
    );
    hold!(
        value(engine, SPACE, &home("a"), &row(1, "")).await?.is_none(),
        "a refused change wrote a row"
    );
    Ok(())
}

async fn scans_go_in_byte_order_through_one_class(bench: &mut Bench<'_>) -> Found {
    let engine = bench.engine()?;
    engine.create(Space(8)).await?;
    // In byte order; "a" before "a\u{1}" although what stands between a home and a suffix may not be smaller.
    let homes = ["", "a", "a\u{1}", "a/b", "ab", "b", "\u{10ffff}"];
    let suffixes = ["", "\u{1}", "x", "xy"];
    for name in homes.iter().rev() {
        let rows = suffixes
            .iter()
            .rev()
            .map(|suffix| put(row(5, suffix), name.get(..1).unwrap_or("-")))
            .collect();
        done(engine, SPACE, &home(name), puts(rows)).await?;
        done(
            engine,
            SPACE,
            &home(name),
            puts(vec![put(row(4, "x"), "4"), put(row(6, ""), "6")]),
        )
        .await?;
        done(engine, Space(8), &home(name), puts(vec![put(row(5, "z"), "z")])).await?;
    }
    let expected: Vec<_> = homes
        .iter()
        .flat_map(|home| suffixes.map(|suffix| position(home, suffix)))
        .collect();
    let everything = (Bound::Unbounded, Bound::Unbounded);
    hold!(
        positions(bench, everything).await? == expected,
        "a scan of everything is not in order"
    );
    for (from, first) in expected.iter().enumerate() {
        for (until, last) in expected.iter().enumerate() {
            let part = |from: usize, until: usize| expected.get(from..until).unwrap_or_default().to_vec();
            let (included, excluded) = (Bound::Included, Bound::Excluded);
            let found = positions(bench, (included(first.clone()), excluded(last.clone()))).await?;
            hold!(
                found == part(from, until),
                "a scan from {first:?} to before {last:?} answers {found:?}"
            );
            let found = positions(bench, (excluded(first.clone()), included(last.clone()))).await?;
            hold!(
                found == part(from + 1, until + 1),
                "a scan from after {first:?} to {last:?} answers {found:?}"
            );
        }
    }
    // A bound need not be a row.
    let between = positions(
        bench,
        (
            Bound::Included(position("a/", "")),
            Bound::Excluded(position("aa", "")),
        ),
    )
    .await?;
    hold!(
        between.iter().all(|at| at.home == "a/b") && between.len() == suffixes.len(),
        "between rows: {between:?}"
    );
    Ok(())
}

async fn scans_stop_and_go_on(bench: &mut Bench<'_>) -> Found {
    let engine = bench.engine()?;
    for number in 0..7 {
        done(
            engine,
            SPACE,
            &home(&format!("h{number}")),
            puts(vec![put(row(1, ""), "v")]),
        )
        .await?;
    }
    for max in 1..9 {
        let (mut seen, mut from) = (0, Bound::Unbounded);
        loop {
            let range = ScanRange {
                from,
                until: Bound::Unbounded,
                fold: None,
            };
            let page = engine.scan(SPACE, Class(1), range, max).await?;
            seen += page.rows.len();
            hold!(
                page.rows.len() <= max,
                "a page of at most {max} has {} rows",
                page.rows.len()
            );
            hold!(
                page.more == (seen < 7),
                "after {seen} of 7 rows, more is {}",
                page.more
            );
            let Some(last) = page.rows.last().filter(|_| page.more) else {
                break;
            };
            from = Bound::Excluded(last.position.clone());
        }
        hold!(seen == 7, "pages of {max} show {seen} of 7 rows");
    }
    let none = engine
        .scan(
            SPACE,
            Class(1),
            ScanRange {
                from: Bound::Unbounded,
                until: Bound::Unbounded,
                fold: None,
            },
            0,
        )
        .await;
    hold!(
        matches!(none, Err(Error::Invalid(_))),
        "a scan of no rows answers {none:?}"
    );
    Ok(())
}

async fn folding_scans_answer_the_first_row_of_each_group(bench: &mut Bench<'_>) -> Found {
    let engine = bench.engine()?;
    let many: Vec<String> = (0..60).map(|number| format!("p/many/{number:02}")).collect();
    let few = [
        "p",
        "p/",
        "p//",
        "p/a",
        "p/b/1",
        "p/b/2",
        "p/c",
        "p/d/",
        "p/e-/x",
        "p/\u{7f}/",
        "q/1",
    ];
    for name in few.iter().copied().chain(many.iter().map(String::as_str)) {
        let rows = vec![put(row(5, ""), "v"), put(row(5, "x"), "v"), put(row(6, ""), "v")];
        done(engine, SPACE, &home(name), puts(rows)).await?;
    }
    let everything = (Bound::Unbounded, Bound::Unbounded);
    let below = (
        Bound::Included(position("p/", "")),
        Bound::Excluded(position("p0", "")),
    );
    let inside = (Bound::Excluded(position("p/many/07", "x")), Bound::Unbounded);
    // Where a home is in no group, each of its rows is answered.
    let (slash, two) = (fold(2, "/"), fold(0, "/b/"));
    for (bounds, fold, expected) in [
        (everything.clone(), fold(0, "/"), &["p", "p x", "p/", "q/1"][..]),
        (
            everything.clone(),
            slash.clone(),
            &[
                "p",
                "p x",
                "p/",
                "p/ x",
                "p//",
                "p/a",
                "p/a x",
                "p/b/1",
                "p/c",
                "p/c x",
                "p/d/",
                "p/e-/x",
                "p/many/00",
                "p/\u{7f}/",
                "q/1",
                "q/1 x",
            ][..],
        ),
        (
            below,
            fold(2, "/"),
            &[
                "p/",
                "p/ x",
                "p//",
                "p/a",
                "p/a x",
                "p/b/1",
                "p/c",
                "p/c x",
                "p/d/",
                "p/e-/x",
                "p/many/00",
                "p/\u{7f}/",
            ][..],
        ),
        (inside, slash, &["p/many/08", "p/\u{7f}/", "q/1", "q/1 x"][..]),
    ] {
        for max in [1, 2, 3, 100] {
            let (mut seen, mut from) = (Vec::new(), bounds.0.clone());
            loop {
                let range = ScanRange {
                    from,
                    until: bounds.1.clone(),
                    fold: Some(fold.clone()),
                };
                let page = engine.scan(SPACE, Class(5), range, max).await?;
                hold!(
                    page.rows.len() <= max,
                    "a page of at most {max} has {} rows",
                    page.rows.len()
                );
                seen.extend(page.rows.iter().map(|row| shown(&row.position)));
                let Some(last) = page.rows.last().filter(|_| page.more) else {
                    break;
                };
                // The caller passes over the rest of a group that a page ended with.
                from = match fold.group(&last.position.home) {
                    Some(group) => Bound::Excluded(Position {
                        home: [group, &[0xff]].concat().into(),
                        suffix: Bytes::new(),
                    }),
                    None => Bound::Excluded(last.position.clone()),
                };
            }
            hold!(seen == expected, "{fold:?} in pages of {max} answers {seen:?}");
        }
    }
    let found = engine
        .scan(
            SPACE,
            Class(5),
            ScanRange {
                from: Bound::Included(position("p/b", "")),
                until: Bound::Excluded(position("p/b0", "")),
                fold: Some(two),
            },
            1,
        )
        .await?;
    hold!(
        found.rows.len() == 1 && !found.more,
        "a group of several rows answers {found:?}"
    );
    let none = engine
        .scan(
            SPACE,
            Class(5),
            ScanRange {
                from: Bound::Unbounded,
                until: Bound::Unbounded,
                fold: Some(fold(0, "")),
            },
            1,
        )
        .await;
    hold!(
        matches!(none, Err(Error::Invalid(_))),
        "an empty delimiter answers {none:?}"
    );
    Ok(())
}

fn fold(after: usize, delimiter: &str) -> Fold {
    Fold {
        after,
        delimiter: Bytes::copy_from_slice(delimiter.as_bytes()),
    }
}

fn shown(position: &Position) -> String {
    let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
    format!("{} {}", text(&position.home), text(&position.suffix))
        .trim_end()
        .to_owned()
}

async fn racing_guards_lose_no_update(bench: &mut Bench<'_>) -> Found {
    let engine = bench.engine()?;
    let (name, counter) = (home("counter"), row(1, ""));
    let count_up = async |times: usize| {
        let mut done = 0;
        let mut seen: Option<Bytes> = None;
        while done < times {
            let count = seen.as_deref().map_or(0, |text| {
                text.iter()
                    .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
            });
            let guards = vec![crate::Guard {
                row: counter.clone(),
                expected: seen.clone(),
            }];
            let next = (count + 1).to_string();
            let change = Change {
                guards,
                ..puts(vec![put(counter.clone(), &next)])
            };
            match engine.commit(SPACE, &name, change).await? {
                Outcome::Done => {
                    done += 1;
                    seen = Some(next.into());
                }
                Outcome::Refused(there) => seen = there.into_iter().next().flatten(),
            }
        }
        Ok::<_, Error>(())
    };
    for result in all((0..8).map(|_| count_up(5))).await {
        result?;
    }
    let total = value(engine, SPACE, &name, &counter).await?;
    hold!(total.as_deref() == Some(b"40"), "8 times 5 counts make {total:?}");
    Ok(())
}

fn position(home: &str, suffix: &str) -> Position {
    let Row { suffix, .. } = row(0, suffix);
    Position {
        home: super::home(home).0,
        suffix,
    }
}

async fn positions(
    bench: &Bench<'_>,
    (from, until): (Bound<Position>, Bound<Position>),
) -> Result<Vec<Position>, super::Finding> {
    let page = bench
        .engine()?
        .scan(
            SPACE,
            Class(5),
            ScanRange {
                from,
                until,
                fold: None,
            },
            1000,
        )
        .await?;
    hold!(!page.more, "a scan stopped before its end");
    Ok(page.rows.into_iter().map(|row| row.position).collect())
}
