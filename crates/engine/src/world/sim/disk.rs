//! The state of a simulated disk: for every file and directory what is durable, what is seen, and what lies between.
//!
//! Not here: who may do what when; that is [`super::Sim`].
//!
//! Keeps true: `seen` is what reads answer; `durable` with a part of `pending` is what a power cut leaves.

use super::super::random::Seeded;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::path::{Component, Path};
use std::sync::Arc;

/// Tearing happens between sectors, never within one.
const SECTOR: usize = 512;
const ROOT: u64 = 0;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    File(u64),
    Dir(u64),
}

#[derive(Clone)]
pub(super) struct Disk {
    files: HashMap<u64, Contents>,
    dirs: HashMap<u64, Names>,
    next_id: u64,
}

/// Shared with the images that crashes left, until one of them changes it.
#[derive(Clone, Default)]
struct Contents {
    durable: Arc<Vec<u8>>,
    seen: Arc<Vec<u8>>,
    pending: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Write(u64, Arc<[u8]>),
    Truncate(u64),
}

#[derive(Clone, Default)]
struct Names {
    durable: BTreeMap<String, Node>,
    seen: BTreeMap<String, Node>,
    /// Each change with all the names that it changes in one step.
    pending: Vec<Vec<(String, Option<Node>)>>,
}

impl Disk {
    pub(super) fn new() -> Disk {
        Disk {
            files: HashMap::new(),
            dirs: HashMap::from([(ROOT, Names::default())]),
            next_id: ROOT + 1,
        }
    }

    pub(super) fn find(&self, path: &Path) -> io::Result<Node> {
        let mut node = Node::Dir(ROOT);
        for part in path.components() {
            let Component::Normal(name) = part else { continue };
            let Node::Dir(dir) = node else {
                return Err(io::ErrorKind::NotADirectory.into());
            };
            let names = self.dirs.get(&dir).ok_or(io::ErrorKind::NotFound)?;
            node = *names
                .seen
                .get(&*name.to_string_lossy())
                .ok_or(io::ErrorKind::NotFound)?;
        }
        Ok(node)
    }

    pub(super) fn file_id(&self, path: &Path) -> io::Result<u64> {
        match self.find(path)? {
            Node::File(id) => Ok(id),
            Node::Dir(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    pub(super) fn create_dir(&mut self, path: &Path) -> io::Result<()> {
        match self.find(path) {
            Ok(Node::Dir(_)) => Ok(()),
            Ok(Node::File(_)) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => {
                let id = self.fresh_id();
                self.name(path, Some(Node::Dir(id)))?;
                self.dirs.insert(id, Names::default());
                Ok(())
            }
        }
    }

    pub(super) fn create_file(&mut self, path: &Path) -> io::Result<u64> {
        let id = self.fresh_id();
        self.name(path, Some(Node::File(id)))?;
        self.files.insert(id, Contents::default());
        Ok(id)
    }

    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.file_id(path)?;
        self.name(path, None)
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let id = self.file_id(from)?;
        if matches!(self.find(to), Ok(Node::Dir(_))) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if from.parent() != to.parent() {
            return Err(io::ErrorKind::CrossesDevices.into());
        }
        if from != to {
            self.names(from, &[(from, None), (to, Some(Node::File(id)))])?;
        }
        Ok(())
    }

    pub(super) fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        Ok(self.dir(path)?.seen.keys().cloned().collect())
    }

    pub(super) fn sync_dir(&mut self, path: &Path) -> io::Result<()> {
        let names = self.dir_mut(path)?;
        for (name, node) in std::mem::take(&mut names.pending).into_iter().flatten() {
            set(&mut names.durable, name, node);
        }
        Ok(())
    }

    pub(super) fn len(&self, id: u64) -> io::Result<u64> {
        Ok(self.file(id)?.seen.len() as u64)
    }

    pub(super) fn read(&self, id: u64, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let end = start
            .checked_add(into.len())
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        into.copy_from_slice(
            self.file(id)?
                .seen
                .get(start..end)
                .ok_or(io::ErrorKind::UnexpectedEof)?,
        );
        Ok(())
    }

    pub(super) fn write(&mut self, id: u64, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.change(id, Change::Write(offset, bytes.into()))
    }

    pub(super) fn truncate(&mut self, id: u64, len: u64) -> io::Result<()> {
        self.change(id, Change::Truncate(len))
    }

    pub(super) fn sync_file(&mut self, id: u64) -> io::Result<()> {
        let file = self.file_mut(id)?;
        let pending = std::mem::take(&mut file.pending);
        if !pending.is_empty() {
            let durable = Arc::make_mut(&mut file.durable);
            pending.iter().for_each(|change| change.apply(durable));
        }
        Ok(())
    }

    /// As Linux does it: the pages count as clean afterwards, written or not. Here none of them was written, which
    /// is the worst case; [`Disk::fail_all_syncs`] covers the others.
    pub(super) fn fail_sync(&mut self, id: u64) -> io::Result<()> {
        self.file_mut(id)?.pending.clear();
        Ok(())
    }

    pub(super) fn damage(&mut self, id: u64, offset: u64, flip: u8) -> io::Result<()> {
        let file = self.file_mut(id)?;
        let place = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let seen = Arc::make_mut(&mut file.seen);
        *seen.get_mut(place).ok_or(io::ErrorKind::UnexpectedEof)? ^= flip;
        if let Some(byte) = Arc::make_mut(&mut file.durable).get_mut(place) {
            *byte ^= flip;
        }
        Ok(())
    }

    pub(super) fn lose_power(&mut self, random: &mut Seeded) {
        for id in sorted(self.dirs.keys()) {
            let Some(names) = self.dirs.get_mut(&id) else {
                continue;
            };
            names.lose_power(random);
        }
        for id in sorted(self.files.keys()) {
            let Some(file) = self.files.get_mut(&id) else {
                continue;
            };
            file.keep_some(random);
            file.seen = file.durable.clone();
        }
    }

    pub(super) fn fail_all_syncs(&mut self, random: &mut Seeded) {
        for id in sorted(self.files.keys()) {
            let Some(file) = self.files.get_mut(&id) else {
                continue;
            };
            file.keep_some(random);
        }
    }

    fn change(&mut self, id: u64, change: Change) -> io::Result<()> {
        let file = self.file_mut(id)?;
        change.apply(Arc::make_mut(&mut file.seen));
        file.pending.push(change);
        Ok(())
    }

    fn name(&mut self, path: &Path, node: Option<Node>) -> io::Result<()> {
        self.names(path, &[(path, node)])
    }

    /// Changes names of the directory that `within` lies in, in one step.
    fn names(&mut self, within: &Path, changes: &[(&Path, Option<Node>)]) -> io::Result<()> {
        let mut step = Vec::with_capacity(changes.len());
        for (path, node) in changes {
            let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
            step.push((name.to_string_lossy().into_owned(), *node));
        }
        let names = self.dir_mut(within.parent().ok_or(io::ErrorKind::InvalidInput)?)?;
        for (name, node) in &step {
            set(&mut names.seen, name.clone(), *node);
        }
        names.pending.push(step);
        Ok(())
    }

    fn dir(&self, path: &Path) -> io::Result<&Names> {
        let Node::Dir(id) = self.find(path)? else {
            return Err(io::ErrorKind::NotADirectory.into());
        };
        Ok(self.dirs.get(&id).ok_or(io::ErrorKind::NotFound)?)
    }

    fn dir_mut(&mut self, path: &Path) -> io::Result<&mut Names> {
        let Node::Dir(id) = self.find(path)? else {
            return Err(io::ErrorKind::NotADirectory.into());
        };
        Ok(self.dirs.get_mut(&id).ok_or(io::ErrorKind::NotFound)?)
    }

    fn file(&self, id: u64) -> io::Result<&Contents> {
        Ok(self.files.get(&id).ok_or(io::ErrorKind::NotFound)?)
    }

    fn file_mut(&mut self, id: u64) -> io::Result<&mut Contents> {
        Ok(self.files.get_mut(&id).ok_or(io::ErrorKind::NotFound)?)
    }

    fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id - 1
    }
}

