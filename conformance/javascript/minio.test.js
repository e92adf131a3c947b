//! minio-js, MinIO's own client for JavaScript: its everyday work, and its refusals as they stand in the error.
//!
//! Left alone it splits an upload above 64 MiB; a test says `partSize` and sends less. Not here: what only a MinIO server
//! offers.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { Client, CopyConditions, CopyDestinationOptions, CopySourceOptions } from "minio";
import { refusal } from "./admin.js";
import { CREDENTIALS, DIFFICULT_KEYS, REGION, WRONG_SECRET, bucketName, documented, scratch, startServer } from "./harness.js";

const AWS_TEXT = "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
const MIB = 1024 * 1024;
let server, minio, bucket;

before(async () => {
  server = await startServer();
  minio = client();
  bucket = bucketName("minio-js");
  await minio.makeBucket(bucket);
});
after(() => server?.stop());

function client({ secret = CREDENTIALS.secretAccessKey, ...options } = {}) {
  const { hostname, port } = new URL(server.url);
  return new Client({ endPoint: hostname, port: Number(port), useSSL: false, region: REGION, accessKey: CREDENTIALS.accessKeyId, secretKey: secret, ...options });
}
const all = (stream) => stream.toArray();
const read = async (key, name = bucket) => Buffer.concat(await all(await minio.getObject(name, key)));
const names = async (stream) => (await all(stream)).map((entry) => entry.name ?? entry.prefix);
const same = (actual, expected) => assert.ok(actual.equals(expected), `${actual.length} bytes are not the ${expected.length} sent`);

async function refused(code, call) {
  const err = await call().then(() => assert.fail(`expected ${code}`), (error) => error);
  assert.equal(err.code, code, `${err.code}: ${err.message}`);
  return err;
}

test("minio-js buckets are made, found, listed and removed only when empty", async () => {
  const name = bucketName("minio-js");
  assert.equal(await minio.bucketExists(name), false);
  await minio.makeBucket(name, REGION);
  assert.equal(await minio.bucketExists(name), true);
  assert.ok((await minio.listBuckets()).some((each) => each.name === name));
  await minio.putObject(name, "x", "x");
  await refused("BucketNotEmpty", () => minio.removeBucket(name));
  await minio.removeObject(name, "x");
  await minio.removeBucket(name);
  await refused("NoSuchBucket", () => names(minio.listObjectsV2(name)));
});

test("minio-js without a region asks for it and works", async () => {
  const asking = client({ region: undefined });
  await asking.putObject(bucket, "asked", "x");
  assert.equal((await asking.statObject(bucket, "asked")).size, 1);
});

test("minio-js difficult keys are put, read, listed and removed as themselves", async () => {
  const name = bucketName("minio-js");
  await minio.makeBucket(name);
  for (const key of DIFFICULT_KEYS) {
    await minio.putObject(name, key, key);
    assert.equal((await read(key, name)).toString(), key);
  }
  for (const listing of [minio.listObjectsV2(name, "", true), minio.listObjects(name, "", true)]) {
    assert.deepEqual((await names(listing)).sort(), [...DIFFICULT_KEYS].sort());
  }
  await minio.removeObjects(name, DIFFICULT_KEYS);
  await minio.removeBucket(name);
});

test("minio-js an empty object, one byte, a file and a stream of unknown length come back whole", async () => {
  for (const body of ["", "x"]) {
    const { etag } = await minio.putObject(bucket, "small", body);
    assert.equal(etag, createHash("md5").update(body).digest("hex"));
    assert.equal((await read("small")).toString(), body);
  }
  const body = randomBytes(2 * MIB + 1);
  const file = join(scratch(), "file");
  writeFileSync(file, body);
  await minio.fPutObject(bucket, "file", file);
  await minio.fGetObject(bucket, "file", `${file}-back`);
  same(readFileSync(`${file}-back`), body);
  await minio.putObject(bucket, "stream", createReadStream(file), body.length);
  same(await read("stream"), body);
  await minio.putObject(bucket, "unknown", Readable.from([body, body]));
  same(await read("unknown"), Buffer.concat([body, body]));
});

test("minio-js a large object goes up in parts and comes down whole and in ranges", async () => {
  const body = randomBytes(17 * MIB + 1);
  const file = join(scratch(), "large");
  writeFileSync(file, body);
  const { etag } = await client({ partSize: 6 * MIB }).fPutObject(bucket, "large", file);
  assert.match(etag, /-3$/);
  same(await read("large"), body);
  same(Buffer.concat(await all(await minio.getPartialObject(bucket, "large", 12 * MIB - 2, 5))), body.subarray(12 * MIB - 2, 12 * MIB + 3));
  assert.deepEqual(await all(minio.listIncompleteUploads(bucket, "", true)), []);
});

