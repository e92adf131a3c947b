//! @aws-sdk/client-s3 (v3) doing its everyday work: what is put is stored, found, listed, copied and removed.
//!
//! Refusals are in `v3-refusals.test.js`.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand, CompleteMultipartUploadCommand, CopyObjectCommand, CreateBucketCommand, CreateMultipartUploadCommand,
  DeleteBucketCommand, DeleteBucketCorsCommand, DeleteObjectCommand, DeleteObjectsCommand, GetBucketCorsCommand, GetBucketLocationCommand, GetObjectCommand, HeadBucketCommand,
  HeadObjectCommand, ListBucketsCommand, ListMultipartUploadsCommand, ListObjectsCommand, ListPartsCommand, PutBucketCorsCommand, PutObjectCommand, S3Client,
  UploadPartCommand, UploadPartCopyCommand, paginateListObjectsV2, ListObjectsV2Command,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { CREDENTIALS, DIFFICULT_KEYS, REGION, bucketName, freePort, scratch, startServer } from "./harness.js";

let server, s3, bucket;
const MIB = 1024 * 1024;
// Not deepEqual: its account of how two large buffers differ takes longer than the test.
const same = (actual, expected) => assert.ok(actual.equals(expected), `${actual.length} bytes are not the ${expected.length} sent`);
const md5 = (data) => createHash("md5").update(data).digest("hex");

before(async () => {
  server = await startServer();
  s3 = new S3Client({ endpoint: server.url, region: REGION, forcePathStyle: true, credentials: CREDENTIALS });
  bucket = await newBucket();
});
after(async () => { s3?.destroy(); await server?.stop(); });

async function newBucket() {
  const Bucket = bucketName("v3");
  await s3.send(new CreateBucketCommand({ Bucket }));
  return Bucket;
}
const put = (Key, Body, more = {}, Bucket = bucket) => s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const read = async (Key, more = {}, Bucket = bucket) => {
  const object = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return { ...object, bytes: Buffer.from(await object.Body.transformToByteArray()) };
};
const refused = async (promise, name, status) => {
  const error = await promise.then(() => assert.fail(`expected ${name}`), (error) => error);
  assert.equal(error.name, name, error.message);
  assert.equal(error.$metadata?.httpStatusCode, status);
  return error;
};

test("js-v3 putObject of a string is stored", async () => {
  const { ETag } = await put("string", "grüße");
  assert.equal(ETag, `"${md5("grüße")}"`);
  const object = await read("string");
  assert.equal(object.bytes.toString(), "grüße");
  assert.equal(object.ContentLength, Buffer.byteLength("grüße"));
  assert.equal(object.ETag, ETag);
  assert.ok(Math.abs(object.LastModified - Date.now()) < 120_000, `LastModified ${object.LastModified}`);
});

test("js-v3 putObject of a buffer is stored", async () => {
  const body = randomBytes(3 * MIB + 17);
  await put("buffer", body);
  same((await read("buffer")).bytes, body);
});

test("js-v3 putObject of an empty body is stored", async () => {
  await put("empty", "");
  assert.equal((await read("empty")).bytes.length, 0);
});

test("js-v3 putObject of a file stream is stored", async () => {
  const body = randomBytes(2 * MIB + 1);
  const file = join(scratch(), "file.bin");
  writeFileSync(file, body);
  await put("stream", createReadStream(file));
  const object = await read("stream");
  same(object.bytes, body);
  assert.equal(object.ContentEncoding, undefined, "aws-chunked is how it travelled, not what is stored");
});

test("js-v3 putObject of a stream without a file, its length given, is stored", async () => {
  const body = randomBytes(300_000);
  await put("readable", Readable.from([body.subarray(0, 100_000), body.subarray(100_000)]), { ContentLength: body.length });
  same((await read("readable")).bytes, body);
});

