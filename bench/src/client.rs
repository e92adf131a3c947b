//! One connection that keeps asking: it writes a request, signs it, sends it and checks the answer.
//!
//! Keeps true: an answer that is not the expected one is a fault that ends the run. A store that refuses quickly would
//! otherwise look fast.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use countersign_sigv4::EMPTY_SHA256;
use sha2::{Digest, Sha256};

use crate::Fault;
use crate::connection::{Answer, Connection};
use crate::endpoint::Endpoint;
use crate::payload::{Bodies, Random};
use crate::sign::{Ask, Signer, UNSIGNED};
use crate::workload::{KEYS_A_PAGE, Kind, PART_BYTES, PREFIXES, Workload, first_groups};

/// What all connections of one round have in common.
pub(crate) struct Job {
    pub(crate) endpoint: Endpoint,
    pub(crate) bucket: String,
    /// If more than none: objects go into so many buckets in turn, whose names begin with that of the bucket.
    pub(crate) buckets: u64,
    pub(crate) workload: Workload,
    pub(crate) task: Task,
    pub(crate) bodies: Arc<Bodies>,
    /// The first part of every key.
    pub(crate) prefix: String,
    /// How many objects lie under the prefix, or are to be put there.
    pub(crate) objects: u64,
    /// The next object that nobody has dealt with yet.
    pub(crate) next: AtomicU64,
    pub(crate) sign_payload: bool,
}

/// What one turn of a connection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// The operation of the workload.
    Measure,
    /// Makes the many buckets, each once.
    MakeBuckets,
    /// Stores the objects `0..objects`, each once.
    Fill,
    /// Deletes the objects `0..objects`, each once.
    Clear,
}

/// Which objects a job deals with.
pub(crate) struct Set {
    pub(crate) prefix: String,
    /// Other bytes for each.
    pub(crate) seed: u64,
    pub(crate) objects: u64,
    /// How many different bodies are worth preparing. The same for those who store a set and those who compare it.
    pub(crate) bodies: u64,
}

impl Job {
    pub(crate) fn new(
        endpoint: &Endpoint,
        workload: Workload,
        task: Task,
        set: Set,
        sign_payload: bool,
    ) -> Job {
        let body_bytes = match workload.kind {
            Kind::Multipart => PART_BYTES,
            _ => workload.size,
        };
        Job {
            endpoint: endpoint.clone(),
            bucket: BUCKET.to_owned(),
            buckets: 0,
            workload,
            task,
            bodies: Bodies::new(body_bytes, set.seed, set.bodies),
            prefix: set.prefix,
            objects: set.objects,
            next: AtomicU64::new(0),
            sign_payload,
        }
    }
}

/// One connection with all that it needs.
pub(crate) struct Client {
    job: Arc<Job>,
    connection: Connection,
    signer: Signer,
    random: Random,
    request: Vec<u8>,
    path: String,
    received: Vec<u8>,
    /// Which one of the connections this is, and how many turns it had.
    number: u64,
    turns: u64,
    /// Objects that this connection alone deals with (mixed load).
    own: Vec<u64>,
}

impl Client {
    pub(crate) fn new(job: &Arc<Job>, number: u64) -> Client {
        let connections = job.workload.connections as u64;
        let own = match job.workload.kind {
            Kind::Mixed => (0..job.objects)
                .filter(|object| object % connections == number)
                .collect(),
            _ => Vec::new(),
        };
        Client {
            connection: Connection::new(job.endpoint.peer),
            signer: Signer::new(job.endpoint.credentials.clone()),
            random: Random(number),
            request: Vec::with_capacity(SMALL_BODY_BYTES + 2048),
            path: String::new(),
            received: Vec::new(),
            number,
            turns: 0,
            own,
            job: Arc::clone(job),
        }
    }

    /// Opens the connection, so that this is not part of the first request.
    pub(crate) async fn connect(&mut self) -> Result<(), Fault> {
        let opened = self.connection.connect().await;
        opened.map_err(|error| Fault::new(format!("{}: {error}", self.job.endpoint.name)))
    }

