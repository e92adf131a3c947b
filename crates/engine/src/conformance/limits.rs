//! Limits: each is reached, and one more is refused by its name.

use super::{Bench, Found, SPACE, cases, done, guard, hold, home, pattern, put, put_body, puts, row, value};
use crate::limits::{
    COMMIT_BODIES_BYTES_MAX, COMMIT_BYTES_MAX, GUARDS_PER_COMMIT_MAX, HOME_BYTES_MAX, INLINE_BODY_BYTES_MAX,
    READ_BYTES_MAX, ROW_BYTES_MAX, ROWS_PER_COMMIT_MAX, ROWS_PER_GET_MAX, SCAN_ROWS_MAX, SUFFIX_BYTES_MAX,
};
use crate::{Body, Change, Class, Error, Put, Row, ScanRange};
use std::ops::Bound;

cases![
    names_reach_their_limits,
    commits_reach_their_limits,
    reads_reach_their_limits
];

async fn names_reach_their_limits(bench: &mut Bench<'_>) -> Found {
    let engine = bench.engine()?;
    let (longest, suffix) = ("h".repeat(HOME_BYTES_MAX), "s".repeat(SUFFIX_BYTES_MAX));
    let at_limit = put(row(255, &suffix), &"v".repeat(ROW_BYTES_MAX));
    done(engine, SPACE, &home(&longest), puts(vec![at_limit])).await?;
    let (too_long, long_suffix) = (home(&format!("{longest}h")), row(1, &format!("{suffix}s")));
    refused(bench, &too_long, Change::default(), "HOME_BYTES_MAX").await?;
    refused(
        bench,
        &home("a"),
        puts(vec![put(long_suffix.clone(), "v")]),
        "SUFFIX_BYTES_MAX",
    )
    .await?;
    let big = puts(vec![put(row(1, ""), &"v".repeat(ROW_BYTES_MAX + 1))]);
    refused(bench, &home("a"), big, "ROW_BYTES_MAX").await?;
    let found = engine.get(SPACE, &home("a"), &[long_suffix]).await;
    hold!(
        matches!(found, Err(Error::Limit("SUFFIX_BYTES_MAX"))),
        "a long suffix is read"
    );
    bench.reopen().await?;
    let found = value(bench.engine()?, SPACE, &home(&longest), &row(255, &suffix)).await?;
    hold!(
        found.is_some_and(|value| value.len() == ROW_BYTES_MAX),
        "the longest names and value come back otherwise"
    );
    Ok(())
}

async fn commits_reach_their_limits(bench: &mut Bench<'_>) -> Found {
    let name = home("a");
    let rows = |count: usize| -> Vec<Row> { (0..count).map(|number| row(1, &format!("{number}"))).collect() };
    let written = |count: usize, bytes: usize| -> Vec<Put> {
        rows(count)
            .into_iter()
            .map(|row| put(row, &"v".repeat(bytes)))
            .collect()
    };
    let engine = bench.engine()?;
    done(engine, SPACE, &name, puts(written(ROWS_PER_COMMIT_MAX, 1))).await?;
    let mixed = Change {
        deletes: vec![row(2, "")],
        ..puts(written(ROWS_PER_COMMIT_MAX, 1))
    };
    refused(bench, &name, mixed, "ROWS_PER_COMMIT_MAX").await?;
    done(
        engine,
        SPACE,
        &name,
        Change {
            deletes: rows(ROWS_PER_COMMIT_MAX),
            ..Change::default()
        },
    )
    .await?;

    let guards = |count: usize| rows(count).into_iter().map(|row| guard(row, None)).collect();
    done(
        engine,
        SPACE,
        &name,
        Change {
            guards: guards(GUARDS_PER_COMMIT_MAX),
            ..Change::default()
        },
    )
    .await?;
    let many = Change {
        guards: guards(GUARDS_PER_COMMIT_MAX + 1),
        ..Change::default()
    };
    refused(bench, &name, many, "GUARDS_PER_COMMIT_MAX").await?;

    let full = COMMIT_BYTES_MAX / ROW_BYTES_MAX;
    done(engine, SPACE, &name, puts(written(full, ROW_BYTES_MAX))).await?;
    let mut more = written(full, ROW_BYTES_MAX);
    more.push(put(row(2, ""), "v"));
    refused(bench, &name, puts(more), "COMMIT_BYTES_MAX").await?;

    let bodies = |count: usize, bytes: usize| -> Vec<Put> {
        rows(count)
            .into_iter()
            .map(|row| put_body(row, "v", Body::Bytes(pattern(bytes))))
            .collect()
    };
    let full = COMMIT_BODIES_BYTES_MAX / INLINE_BODY_BYTES_MAX;
    done(engine, SPACE, &name, puts(bodies(full, INLINE_BODY_BYTES_MAX))).await?;
    refused(
        bench,
        &name,
        puts(bodies(1, INLINE_BODY_BYTES_MAX + 1)),
        "INLINE_BODY_BYTES_MAX",
    )
    .await?;
    let mut more = bodies(full, INLINE_BODY_BYTES_MAX);
    more.push(put_body(row(2, ""), "v", Body::Bytes(pattern(1))));
    refused(bench, &name, puts(more), "COMMIT_BODIES_BYTES_MAX").await
}