test("js-v3 a stream in pieces under 8 KiB is refused as AWS does, and requestStreamBufferSize stores it", async () => {
  const body = randomBytes(50_000), pieces = () => Readable.from(chunks(body, 1000));
  await refused(put("small-pieces", pieces(), { ContentLength: body.length }), "InvalidChunkSizeError", 400);
  await refused(read("small-pieces"), "NoSuchKey", 404);
  const buffering = new S3Client({ endpoint: server.url, region: REGION, forcePathStyle: true, credentials: CREDENTIALS, requestStreamBufferSize: 65_536 });
  await buffering.send(new PutObjectCommand({ Bucket: bucket, Key: "small-pieces", Body: pieces(), ContentLength: body.length }));
  same((await read("small-pieces")).bytes, body);
  buffering.destroy();
});

test("js-v3 overwriting shows the old object or the new one and never a mixture", async () => {
  const old = Buffer.alloc(2 * MIB, "a"), young = Buffer.alloc(2 * MIB, "b");
  await put("overwritten", old);
  let writing = true;
  const writer = (async () => { for (let turn = 0; turn < 6; turn++) await put("overwritten", turn % 2 ? old : young); })().finally(() => { writing = false; });
  let reads = 0;
  const reader = async () => {
    for (; writing || reads === 0; reads++) {
      const { bytes, ETag } = await read("overwritten");
      assert.ok(bytes.equals(old) || bytes.equals(young), "a mixture was read");
      assert.equal(ETag, `"${md5(bytes)}"`);
    }
  };
  await Promise.all([writer, reader(), reader()]);
  assert.ok((await read("overwritten")).bytes.equals(old));
});

test("js-v3 metadata and content headers come back as sent", async () => {
  const sent = {
    ContentType: "text/plain; charset=utf-8", CacheControl: "max-age=60, no-transform", ContentDisposition: 'attachment; filename="a b.txt"', ContentEncoding: "gzip",
    ContentLanguage: "de, en", Expires: new Date("2030-01-02T03:04:05Z"), Metadata: { colour: "blue green", "with-dash": "1", empty: "" },
  };
  await put("metadata", "x", sent);
  const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "metadata" }));
  for (const field of ["ContentType", "CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage"]) assert.equal(head[field], sent[field], field);
  assert.equal(new Date(head.ExpiresString ?? head.Expires).toISOString(), sent.Expires.toISOString());
  assert.deepEqual(head.Metadata, sent.Metadata);
});

test("js-v3 a content type nobody named is application/octet-stream or binary/octet-stream", async () => {
  await put("untyped", Buffer.from("x"));
  assert.match((await read("untyped")).ContentType, /^(application|binary)\/octet-stream$/);
});

test("js-v3 response overrides replace the headers of one answer", async () => {
  await put("overrides", "x", { ContentType: "text/plain" });
  const object = await read("overrides", { ResponseContentType: "image/png", ResponseContentDisposition: 'attachment; filename="é.png"', ResponseCacheControl: "no-store", ResponseContentLanguage: "fr" });
  assert.equal(object.ContentType, "image/png");
  assert.equal(object.CacheControl, "no-store");
  assert.equal(object.ContentLanguage, "fr");
  assert.match(object.ContentDisposition, /^attachment; filename=/);
  assert.equal((await read("overrides")).ContentType, "text/plain");
});

test("js-v3 ranges give exactly the bytes asked for", async () => {
  await put("range", "0123456789");
  const part = await read("range", { Range: "bytes=2-5" });
  assert.equal(part.bytes.toString(), "2345");
  assert.equal(part.ContentRange, "bytes 2-5/10");
  assert.equal(part.$metadata.httpStatusCode, 206);
  assert.equal((await read("range", { Range: "bytes=7-" })).bytes.toString(), "789");
  assert.equal((await read("range", { Range: "bytes=-3" })).bytes.toString(), "789");
  assert.equal((await read("range", { Range: "bytes=8-100" })).bytes.toString(), "89");
  await refused(read("range", { Range: "bytes=10-" }), "InvalidRange", 416);
});