    /// One operation; the bytes it moved. `None`: there is nothing left to do.
    pub(crate) async fn turn(&mut self) -> Result<Option<u64>, Fault> {
        let job = Arc::clone(&self.job);
        let turn = self.turns;
        self.turns += 1;
        let fresh = job.objects + self.number + turn * job.workload.connections as u64;
        match (job.task, job.workload.kind) {
            (Task::Fill, _) => match self.take(1) {
                Some(object) => self.put(object).await.map(Some),
                None => Ok(None),
            },
            (Task::MakeBuckets, _) => match self.take(1) {
                Some(number) => self.create_bucket_of(number).await.map(|()| Some(0)),
                None => Ok(None),
            },
            (Task::Clear, _) | (_, Kind::Delete) => match self.take(1) {
                Some(object) => self.delete(object).await.map(Some),
                None => Ok(None),
            },
            (_, Kind::DeleteMany) => match self.take(KEYS_A_PAGE) {
                Some(object) => self.delete_many(object).await.map(Some),
                None => Ok(None),
            },
            (_, Kind::Put) => self.put(fresh).await.map(Some),
            (_, Kind::Get) => {
                let object = self.random.below(job.objects);
                self.get(object, turn.is_multiple_of(CHECKED_GETS))
                    .await
                    .map(Some)
            }
            (_, Kind::Head) => {
                let object = self.random.below(job.objects);
                self.head(object).await.map(Some)
            }
            (_, Kind::ListKeys) => self.list_keys(turn.is_multiple_of(CHECKED_GETS)).await.map(Some),
            (_, Kind::ListPrefixes) => self
                .list_prefixes(turn.is_multiple_of(CHECKED_GETS))
                .await
                .map(Some),
            (_, Kind::Churn) => {
                let object = self.random.below(job.objects);
                match self.random.below(5) {
                    0 => self.delete(object).await.map(Some),
                    _ => self.put_body(object, fresh).await.map(Some),
                }
            }
            (_, Kind::Mixed) => self.mixed(fresh, turn).await.map(Some),
            (_, Kind::Multipart) => self.multipart(fresh).await.map(Some),
        }
    }

    fn take(&self, count: u64) -> Option<u64> {
        let object = self.job.next.fetch_add(count, Ordering::Relaxed);
        (object < self.job.objects).then_some(object)
    }

    async fn mixed(&mut self, fresh: u64, turn: u64) -> Result<u64, Fault> {
        let lot = self.random.below(100);
        let at = self.random.below(self.own.len() as u64) as usize;
        let object = self.own.get(at).copied();
        match object {
            Some(object) if lot < 45 => self.get(object, turn.is_multiple_of(CHECKED_GETS)).await,
            Some(object) if lot < 75 => self.head(object).await,
            Some(object) if lot < 85 => {
                self.own.swap_remove(at);
                self.delete(object).await
            }
            _ => {
                let moved = self.put(fresh).await?;
                self.own.push(fresh);
                Ok(moved)
            }
        }
    }

    async fn put(&mut self, object: u64) -> Result<u64, Fault> {
        self.put_body(object, object).await
    }

    /// Stores the body of this number as this object.
    async fn put_body(&mut self, object: u64, number: u64) -> Result<u64, Fault> {
        let job = Arc::clone(&self.job);
        self.name(object);
        self.send_body(&job, "PUT", "", number, job.bodies.len()).await?;
        Ok(job.bodies.len() as u64)
    }

    /// Sends the body of this number (`len` bytes of it) to the path; the ETag it got.
    async fn send_body(
        &mut self,
        job: &Job,
        method: &str,
        query: &str,
        number: u64,
        len: usize,
    ) -> Result<String, Fault> {
        let body = job.bodies.body(number);
        let payload = if job.sign_payload {
            body.sha256.as_str()
        } else {
            UNSIGNED
        };
        self.request.clear();
        let ask = Ask {
            method,
            path: &self.path,
            query,
            payload,
            content_md5: None,
            body_bytes: len as u64,
        };
        self.signer.head(&ask, &mut self.request);
        let answer = if len <= SMALL_BODY_BYTES {
            self.request.extend_from_slice(body.window);
            self.request.extend_from_slice(&body.stamp);
            self.exchange(&[], false, Keep::Nothing).await?
        } else {
            self.exchange(&[body.window, &body.stamp], false, Keep::Nothing)
                .await?
        };
        self.expect(&answer, 200)?;
        answer
            .etag
            .filter(|etag| !etag.is_empty())
            .ok_or_else(|| self.fault("answered without an ETag"))
    }

    async fn get(&mut self, object: u64, checked: bool) -> Result<u64, Fault> {
        let job = Arc::clone(&self.job);
        self.name(object);
        self.sign_bodiless("GET", "");
        let expected = job.endpoint.answers.unwrap_or(job.bodies.len() as u64);
        let keep = if checked && job.endpoint.answers.is_none() {
            Keep::Compare(object)
        } else {
            Keep::Nothing
        };
        let answer = self.exchange(&[], false, keep).await?;
        self.expect(&answer, 200)?;
        if answer.body_bytes != expected {
            return Err(self.fault(&format!(
                "answered {} bytes instead of {expected}",
                answer.body_bytes
            )));
        }
        Ok(expected)
    }

