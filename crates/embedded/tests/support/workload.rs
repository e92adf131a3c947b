//! A seeded workload that fits the model: what to do next, and doing it.

use super::model::{BodyPlan, CommitPlan, HOMES, Life, Model, Part, RowName, change, home, row, row_names};
use bytes::Bytes;
use countersign_embedded::Embedded;
use countersign_engine::world::random::Seeded;
use countersign_engine::world::turns::Table;
use countersign_engine::{Engine, Error, Outcome, Seal, Space};
use std::sync::Arc;
use tokio::sync::oneshot;

/// What to do next: one change of a space, or commits to different homes at once.
pub fn next_step(model: &Model, random: &mut Seeded) -> Vec<Part> {
    let with = |life: Life| -> Vec<u64> {
        model
            .0
            .iter()
            .filter(|(id, space)| **id > 0 && space.life == life)
            .map(|(id, _)| *id)
            .collect()
    };
    let (never, open, sealed) = (with(Life::Never), with(Life::Open), with(Life::Sealed));
    match random.below(20) {
        0 | 1 if !never.is_empty() => return vec![Part::Create(never[0])],
        2 if !open.is_empty() => return vec![Part::Seal(open[random.below(open.len())])],
        3 | 4 if !sealed.is_empty() => return vec![Part::Remove(sealed[random.below(sealed.len())])],
        _ => {}
    }
    let spaces = [vec![0], open].concat();
    let at_once = [1, 1, 2, 4][random.below(4)];
    let first = random.below(HOMES.len());
    let homes = (0..at_once).map(|n| HOMES[(first + n) % HOMES.len()]);
    homes
        .map(|home| Part::Commit(plan(model, spaces[random.below(spaces.len())], home, random)))
        .collect()
}

fn plan(model: &Model, space: u64, home: &'static str, random: &mut Seeded) -> CommitPlan {
    let held = model.home(space, home);
    let mut free = row_names();
    let mut plan = CommitPlan {
        space,
        home,
        guard: None,
        puts: Vec::new(),
        deletes: Vec::new(),
    };
    for _ in 0..1 + random.below(3) {
        let name = free.swap_remove(random.below(free.len()));
        let value = Bytes::from(format!("value {}", random.number()));
        let with_body: Vec<RowName> = free
            .iter()
            .filter(|name| held.get(name).is_some_and(|row| row.1.is_some()))
            .copied()
            .collect();
        match random.below(10) {
            0..6 => plan.puts.push((name, value, body(random))),
            6 if held.get(&name).is_some_and(|row| row.1.is_some()) => {
                plan.puts.push((name, value, BodyPlan::Of(name)));
            }
            6 | 7 if !with_body.is_empty() => {
                let source = with_body[random.below(with_body.len())];
                free.retain(|name| *name != source);
                plan.puts.push((name, value, BodyPlan::Of(source)));
                plan.deletes.push(source);
            }
            _ => plan.deletes.push(name),
        }
    }
    if random.chance(400) {
        let names = row_names();
        let name = names[random.below(names.len())];
        let right = held.get(&name).map(|row| row.0.clone());
        let expected = if random.chance(800) {
            right
        } else {
            Some(Bytes::from_static(b"something else"))
        };
        plan.guard = Some((name, expected));
    }
    plan
}

fn body(random: &mut Seeded) -> BodyPlan {
    let len = match random.below(12) {
        0 => 0,
        1 => 70_000,
        _ => 1 + random.below(6000),
    };
    match random.below(3) {
        0 => BodyPlan::None,
        1 => BodyPlan::Bytes(random.bytes(len).into()),
        _ => BodyPlan::Staged(random.bytes(len).into()),
    }
}

/// A commit that has one body of each kind.
pub fn plain_commit(random: &mut Seeded) -> Part {
    let value = Bytes::from(format!("value {}", random.number()));
    let inline = BodyPlan::Bytes(random.bytes(900).into());
    let staged = BodyPlan::Staged(random.bytes(900).into());
    let puts = vec![((0, ""), value.clone(), inline), ((1, "s"), value, staged)];
    Part::Commit(CommitPlan {
        space: 0,
        home: HOMES[random.below(HOMES.len())],
        guard: None,
        puts,
        deletes: vec![],
    })
}

/// Does all parts at once; each must answer what the model says. The model after it.
pub async fn run(
    engine: &Arc<Embedded>,
    table: &Table,
    model: &Model,
    parts: &[Part],
) -> Result<Model, String> {
    let mut answers = Vec::new();
    for part in parts {
        let (engine, part, model) = (engine.clone(), part.clone(), model.clone());
        let (answer, answered) = oneshot::channel();
        table.start(async move { answer.send(run_part(&engine, &model, &part).await).unwrap() });
        answers.push(answered);
    }
    let mut after = model.clone();
    for (answered, part) in answers.into_iter().zip(parts) {
        answered.await.map_err(|error| error.to_string())??;
        after = after.after(part);
    }
    Ok(after)
}

async fn run_part(engine: &Embedded, model: &Model, part: &Part) -> Result<(), String> {
    let told = |error: Error| format!("{part:?}: {error}");
    match part {
        Part::Create(space) => engine.create(Space(*space)).await.map_err(told),
        Part::Remove(space) => engine.remove(Space(*space)).await.map_err(told),
        Part::Seal(space) => match engine.seal(Space(*space), &[]).await.map_err(told)? {
            Seal::Sealed => Ok(()),
            Seal::NotEmpty => Err("sealing without a condition answered NotEmpty".into()),
        },
        Part::Commit(plan) => {
            let change = change(engine, plan).await.map_err(told)?;
            let outcome = engine
                .commit(Space(plan.space), &home(plan.home), change)
                .await
                .map_err(told)?;
            let held = model.home(plan.space, plan.home);
            let expected = match &plan.guard {
                Some((name, _)) if !model.allows(plan) => {
                    Outcome::Refused(vec![held.get(name).map(|row| row.0.clone())])
                }
                _ => Outcome::Done,
            };
            let names = || plan.puts.iter().map(|put| row(put.0)).collect::<Vec<_>>();
            if outcome == expected {
                Ok(())
            } else {
                Err(format!("{:?} answered {outcome:?}", names()))
            }
        }
    }
}