test("js-v3 conditional reads answer 304 and 412", async () => {
  const { ETag } = await put("conditional", "x");
  assert.equal((await read("conditional", { IfMatch: ETag })).bytes.toString(), "x");
  await refused(read("conditional", { IfMatch: '"0123456789abcdef0123456789abcdef"' }), "PreconditionFailed", 412);
  const notModified = await read("conditional", { IfNoneMatch: ETag }).then(() => assert.fail("expected 304"), (error) => error);
  assert.equal(notModified.$metadata.httpStatusCode, 304);
  const since = await read("conditional", { IfModifiedSince: new Date(Date.now() + 1000) }).then(() => null, (error) => error);
  // A date in the future counts as no condition at all in RFC 9110, and S3 takes it at its word: both are answers people meet.
  assert.ok(since === null || since.$metadata.httpStatusCode === 304);
  await refused(read("conditional", { IfUnmodifiedSince: new Date("2001-01-01") }), "PreconditionFailed", 412);
});

test("js-v3 conditional writes let exactly one of many creators win", async () => {
  const results = await Promise.allSettled(Array.from({ length: 8 }, (_, index) => put("created-once", `writer ${index}`, { IfNoneMatch: "*" })));
  const winners = results.flatMap((result, index) => (result.status === "fulfilled" ? [index] : []));
  assert.equal(winners.length, 1);
  for (const { reason } of results.filter((result) => result.status === "rejected")) assert.match(reason.name, /^(PreconditionFailed|ConditionalRequestConflict)$/);
  assert.equal((await read("created-once")).bytes.toString(), `writer ${winners[0]}`);
});

test("js-v3 If-Match on put and delete guards against a lost update", async () => {
  const first = await put("guarded", "1");
  const second = await put("guarded", "2", { IfMatch: first.ETag });
  await refused(put("guarded", "3", { IfMatch: first.ETag }), "PreconditionFailed", 412);
  await refused(s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "guarded", IfMatch: first.ETag })), "PreconditionFailed", 412);
  assert.equal((await read("guarded")).bytes.toString(), "2");
  await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "guarded", IfMatch: second.ETag }));
  await refused(read("guarded"), "NoSuchKey", 404);
});

test("js-v3 copyObject copies bytes and metadata, or replaces the metadata", async () => {
  await put("copy/sörce +1.txt", "copied", { ContentType: "text/plain", Metadata: { a: "1" } });
  const CopySource = `${bucket}/${encodeURIComponent("copy/sörce +1.txt")}`;
  const { CopyObjectResult } = await s3.send(new CopyObjectCommand({ Bucket: bucket, Key: "copy/kept", CopySource }));
  assert.equal(CopyObjectResult.ETag, `"${md5("copied")}"`);
  const kept = await read("copy/kept");
  assert.equal(kept.bytes.toString(), "copied");
  assert.deepEqual([kept.ContentType, kept.Metadata], ["text/plain", { a: "1" }]);
  await s3.send(new CopyObjectCommand({ Bucket: bucket, Key: "copy/replaced", CopySource, MetadataDirective: "REPLACE", ContentType: "image/png", Metadata: { b: "2" } }));
  const replaced = await read("copy/replaced");
  assert.deepEqual([replaced.ContentType, replaced.Metadata], ["image/png", { b: "2" }]);
  await refused(s3.send(new CopyObjectCommand({ Bucket: bucket, Key: "copy/none", CopySource: `${bucket}/absent` })), "NoSuchKey", 404);
});

test("js-v3 deleteObjects removes what is there and answers for what is not", async () => {
  const Bucket = await newBucket();
  const names = ["one", "two & <three>", "with\nnewline", "日本"];
  for (const name of names) await put(name, "x", {}, Bucket);
  const { Deleted, Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [...names, "never there"].map((Key) => ({ Key })) } }));
  assert.equal(Errors, undefined);
  assert.deepEqual(Deleted.map(({ Key }) => Key).sort(), [...names, "never there"].sort());
  assert.equal((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount, 0);
  const quiet = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Quiet: true, Objects: [{ Key: "never there" }] } }));
  assert.equal(quiet.Deleted, undefined);
  await s3.send(new DeleteBucketCommand({ Bucket }));
});