    async fn head(&mut self, object: u64) -> Result<u64, Fault> {
        self.name(object);
        self.sign_bodiless("HEAD", "");
        let answer = self.exchange(&[], true, Keep::Nothing).await?;
        self.expect(&answer, 200)?;
        let expected = self.job.endpoint.answers.unwrap_or(self.job.bodies.len() as u64);
        if answer.content_length != Some(expected) {
            return Err(self.fault(&format!(
                "says {:?} bytes instead of {expected}",
                answer.content_length
            )));
        }
        Ok(0)
    }

    async fn delete(&mut self, object: u64) -> Result<u64, Fault> {
        self.name(object);
        self.sign_bodiless("DELETE", "");
        let answer = self.exchange(&[], false, Keep::Nothing).await?;
        self.expect(&answer, 204)?;
        Ok(0)
    }

    async fn delete_many(&mut self, first: u64) -> Result<u64, Fault> {
        let job = Arc::clone(&self.job);
        let mut document =
            String::from("<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>");
        for object in first..(first + KEYS_A_PAGE).min(job.objects) {
            document.push_str("<Object><Key>");
            key(&job, object, &mut document);
            document.push_str("</Key></Object>");
        }
        document.push_str("</Delete>");
        self.bucket();
        self.send_document(&document, "delete=").await?;
        if count(&self.received, b"<Error>") > 0 {
            return Err(self.fault("did not delete every key"));
        }
        Ok(0)
    }

    /// Posts a document to the path; the answer is in `received`.
    async fn send_document(&mut self, document: &str, query: &str) -> Result<(), Fault> {
        let payload = hex::encode(Sha256::digest(document));
        let md5 = base64(&md5_many::md5(document.as_bytes()));
        self.request.clear();
        let ask = Ask {
            method: "POST",
            path: &self.path,
            query,
            payload: &payload,
            content_md5: Some(&md5),
            body_bytes: document.len() as u64,
        };
        self.signer.head(&ask, &mut self.request);
        let answer = self
            .exchange(&[document.as_bytes()], false, Keep::Everything)
            .await?;
        self.expect(&answer, 200)
    }

    async fn list_keys(&mut self, checked: bool) -> Result<u64, Fault> {
        let group = self.random.below(first_groups(self.job.objects));
        let prefix = self.job.prefix.clone();
        let query =
            format!("list-type=2&max-keys=1000&prefix={prefix}%2F&start-after={prefix}%2Fp{group:03}");
        self.list(&query, checked, b"<Key>", KEYS_A_PAGE).await
    }

    async fn list_prefixes(&mut self, checked: bool) -> Result<u64, Fault> {
        let query = format!(
            "delimiter=%2F&list-type=2&max-keys=1000&prefix={}%2F",
            self.job.prefix
        );
        self.list(&query, checked, b"<CommonPrefixes>", PREFIXES).await
    }

    async fn list(&mut self, query: &str, checked: bool, mark: &[u8], expected: u64) -> Result<u64, Fault> {
        self.bucket();
        self.sign_bodiless("GET", query);
        let keep = if checked { Keep::Everything } else { Keep::Nothing };
        let answer = self.exchange(&[], false, keep).await?;
        self.expect(&answer, 200)?;
        if checked && count(&self.received, mark) != expected {
            let found = count(&self.received, mark);
            return Err(self.fault(&format!("listed {found} instead of {expected}")));
        }
        Ok(answer.body_bytes)
    }

    async fn multipart(&mut self, object: u64) -> Result<u64, Fault> {
        let job = Arc::clone(&self.job);
        self.name(object);
        self.sign_bodiless("POST", "uploads=");
        let answer = self.exchange(&[], false, Keep::Everything).await?;
        self.expect(&answer, 200)?;
        let text = String::from_utf8_lossy(&self.received).into_owned();
        let upload_id = text
            .split_once("<UploadId>")
            .and_then(|(_, rest)| rest.split_once("</UploadId>"))
            .map(|(id, _)| countersign_sigv4::encode_uri(id.as_bytes(), false))
            .ok_or_else(|| self.fault("gave no upload id"))?;
        let parts = job.workload.size.div_ceil(PART_BYTES) as u64;
        let mut document =
            String::from("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        for part in 1..=parts {
            let query = format!("partNumber={part}&uploadId={upload_id}");
            let etag = self
                .send_body(&job, "PUT", &query, object * parts + part, job.bodies.len())
                .await?;
            let etag = etag.replace('"', "&quot;");
            let _ = write!(
                document,
                "<Part><PartNumber>{part}</PartNumber><ETag>{etag}</ETag></Part>"
            );
        }
        document.push_str("</CompleteMultipartUpload>");
        self.send_document(&document, &format!("uploadId={upload_id}"))
            .await?;
        if count(&self.received, b"<Error>") > 0 {
            return Err(self.fault("did not complete the upload"));
        }
        Ok(parts * job.bodies.len() as u64)
    }

    /// Makes the bucket; one that is there is as good.
    pub(crate) async fn create_bucket(&mut self) -> Result<(), Fault> {
        self.create_bucket_of(0).await
    }

