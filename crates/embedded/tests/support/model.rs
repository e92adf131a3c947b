//! What the engine must hold, said as simply as possible, and the comparison with what it does hold.

use bytes::Bytes;
use countersign_engine::{
    Change, Class, Engine, Error, Guard, Home, OpenBody, Outcome, Row, ScanRange, Space, Stored,
};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

pub const HOMES: [&str; 4] = ["a", "a/b", "b", "z~"];
pub const CLASSES: [u8; 3] = [0, 1, 7];
pub const SUFFIXES: [&str; 2] = ["", "s"];
pub const SPACES: u64 = 6;

/// Class and suffix.
pub type RowName = (u8, &'static str);
/// Value and body.
pub type RowModel = (Bytes, Option<Bytes>);
/// The rows of one home.
pub type HomeModel = BTreeMap<RowName, RowModel>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Life {
    #[default]
    Never,
    Open,
    Sealed,
    Removed,
}

#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SpaceModel {
    pub life: Life,
    pub homes: BTreeMap<&'static str, HomeModel>,
}

/// Everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model(pub BTreeMap<u64, SpaceModel>);

#[derive(Clone, Debug)]
pub enum BodyPlan {
    None,
    Bytes(Bytes),
    Staged(Bytes),
    Of(RowName),
}

#[derive(Clone, Debug)]
pub struct CommitPlan {
    pub space: u64,
    pub home: &'static str,
    pub guard: Option<(RowName, Option<Bytes>)>,
    pub puts: Vec<(RowName, Bytes, BodyPlan)>,
    pub deletes: Vec<RowName>,
}

/// Something that is done in one step.
#[derive(Clone, Debug)]
pub enum Part {
    Create(u64),
    Seal(u64),
    Remove(u64),
    Commit(CommitPlan),
}

pub fn row((class, suffix): RowName) -> Row {
    Row {
        class: Class(class),
        suffix: Bytes::from_static(suffix.as_bytes()),
    }
}

pub fn home(name: &'static str) -> Home {
    Home(Bytes::from_static(name.as_bytes()))
}

pub fn row_names() -> Vec<RowName> {
    CLASSES
        .into_iter()
        .flat_map(|class| SUFFIXES.map(|suffix| (class, suffix)))
        .collect()
}

impl Default for Model {
    fn default() -> Model {
        let mut spaces: BTreeMap<u64, SpaceModel> =
            (0..SPACES).map(|space| (space, SpaceModel::default())).collect();
        spaces.entry(0).or_default().life = Life::Open;
        Model(spaces)
    }
}

impl Model {
    pub fn home(&self, space: u64, home: &str) -> HomeModel {
        self.0[&space].homes.get(home).cloned().unwrap_or_default()
    }

    /// True if the guard holds.
    pub fn allows(&self, plan: &CommitPlan) -> bool {
        let rows = self.home(plan.space, plan.home);
        plan.guard
            .as_ref()
            .is_none_or(|(row, expected)| rows.get(row).map(|found| &found.0) == expected.as_ref())
    }

    /// The model after a part that succeeded.
    pub fn after(&self, part: &Part) -> Model {
        let mut model = self.clone();
        match part {
            Part::Create(space) => model.0.entry(*space).or_default().life = Life::Open,
            Part::Seal(space) => model.0.entry(*space).or_default().life = Life::Sealed,
            Part::Remove(space) => {
                model.0.insert(
                    *space,
                    SpaceModel {
                        life: Life::Removed,
                        homes: BTreeMap::new(),
                    },
                );
            }
            Part::Commit(plan) if self.allows(plan) => {
                let before = self.home(plan.space, plan.home);
                let mut rows = before.clone();
                plan.deletes.iter().for_each(|row| drop(rows.remove(row)));
                for (row, value, body) in &plan.puts {
                    let body = match body {
                        BodyPlan::None => None,
                        BodyPlan::Bytes(bytes) | BodyPlan::Staged(bytes) => Some(bytes.clone()),
                        BodyPlan::Of(source) => before[source].1.clone(),
                    };
                    rows.insert(*row, (value.clone(), body));
                }
                model
                    .0
                    .entry(plan.space)
                    .or_default()
                    .homes
                    .insert(plan.home, rows);
            }
            Part::Commit(_) => {}
        }
        model
    }
}

/// The contract's form of a planned commit; stages what is to be staged.
pub async fn change(engine: &dyn Engine, plan: &CommitPlan) -> Result<Change, Error> {
    let guard = |(name, expected): &(RowName, Option<Bytes>)| Guard {
        row: row(*name),
        expected: expected.clone(),
    };
    let mut change = Change {
        guards: plan.guard.iter().map(guard).collect(),
        puts: Vec::new(),
        deletes: plan.deletes.iter().map(|name| row(*name)).collect(),
    };
    for (name, value, body) in &plan.puts {
        let body = match body {
            BodyPlan::None => None,
            BodyPlan::Bytes(bytes) => Some(countersign_engine::Body::Bytes(bytes.clone())),
            BodyPlan::Of(source) => Some(countersign_engine::Body::Of(row(*source))),
            BodyPlan::Staged(bytes) => {
                let mut stage = engine.stage(Space(plan.space), &home(plan.home)).await?;
                let (front, back) = bytes.split_at(bytes.len() / 2);
                stage.write(Bytes::copy_from_slice(front)).await?;
                stage.write(Bytes::copy_from_slice(back)).await?;
                Some(countersign_engine::Body::Staged(stage.finish().await?))
            }
        };
        change.puts.push(countersign_engine::Put {
            row: row(*name),
            value: value.clone(),
            body,
        });
    }
    Ok(change)
}