test("js-v3 lists in byte order, by prefix and delimiter, page by page", async () => {
  const Bucket = await newBucket();
  const names = ["a/1", "a/2", "a/3/x", "a0", "b", "B", "c/ü", "z"];
  await Promise.all(names.map((name) => put(name, name, {}, Bucket)));
  const inOrder = names.slice().sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));

  const found = [];
  for await (const page of paginateListObjectsV2({ client: s3, pageSize: 3 }, { Bucket })) {
    assert.ok(page.Contents.length <= 3);
    found.push(...page.Contents.map(({ Key }) => Key));
  }
  assert.deepEqual(found, inOrder);

  const folders = await s3.send(new ListObjectsV2Command({ Bucket, Delimiter: "/" }));
  assert.deepEqual(folders.CommonPrefixes.map(({ Prefix }) => Prefix), ["a/", "c/"]);
  assert.deepEqual(folders.Contents.map(({ Key }) => Key), ["B", "a0", "b", "z"]);

  const rolled = [];
  for await (const page of paginateListObjectsV2({ client: s3, pageSize: 1 }, { Bucket, Delimiter: "/" })) {
    assert.equal(page.KeyCount, 1);
    rolled.push(page.CommonPrefixes?.[0].Prefix ?? page.Contents[0].Key);
  }
  assert.deepEqual(rolled, ["B", "a/", "a0", "b", "c/", "z"]);

  const within = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: "a/", Delimiter: "/", StartAfter: "a/1", FetchOwner: true }));
  assert.deepEqual([within.Contents.map(({ Key }) => Key), within.CommonPrefixes.map(({ Prefix }) => Prefix)], [["a/2"], ["a/3/"]]);
  assert.ok(within.Contents[0].Owner?.ID);

  const first = await s3.send(new ListObjectsCommand({ Bucket, MaxKeys: 3, Delimiter: "/" }));
  assert.equal(first.IsTruncated, true);
  const second = await s3.send(new ListObjectsCommand({ Bucket, MaxKeys: 3, Delimiter: "/", Marker: first.NextMarker }));
  assert.equal(second.IsTruncated, false);
  const both = [first, second].flatMap((page) => [...(page.Contents ?? []).map(({ Key }) => Key), ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix)]);
  assert.deepEqual(both.sort(), rolled.slice().sort());
});

test("js-v3 multipart upload by hand: parts are listed, completed, read by part number", async () => {
  const target = { Bucket: bucket, Key: "multipart/by hand" };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...target, ContentType: "video/mp4", Metadata: { a: "1" } }));
  const bodies = [randomBytes(5 * MIB), randomBytes(5 * MIB + 3), randomBytes(11)];
  const Parts = [];
  for (const [index, Body] of bodies.entries()) {
    const { ETag, ChecksumCRC32 } = await s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber: index + 1, Body }));
    assert.equal(ETag, `"${md5(Body)}"`);
    Parts.push({ PartNumber: index + 1, ETag, ChecksumCRC32 });
  }
  const listed = await s3.send(new ListPartsCommand({ ...target, UploadId, MaxParts: 2 }));
  assert.deepEqual([listed.Parts.map(({ PartNumber, Size }) => [PartNumber, Size]), listed.IsTruncated], [[[1, bodies[0].length], [2, bodies[1].length]], true]);
  const uploads = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: "multipart/" }));
  assert.ok(uploads.Uploads.some((upload) => upload.UploadId === UploadId && upload.Key === target.Key));
  await refused(s3.send(new GetObjectCommand(target)), "NoSuchKey", 404);

  const complete = () => s3.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }));
  const completed = await complete();
  const etag = `"${md5(Buffer.concat(bodies.map((body) => createHash("md5").update(body).digest())))}-3"`;
  assert.equal(completed.ETag, etag);
  assert.equal((await complete()).ETag, etag, "a Complete whose answer was lost can be repeated");

  const whole = await read(target.Key);
  same(whole.bytes, Buffer.concat(bodies));
  assert.deepEqual([whole.ContentType, whole.Metadata], ["video/mp4", { a: "1" }]);
  const second = await read(target.Key, { PartNumber: 2 });
  same(second.bytes, bodies[1]);
  assert.equal(second.PartsCount, 3);
  assert.equal(second.$metadata.httpStatusCode, 206);
  const head = await s3.send(new HeadObjectCommand({ ...target, PartNumber: 3 }));
  assert.deepEqual([head.ContentLength, head.PartsCount], [11, 3]);
  const acrossParts = await read(target.Key, { Range: `bytes=${5 * MIB - 2}-${5 * MIB + 1}` });
  same(acrossParts.bytes, Buffer.concat([bodies[0].subarray(-2), bodies[1].subarray(0, 2)]));
});