test("minio-js metadata comes back, survives a copy and is replaced by one that says so", async () => {
  await minio.putObject(bucket, "metadata", "x", 1, { "Content-Type": "text/plain", Colour: "blue" });
  const { metaData } = await minio.statObject(bucket, "metadata");
  assert.deepEqual([metaData["content-type"], metaData.colour], ["text/plain", "blue"]);
  await minio.copyObject(bucket, "a copy+é", `/${bucket}/metadata`);
  assert.equal((await minio.statObject(bucket, "a copy+é")).metaData.colour, "blue");
  const source = new CopySourceOptions({ Bucket: bucket, Object: "a copy+é" });
  await minio.copyObject(source, new CopyDestinationOptions({ Bucket: bucket, Object: "red", UserMetadata: { colour: "red" }, MetadataDirective: "REPLACE" }));
  assert.equal((await minio.statObject(bucket, "red")).metaData.colour, "red");
  const conditions = new CopyConditions();
  conditions.setMatchETag("other");
  await refused("PreconditionFailed", () => minio.copyObject(bucket, "never", `/${bucket}/metadata`, conditions));
});

test("minio-js composeObject joins objects by copied parts", async () => {
  const body = randomBytes(5 * MIB);
  await minio.putObject(bucket, "head", body);
  await minio.putObject(bucket, "tail", "end");
  const parts = ["head", "tail"].map((key) => new CopySourceOptions({ Bucket: bucket, Object: key }));
  await minio.composeObject(new CopyDestinationOptions({ Bucket: bucket, Object: "joined" }), parts);
  same(await read("joined"), Buffer.concat([body, Buffer.from("end")]));
});

test("minio-js more than 1,000 keys are listed and removed", { timeout: 120_000 }, async () => {
  const keys = Array.from({ length: 1005 }, (_, number) => `many/${String(number).padStart(4, "0")}`);
  const name = bucketName("minio-js");
  await minio.makeBucket(name);
  for (let at = 0; at < keys.length; at += 15) await Promise.all(keys.slice(at, at + 15).map((key) => minio.putObject(name, key, "")));
  await minio.putObject(name, "top", "");
  assert.deepEqual(await names(minio.listObjectsV2(name, "many/")), keys);
  assert.deepEqual(await names(minio.listObjects(name, "many/", true)), keys);
  assert.deepEqual((await names(minio.listObjectsV2(name))).sort(), ["many/", "top"]);
  await minio.removeObjects(name, [...keys, "top"]);
  await minio.removeBucket(name);
});

test("minio-js what was never set is told, and a bucket policy is put and shown", async () => {
  await refused("NoSuchBucketPolicy", () => minio.getBucketPolicy(bucket));
  await refused("NoSuchTagSet", () => minio.getBucketTagging(bucket));
  await refused("MalformedPolicy", () => minio.setBucketPolicy(bucket, "{}"));
  const statement = { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: `arn:aws:s3:::${bucket}/public/*` };
  const policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  await minio.setBucketPolicy(bucket, policy);
  assert.equal(await minio.getBucketPolicy(bucket), policy);
});

test("minio-js presigned links upload and download", async () => {
  const up = await minio.presignedPutObject(bucket, "ö link+", 60);
  assert.equal((await fetch(up, { method: "PUT", body: "by link" })).status, 200);
  const down = await minio.presignedGetObject(bucket, "ö link+", 60, { "response-content-type": "text/html" });
  const answer = await fetch(down);
  assert.equal(await answer.text(), "by link");
  assert.equal(answer.headers.get("content-type"), "text/html");
});

test("minio-js a wrong secret is told in the message that people print", async () => {
  const err = await refused("SignatureDoesNotMatch", () => client({ secret: WRONG_SECRET }).putObject(bucket, "refused", "x"));
  assert.ok(err.message.startsWith(AWS_TEXT), err.message);
  assert.match(err.message, /secretKey in new Minio\.Client/);
  const large = await refused("SignatureDoesNotMatch", () => client({ secret: WRONG_SECRET }).putObject(bucket, "refused", Readable.from([randomBytes(20 * MIB)]), 20 * MIB));
  assert.match(large.message, /SEC-WRONG/);
  assert.equal((await refusal(server, err.requestid)).causes[0].id, "SEC-WRONG");
});

test("minio-js a wrong region names the right one", async () => {
  const err = await refused("AuthorizationHeaderMalformed", () => client({ region: "eu-central-1" }).listBuckets());
  assert.match(err.message, /'eu-central-1' is wrong; expecting 'us-east-1'/);
});

test("minio-js fields that the documentation names are where it says", async () => {
  const row = documented("minio-js");
  const wrong = client({ secret: WRONG_SECRET });
  const err = await refused("SignatureDoesNotMatch", () => wrong.putObject(bucket, "refused", "x"));
  const evaluate = (title) => new Function("err", `return ${row[title]}`)(err);
  assert.equal(evaluate("AWS code"), "SignatureDoesNotMatch");
  assert.match(evaluate("sentence"), /secret/);
  assert.ok(evaluate("element").Cause.Cure);
  assert.match(evaluate("request id"), /^\S+$/);
  assert.deepEqual([row.status, row.header], ["no", "no"]);
  assert.equal(Object.values(err).some((value) => value === 403 || String(value).includes("status=unproven")), false);
  await refused(row["AWS code on HEAD"], () => wrong.statObject(bucket, "refused"));
});