/// Reads everything that the engine holds.
pub async fn observe(engine: &dyn Engine) -> Result<Model, String> {
    let mut model = Model::default();
    for space in 0..SPACES {
        let life = life_of(engine, Space(space)).await?;
        let mut homes = BTreeMap::new();
        if matches!(life, Life::Open | Life::Sealed) {
            let mut seen = BTreeSet::new();
            for name in HOMES {
                let rows = observe_home(engine, Space(space), name).await?;
                seen.extend(
                    rows.iter()
                        .map(|((class, suffix), row)| (*class, name, *suffix, row.0.clone())),
                );
                if !rows.is_empty() {
                    homes.insert(name, rows);
                }
            }
            check_scans(engine, Space(space), &seen).await?;
        }
        model.0.insert(space, SpaceModel { life, homes });
    }
    Ok(model)
}

async fn observe_home(engine: &dyn Engine, space: Space, name: &'static str) -> Result<HomeModel, String> {
    for _ in 0..ATTEMPTS_MAX {
        if let Some(home) = try_observe_home(engine, space, name).await? {
            return Ok(home);
        }
    }
    Err(format!("a body of {name} is always gone"))
}

/// `None`: a body moved since its row was read.
async fn try_observe_home(
    engine: &dyn Engine,
    space: Space,
    name: &'static str,
) -> Result<Option<HomeModel>, String> {
    let names = row_names();
    let rows: Vec<Row> = names.iter().map(|name| row(*name)).collect();
    let found = engine
        .get(space, &home(name), &rows)
        .await
        .map_err(|error| format!("get in {space:?}: {error}"))?;
    let mut home = HomeModel::new();
    for (row, stored) in names.into_iter().zip(found) {
        if let Some(Stored { value, body }) = stored {
            let body = match body {
                None => None,
                Some(body) => {
                    let opened = engine
                        .open(&body)
                        .await
                        .map_err(|error| format!("open: {error}"))?;
                    let Some(opened) = opened else { return Ok(None) };
                    Some(read_all(&*opened).await?)
                }
            };
            home.insert(row, (value, body));
        }
    }
    Ok(Some(home))
}

/// Compaction moves a body now and then, not always.
const ATTEMPTS_MAX: usize = 100;

async fn read_all(body: &dyn OpenBody) -> Result<Bytes, String> {
    body.read(0, body.len() as usize)
        .await
        .map_err(|error| format!("reading a body: {error}"))
}

/// Scans must show exactly the rows that gets show.
async fn check_scans(
    engine: &dyn Engine,
    space: Space,
    seen: &BTreeSet<(u8, &str, &str, Bytes)>,
) -> Result<(), String> {
    for class in CLASSES {
        let range = ScanRange {
            from: Bound::Unbounded,
            until: Bound::Unbounded,
            fold: None,
        };
        let page = engine
            .scan(space, Class(class), range, 100)
            .await
            .map_err(|error| format!("scan: {error}"))?;
        let scanned: Vec<_> = page
            .rows
            .iter()
            .map(|row| (&row.position.home[..], &row.position.suffix[..], &row.value))
            .collect();
        let expected: Vec<_> = seen
            .iter()
            .filter(|row| row.0 == class)
            .map(|(_, home, suffix, value)| (home.as_bytes(), suffix.as_bytes(), value))
            .collect();
        if scanned != expected {
            return Err(format!(
                "a scan of {space:?} class {class} shows {scanned:?}, gets show {expected:?}"
            ));
        }
    }
    Ok(())
}

async fn life_of(engine: &dyn Engine, space: Space) -> Result<Life, String> {
    match engine.commit(space, &home("a"), Change::default()).await {
        Ok(Outcome::Done) => Ok(Life::Open),
        Err(Error::Sealed) => Ok(Life::Sealed),
        Err(Error::NoSpace) => match engine.remove(space).await {
            Ok(()) => Ok(Life::Removed),
            Err(Error::NoSpace) => Ok(Life::Never),
            other => Err(format!("removing {space:?} answered {other:?}")),
        },
        other => Err(format!("an empty commit to {space:?} answered {other:?}")),
    }
}

/// Checks what is held against what was acknowledged and what was under way: each part whole or absent.
pub fn check(observed: &Model, acknowledged: &Model, under_way: &[Part]) -> Result<(), String> {
    for (space, held) in &observed.0 {
        let mut allowed = vec![acknowledged.clone()];
        allowed.extend(under_way.iter().map(|part| acknowledged.after(part)));
        if !allowed.iter().any(|model| model.0[space].life == held.life) {
            return Err(format!(
                "space {space} is {:?}, acknowledged {:?}",
                held.life, acknowledged.0[space].life
            ));
        }
        if held.life == Life::Removed {
            continue;
        }
        for home in HOMES {
            let rows = observed.home(*space, home);
            if !allowed.iter().any(|model| model.home(*space, home) == rows) {
                return Err(format!(
                    "home {home} of space {space} holds {}, acknowledged {}",
                    shown(&rows),
                    shown(&acknowledged.home(*space, home))
                ));
            }
        }
    }
    Ok(())
}

fn shown(rows: &HomeModel) -> String {
    let row = |(name, (value, body)): (&RowName, &RowModel)| {
        format!(
            "{name:?}={} ({:?} bytes)",
            value.escape_ascii(),
            body.as_ref().map(Bytes::len)
        )
    };
    rows.iter().map(row).collect::<Vec<_>>().join(", ")
}