test("js-v3 an aborted upload leaves nothing, and wrong parts are told apart", async () => {
  const target = { Bucket: bucket, Key: "multipart/aborted" };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target));
  const { ETag } = await s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: "small" }));
  const { ETag: last } = await s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 2, Body: "last" }));
  const complete = (Parts) => s3.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }));
  await refused(complete([{ PartNumber: 2, ETag: last }, { PartNumber: 1, ETag }]), "InvalidPartOrder", 400);
  await refused(complete([{ PartNumber: 3, ETag }]), "InvalidPart", 400);
  await refused(complete([{ PartNumber: 1, ETag }, { PartNumber: 2, ETag: last }]), "EntityTooSmall", 400);
  await s3.send(new AbortMultipartUploadCommand({ ...target, UploadId }));
  await refused(complete([{ PartNumber: 1, ETag }]), "NoSuchUpload", 404);
  await refused(s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: "x" })), "NoSuchUpload", 404);
  await refused(read(target.Key), "NoSuchKey", 404);
});

test("js-v3 uploadPartCopy copies a range into a part", async () => {
  await put("part/source", "0123456789");
  const target = { Bucket: bucket, Key: "part/copied" };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target));
  const { CopyPartResult } = await s3.send(new UploadPartCopyCommand({ ...target, UploadId, PartNumber: 1, CopySource: `${bucket}/part/source`, CopySourceRange: "bytes=3-6" }));
  await s3.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag: CopyPartResult.ETag, ChecksumCRC32: CopyPartResult.ChecksumCRC32 }] } }));
  assert.equal((await read(target.Key)).bytes.toString(), "3456");
});

test("js-v3 lib-storage uploads a stream in parts and tells its progress", async () => {
  const body = randomBytes(12 * MIB);
  const loaded = [];
  const upload = new Upload({ client: s3, params: { Bucket: bucket, Key: "lib-storage", Body: Readable.from(body.length ? chunks(body, 100_000) : []) }, partSize: 5 * MIB, queueSize: 3 });
  upload.on("httpUploadProgress", (progress) => loaded.push(progress.loaded));
  const { ETag } = await upload.done();
  assert.match(ETag, /-3"$/);
  assert.equal(loaded.length, 3);
  assert.equal(Math.max(...loaded), body.length);
  same((await read("lib-storage")).bytes, body);
});

function* chunks(body, size) {
  for (let offset = 0; offset < body.length; offset += size) yield body.subarray(offset, offset + size);
}

test("js-v3 sends a CRC32 by default, in a trailer for a stream, and it is kept", async () => {
  const body = randomBytes(100_000);
  const headers = [];
  const client = new S3Client({ endpoint: server.url, region: REGION, forcePathStyle: true, credentials: CREDENTIALS });
  client.middlewareStack.add((next) => (args) => { headers.push(args.request.headers); return next(args); }, { step: "finalizeRequest", priority: "low" });
  const answer = await client.send(new PutObjectCommand({ Bucket: bucket, Key: "checksum/stream", Body: Readable.from(chunks(body, 9_000)), ContentLength: body.length }));
  const names = Object.fromEntries(Object.entries(headers[0]).map(([name, value]) => [name.toLowerCase(), value]));
  assert.equal(names["x-amz-trailer"], "x-amz-checksum-crc32");
  assert.equal(names["x-amz-content-sha256"], "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
  const again = await client.send(new PutObjectCommand({ Bucket: bucket, Key: "checksum/buffer", Body: body }));
  assert.ok(answer.ChecksumCRC32);
  assert.equal(answer.ChecksumCRC32, again.ChecksumCRC32);
  const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: "checksum/stream", ChecksumMode: "ENABLED" }));
  assert.deepEqual([head.ChecksumCRC32, head.ChecksumType], [answer.ChecksumCRC32, "FULL_OBJECT"]);
  client.destroy();
});

