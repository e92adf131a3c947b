//! Spaces: created once, sealed when empty, removed with everything in them.

use super::{
    Bench, Found, SPACE, cases, done, hold, home, pattern, put, put_body, puts, row, staged, stored,
};
use crate::{Body, Change, Class, Error, ScanRange, Seal, Space};
use std::ops::Bound;

cases![
    a_space_lives_once,
    sealing_asks_for_empty_classes,
    removing_takes_everything,
    the_systems_space_stays
];

async fn a_space_lives_once(bench: &mut Bench<'_>) -> Found {
    let (space, name) = (Space(7), home("a"));
    let engine = bench.engine()?;
    hold!(
        is_no_space(&engine.commit(space, &name, Change::default()).await),
        "a space is there before it is created"
    );
    hold!(
        is_no_space(&engine.get(space, &name, &[row(1, "")]).await),
        "a row is read before its space is created"
    );
    hold!(
        is_no_space(&engine.seal(space, &[]).await),
        "a space is sealed before it is created"
    );
    hold!(
        is_no_space(&engine.remove(space).await),
        "a space is removed before it is created"
    );
    hold!(
        is_no_space(&engine.stage(space, &name).await.map(|_| ())),
        "a body is staged before its space is created"
    );
    engine.create(space).await?;
    done(engine, space, &name, puts(vec![put(row(1, ""), "v")])).await?;
    engine.create(space).await?;
    hold!(
        stored(engine, space, &name, &row(1, "")).await?.is_some(),
        "creating a space again emptied it"
    );
    hold!(
        matches!(engine.remove(space).await, Err(Error::Invalid(_))),
        "an unsealed space is removed"
    );
    hold!(
        engine.seal(space, &[]).await? == Seal::Sealed,
        "a space is not sealed"
    );
    bench.reopen().await?;
    let engine = bench.engine()?;
    engine.create(space).await?;
    hold!(
        engine.seal(space, &[Class(1)]).await? == Seal::Sealed,
        "a sealed space does not stay so"
    );
    let late = engine
        .commit(space, &name, puts(vec![put(row(1, ""), "late")]))
        .await;
    hold!(
        matches!(late, Err(Error::Sealed)),
        "a commit to a sealed space answers {late:?}"
    );
    hold!(
        matches!(engine.stage(space, &name).await, Err(Error::Sealed)),
        "a body is staged in a sealed space"
    );
    hold!(
        stored(engine, space, &name, &row(1, "")).await?.is_some(),
        "a sealed space is not read any more"
    );
    engine.remove(space).await?;
    bench.reopen().await?;
    let engine = bench.engine()?;
    engine.remove(space).await?;
    hold!(
        matches!(engine.create(space).await, Err(Error::Invalid(_))),
        "a space id is used twice"
    );
    hold!(
        is_no_space(&engine.get(space, &name, &[row(1, "")]).await),
        "a removed space is read"
    );
    hold!(
        is_no_space(&engine.seal(space, &[]).await),
        "a removed space is sealed"
    );
    hold!(
        is_no_space(&engine.commit(space, &name, Change::default()).await),
        "a removed space takes commits"
    );
    Ok(())
}

async fn sealing_asks_for_empty_classes(bench: &mut Bench<'_>) -> Found {
    let (space, name) = (Space(9), home("a"));
    let engine = bench.engine()?;
    engine.create(space).await?;
    done(engine, space, &name, puts(vec![put(row(2, "x"), "v")])).await?;
    let sealed = engine.seal(space, &[Class(1), Class(2)]).await?;
    hold!(sealed == Seal::NotEmpty, "a space with a row is sealed as empty");
    done(engine, space, &name, puts(vec![put(row(3, ""), "v")])).await?;
    done(
        engine,
        space,
        &name,
        Change {
            deletes: vec![row(2, "x")],
            ..Change::default()
        },
    )
    .await?;
    let sealed = engine.seal(space, &[Class(1), Class(2)]).await?;
    hold!(
        sealed == Seal::Sealed,
        "rows of another class keep a space from being sealed"
    );
    Ok(())
}

async fn removing_takes_everything(bench: &mut Bench<'_>) -> Found {
    let (space, neighbour, name) = (Space(20), Space(21), home("a"));
    let engine = bench.engine()?;
    for space in [space, neighbour] {
        engine.create(space).await?;
        let large = staged(engine, space, &name, &pattern(3000), 1000).await?;
        let rows = vec![
            put_body(row(1, ""), "v", large),
            put_body(row(2, ""), "v", Body::Bytes(pattern(10))),
        ];
        done(engine, space, &name, puts(rows)).await?;
    }
    let Some(reference) = stored(engine, space, &name, &row(1, ""))
        .await?
        .and_then(|row| row.body)
    else {
        return Err(super::Finding("a body is missing".into()));
    };
    let Some(opened) = engine.open(&reference).await? else {
        return Err(super::Finding("a body is gone".into()));
    };
    engine.seal(space, &[]).await?;
    engine.remove(space).await?;
    let everything = ScanRange {
        from: Bound::Unbounded,
        until: Bound::Unbounded,
        fold: None,
    };
    hold!(
        is_no_space(&engine.scan(space, Class(1), everything, 10).await),
        "a removed space is scanned"
    );
    hold!(
        opened.read(0, 3000).await? == pattern(3000),
        "an open body changed when its space was removed"
    );
    drop(opened);
    bench.reopen().await?;
    let found = super::body(bench.engine()?, neighbour, &name, &row(1, "")).await?;
    hold!(
        found == Some(pattern(3000)),
        "removing a space took another's body"
    );
    Ok(())
}

async fn the_systems_space_stays(bench: &mut Bench<'_>) -> Found {
    let engine = bench.engine()?;
    engine.create(SPACE).await?;
    hold!(
        matches!(engine.seal(SPACE, &[]).await, Err(Error::Invalid(_))),
        "the system's space is sealed"
    );
    hold!(
        matches!(engine.remove(SPACE).await, Err(Error::Invalid(_))),
        "the system's space is removed"
    );
    done(engine, SPACE, &home("a"), puts(vec![put(row(1, ""), "v")])).await
}

fn is_no_space<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::NoSpace))
}