impl Contents {
    /// Lets a part of what is pending reach the device and forgets the rest.
    fn keep_some(&mut self, random: &mut Seeded) {
        let pending = std::mem::take(&mut self.pending);
        if pending.is_empty() {
            return;
        }
        let durable = Arc::make_mut(&mut self.durable);
        match random.below(4) {
            0 => {}
            1 => pending.iter().for_each(|change| change.apply(durable)),
            2 => {
                let kept = random.below(pending.len() + 1);
                pending.iter().take(kept).for_each(|change| change.apply(durable));
            }
            _ => pending.iter().for_each(|change| change.tear(durable, random)),
        }
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Change::Write(offset, written) => put(bytes, *offset as usize, written),
            Change::Truncate(len) => bytes.resize(*len as usize, 0),
        }
    }

    fn tear(&self, bytes: &mut Vec<u8>, random: &mut Seeded) {
        let Change::Write(offset, written) = self else {
            if random.chance(500) {
                self.apply(bytes);
            }
            return;
        };
        // Sometimes one sector is missing, sometimes most are.
        let kept_per_thousand = [50, 500, 950][random.below(3)];
        let mut place = *offset as usize;
        let mut rest = &**written;
        while !rest.is_empty() {
            let (sector, after) = rest.split_at(rest.len().min(SECTOR - place % SECTOR));
            if random.chance(kept_per_thousand) {
                put(bytes, place, sector);
            }
            place += sector.len();
            rest = after;
        }
    }
}

impl Names {
    fn lose_power(&mut self, random: &mut Seeded) {
        // Changes of one name keep their order: the ones after the first lost one are lost.
        let mut lost = HashSet::new();
        let kept_per_thousand = [0, 500, 1000][random.below(3)];
        for step in std::mem::take(&mut self.pending) {
            let follows_lost = step.iter().any(|(name, _)| lost.contains(name));
            if !follows_lost && random.chance(kept_per_thousand) {
                step.into_iter()
                    .for_each(|(name, node)| set(&mut self.durable, name, node));
            } else {
                lost.extend(step.into_iter().map(|(name, _)| name));
            }
        }
        self.seen = self.durable.clone();
    }
}

fn put(bytes: &mut Vec<u8>, offset: usize, written: &[u8]) {
    if bytes.len() < offset + written.len() {
        bytes.resize(offset + written.len(), 0);
    }
    if let Some(into) = bytes.get_mut(offset..offset + written.len()) {
        into.copy_from_slice(written);
    }
}

fn set(names: &mut BTreeMap<String, Node>, name: String, node: Option<Node>) {
    match node {
        Some(node) => names.insert(name, node),
        None => names.remove(&name),
    };
}

fn sorted<'a>(ids: impl Iterator<Item = &'a u64>) -> Vec<u64> {
    let mut ids: Vec<u64> = ids.copied().collect();
    ids.sort_unstable();
    ids
}