for (const [algorithm, value] of [
  ["CRC32", "DUoRhQ=="], ["CRC32C", "yZRlqg=="], ["SHA1", "Kq5sNclPz7QV2+lfQIuc6R7oRu0="], ["SHA256", "uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek="], ["CRC64NVME", "jSnVw/bqjr4="],
]) {
  test(`js-v3 a ${algorithm} that the caller asks for is verified and kept`, async () => {
    const Key = `checksum/${algorithm}`, field = `Checksum${algorithm}`;
    const answer = await put(Key, "hello world", { ChecksumAlgorithm: algorithm });
    assert.equal(answer[field], value);
    const object = await read(Key, { ChecksumMode: "ENABLED" });
    assert.deepEqual([object[field], object.bytes.toString()], [value, "hello world"]);
    await refused(put(`${Key}/wrong`, "hello w0rld", { [field]: value }), "BadDigest", 400);
    await refused(read(`${Key}/wrong`), "NoSuchKey", 404);
  });
}

test("js-v3 a Content-MD5 that does not fit is BadDigest and stores nothing", async () => {
  await refused(put("md5/wrong", "x", { ContentMD5: createHash("md5").update("y").digest("base64") }), "BadDigest", 400);
  await refused(read("md5/wrong"), "NoSuchKey", 404);
});

for (const Key of DIFFICULT_KEYS) {
  test(`js-v3 the key ${JSON.stringify(Key)} is put, read, listed and removed as itself`, async () => {
    const Bucket = await newBucket();
    await put(Key, `body of ${Key}`, {}, Bucket);
    assert.equal((await read(Key, {}, Bucket)).bytes.toString(), `body of ${Key}`);
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }));
    assert.deepEqual(Contents.map((entry) => entry.Key), [Key]);
    const { Contents: byPrefix } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: [...Key].slice(0, -1).join("") }));
    assert.deepEqual(byPrefix.map((entry) => entry.Key), [Key]);
    const link = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key }), { expiresIn: 60 });
    // Whatever follows the WHATWG rules (fetch, browsers) removes dot segments before it sends.
    if (!Key.includes("./")) assert.equal(await (await fetch(link)).text(), `body of ${Key}`);
    await s3.send(new CopyObjectCommand({ Bucket, Key: "copy", CopySource: encodeURIComponent(`${Bucket}/${Key}`) }));
    assert.equal((await read("copy", {}, Bucket)).bytes.toString(), `body of ${Key}`);
    await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "copy" }));
    await s3.send(new DeleteBucketCommand({ Bucket }));
  });
}

test("js-v3 a presigned PUT uploads and a presigned GET downloads", async () => {
  const Key = "presigned/ä b+c.txt";
  const upload = await getSignedUrl(s3, new PutObjectCommand({ Bucket: bucket, Key, ContentType: "text/plain" }), { expiresIn: 300 });
  const sent = await fetch(upload, { method: "PUT", body: "by link", headers: { "content-type": "text/plain" } });
  assert.equal(sent.status, 200, await sent.text());
  const download = await getSignedUrl(s3, new GetObjectCommand({ Bucket: bucket, Key, ResponseContentDisposition: "attachment" }), { expiresIn: 300 });
  const answer = await fetch(download);
  assert.equal(await answer.text(), "by link");
  assert.equal(answer.headers.get("content-disposition"), "attachment");
  assert.equal(answer.headers.get("content-type"), "text/plain");
});