async fn reads_reach_their_limits(bench: &mut Bench<'_>) -> Found {
    let engine = bench.engine()?;
    let name = home("a");
    let rows = |count: usize| -> Vec<Row> { (0..count).map(|number| row(1, &format!("{number}"))).collect() };
    let found = engine.get(SPACE, &name, &rows(ROWS_PER_GET_MAX)).await?;
    hold!(
        found.len() == ROWS_PER_GET_MAX,
        "a get of many rows answers {}",
        found.len()
    );
    let found = engine.get(SPACE, &name, &rows(ROWS_PER_GET_MAX + 1)).await;
    hold!(
        matches!(found, Err(Error::Limit("ROWS_PER_GET_MAX"))),
        "a get of too many rows is answered"
    );

    let everything = || ScanRange {
        from: Bound::Unbounded,
        until: Bound::Unbounded,
        fold: None,
    };
    engine.scan(SPACE, Class(1), everything(), SCAN_ROWS_MAX).await?;
    let page = engine
        .scan(SPACE, Class(1), everything(), SCAN_ROWS_MAX + 1)
        .await;
    hold!(
        matches!(page, Err(Error::Limit("SCAN_ROWS_MAX"))),
        "a scan of too many rows is answered"
    );

    let bytes = pattern(READ_BYTES_MAX + 1);
    let large = super::staged(engine, SPACE, &name, &bytes, 1 << 20).await?;
    done(engine, SPACE, &name, puts(vec![put_body(row(1, ""), "v", large)])).await?;
    let reference = super::stored(engine, SPACE, &name, &row(1, ""))
        .await?
        .and_then(|row| row.body);
    let Some(reference) = reference else {
        return Err(super::Finding("a body is missing".into()));
    };
    let Some(opened) = engine.open(&reference).await? else {
        return Err(super::Finding("a body is gone".into()));
    };
    hold!(
        opened.read(1, READ_BYTES_MAX).await? == bytes.slice(1..),
        "the longest read comes back otherwise"
    );
    let read = opened.read(0, READ_BYTES_MAX + 1).await;
    hold!(
        matches!(read, Err(Error::Limit("READ_BYTES_MAX"))),
        "a read of too many bytes is answered"
    );
    Ok(())
}

async fn refused(bench: &Bench<'_>, name: &crate::Home, change: Change, limit: &str) -> Found {
    let outcome = bench.engine()?.commit(SPACE, name, change).await;
    hold!(
        matches!(&outcome, Err(Error::Limit(named)) if *named == limit),
        "over {limit} answers {outcome:?}"
    );
    Ok(())
}