    async fn create_bucket_of(&mut self, object: u64) -> Result<(), Fault> {
        self.bucket_of(object);
        self.sign_bodiless("PUT", "");
        let answer = self.exchange(&[], false, Keep::Nothing).await?;
        if answer.status == 409 {
            Ok(())
        } else {
            self.expect(&answer, 200)
        }
    }

    /// Lists the buckets; there must be so many at least.
    pub(crate) async fn list_buckets(&mut self, least: u64) -> Result<(), Fault> {
        self.path.clear();
        self.path.push('/');
        self.sign_bodiless("GET", "");
        let answer = self.exchange(&[], false, Keep::Everything).await?;
        self.expect(&answer, 200)?;
        let found = count(&self.received, b"<Name>");
        if found < least {
            return Err(self.fault(&format!("listed {found} instead of {least} buckets")));
        }
        Ok(())
    }

    fn name(&mut self, object: u64) {
        self.bucket_of(object);
        self.path.push('/');
        key(&self.job, object, &mut self.path);
    }

    fn bucket(&mut self) {
        self.bucket_of(0);
    }

    fn bucket_of(&mut self, object: u64) {
        self.path.clear();
        let _ = write!(self.path, "/{}", self.job.bucket);
        if self.job.buckets > 0 {
            let _ = write!(self.path, "-{:06}", object % self.job.buckets);
        }
    }

    fn sign_bodiless(&mut self, method: &str, query: &str) {
        self.request.clear();
        let ask = Ask {
            method,
            path: &self.path,
            query,
            payload: EMPTY_SHA256,
            content_md5: None,
            body_bytes: 0,
        };
        self.signer.head(&ask, &mut self.request);
    }

    /// Sends what `request` holds and the pieces behind it.
    async fn exchange(&mut self, pieces: &[&[u8]], bodiless: bool, keep: Keep) -> Result<Answer, Fault> {
        let mut all = [self.request.as_slice(), &[], &[]];
        for (slot, piece) in all.iter_mut().skip(1).zip(pieces) {
            *slot = piece;
        }
        let (bodies, received) = (&self.job.bodies, &mut self.received);
        let (mut offset, mut same) = (0, true);
        received.clear();
        let answer = self.connection.exchange(&all, bodiless, |piece| match keep {
            Keep::Compare(number) => {
                same &= bodies.holds(number, offset, piece);
                offset += piece.len();
            }
            Keep::Everything => received.extend_from_slice(piece),
            Keep::Nothing if received.len() < TOLD_BYTES_MAX => {
                received.extend(piece.iter().take(TOLD_BYTES_MAX));
            }
            Keep::Nothing => {}
        });
        match answer.await {
            Err(error) => Err(self.fault(&format!("failed: {error}"))),
            Ok(answer) if !same && answer.status == 200 => {
                Err(self.fault("answered other bytes than were stored"))
            }
            Ok(answer) => Ok(answer),
        }
    }

    fn expect(&self, answer: &Answer, status: u16) -> Result<(), Fault> {
        if answer.status == status {
            return Ok(());
        }
        let told = String::from_utf8_lossy(
            self.received
                .get(..TOLD_BYTES_MAX.min(self.received.len()))
                .unwrap_or_default(),
        );
        Err(self.fault(&format!("answered {} instead of {status}: {told}", answer.status)))
    }

    fn fault(&self, what: &str) -> Fault {
        let line = self
            .request
            .split(|byte| *byte == b'\r')
            .next()
            .unwrap_or_default();
        Fault::new(format!(
            "{}: `{}` {what}",
            self.job.endpoint.name,
            String::from_utf8_lossy(line)
        ))
    }
}

/// What becomes of the body of an answer.
#[derive(Clone, Copy)]
enum Keep {
    /// Only the first bytes, to be told if it is a refusal.
    Nothing,
    /// It must be the stored body of this number.
    Compare(u64),
    Everything,
}

/// The key of an object. However many there are, they share a thousand common prefixes.
fn key(job: &Job, object: u64, out: &mut String) {
    let (group, member) = (object % PREFIXES, object / PREFIXES);
    let _ = write!(out, "{}/p{group:03}/k{member:07}", job.prefix);
}

fn count(text: &[u8], mark: &[u8]) -> u64 {
    memchr::memmem::find_iter(text, mark).count() as u64
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Where everything is stored. It is left behind where it was not made by this run.
const BUCKET: &str = "countersign-bench";

/// Up to here head and body leave in one system call, at the price of a copy.
const SMALL_BODY_BYTES: usize = 64 * 1024;

/// Of every so many GETs the bytes are compared, of the others the length.
const CHECKED_GETS: u64 = 16;

/// How much of a refusal is told.
const TOLD_BYTES_MAX: usize = 400;