test("js-v3 virtual-host style works with --domain", async () => {
  const port = await freePort();
  const virtual = await startServer({ port, args: ["--domain", "localhost"] });
  // *.localhost resolves to this machine by RFC 6761, but not by every resolver: the name is answered here.
  const { NodeHttpHandler } = await import("@smithy/node-http-handler");
  const { Agent } = await import("node:http");
  const httpAgent = new Agent({ lookup: (name, options, callback) => (options.all ? callback(null, [{ address: "127.0.0.1", family: 4 }]) : callback(null, "127.0.0.1", 4)) });
  const client = new S3Client({ endpoint: `http://localhost:${port}`, region: REGION, credentials: CREDENTIALS, requestHandler: new NodeHttpHandler({ httpAgent }) });
  const hosts = [];
  client.middlewareStack.add((next) => (args) => { hosts.push(args.request.headers.host); return next(args); }, { step: "finalizeRequest", priority: "low" });
  const Bucket = bucketName("virtual");
  await client.send(new CreateBucketCommand({ Bucket }));
  await client.send(new PutObjectCommand({ Bucket, Key: "folder/ö =", Body: "virtual" }));
  const object = await client.send(new GetObjectCommand({ Bucket, Key: "folder/ö =" }));
  assert.equal(await object.Body.transformToString(), "virtual");
  assert.deepEqual([...new Set(hosts)], [`${Bucket}.localhost:${port}`]);
  client.destroy();
  await virtual.stop();
});

test("js-v3 buckets are created, found, listed and removed only when empty", async () => {
  const Bucket = await newBucket();
  assert.equal((await s3.send(new HeadBucketCommand({ Bucket }))).$metadata.httpStatusCode, 200);
  assert.equal((await s3.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint ?? REGION, REGION);
  assert.ok((await s3.send(new ListBucketsCommand({}))).Buckets.some(({ Name, CreationDate }) => Name === Bucket && CreationDate instanceof Date));
  await put("one", "x", {}, Bucket);
  await refused(s3.send(new DeleteBucketCommand({ Bucket })), "BucketNotEmpty", 409);
  await s3.send(new DeleteObjectCommand({ Bucket, Key: "one" }));
  await s3.send(new DeleteBucketCommand({ Bucket }));
  await refused(s3.send(new ListObjectsV2Command({ Bucket })), "NoSuchBucket", 404);
  await refused(s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } })), "IllegalLocationConstraintException", 400);
});

test("js-v3 CORS rules are put, answer the preflight of a link, and go", async () => {
  const Bucket = await newBucket();
  const rule = { AllowedMethods: ["PUT"], AllowedOrigins: ["https://app.example"], AllowedHeaders: ["*"], ExposeHeaders: ["ETag"], MaxAgeSeconds: 3000 };
  await refused(s3.send(new GetBucketCorsCommand({ Bucket })), "NoSuchCORSConfiguration", 404);
  await s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [rule] } }));
  assert.deepEqual((await s3.send(new GetBucketCorsCommand({ Bucket }))).CORSRules, [rule]);
  const link = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key: "k" }), { expiresIn: 60 });
  const headers = { Origin: "https://app.example", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type" };
  const preflight = await fetch(link, { method: "OPTIONS", headers });
  assert.equal(preflight.status, 200, await preflight.text());
  assert.equal(preflight.headers.get("access-control-allow-origin"), "https://app.example");
  assert.equal(preflight.headers.get("access-control-allow-headers"), "content-type");
  assert.equal(preflight.headers.get("access-control-max-age"), "3000");
  const uploaded = await fetch(link, { method: "PUT", body: "x", headers: { Origin: "https://app.example" } });
  assert.equal(uploaded.headers.get("access-control-expose-headers"), "ETag");
  await s3.send(new DeleteBucketCorsCommand({ Bucket }));
  assert.equal((await fetch(link, { method: "OPTIONS", headers })).status, 403);
});
