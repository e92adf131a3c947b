//! The SDKs for JavaScript through `countersign proxy`: they work as without it, and print what is wrong with them.
//!
//! The upstream says no more than AWS does, so that every word of an explanation is the proxy's.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createReadStream, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CreateBucketCommand, GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import AWS from "aws-sdk";
import { CREDENTIALS, REGION, bucketName, parseDiagnosis, scratch, startNginx, startServer, startSigningProxy, withClock } from "./harness.js";

const MIB = 1024 * 1024;
const TWENTY_MINUTES = 20 * 60 * 1000;
let server, proxy, bucket;

before(async () => {
  server = await startServer({ args: ["--diagnosis", "off"] });
  proxy = await startSigningProxy(server.url);
  bucket = bucketName("js-proxy");
  await client().send(new CreateBucketCommand({ Bucket: bucket }));
});
after(async () => {
  await proxy?.stop();
  await server?.stop();
});

const client = (options = {}) => new S3Client({ endpoint: proxy.url, region: REGION, forcePathStyle: true, credentials: CREDENTIALS, maxAttempts: 1, ...options });
const read = async (Key) => Buffer.from(await (await client().send(new GetObjectCommand({ Bucket: bucket, Key }))).Body.transformToByteArray());

async function refused(promise, name) {
  const err = await promise.then(() => assert.fail(`expected ${name}, but it was accepted`), (error) => error);
  assert.equal(err.name, name, `${err.name}: ${err.message}`);
  return { err, said: parseDiagnosis(err.$response.headers["x-countersign-diagnosis"]) };
}

test("js-v3 uploads streams of every kind through the proxy", async () => {
  const body = randomBytes(9 * MIB);
  const file = join(scratch(), "file");
  writeFileSync(file, body);
  // A stream goes out as aws-chunked with a trailer, without a length of its own.
  await client().send(new PutObjectCommand({ Bucket: bucket, Key: "stream", Body: createReadStream(file), ContentLength: body.length }));
  assert.ok((await read("stream")).equals(body));
  await new Upload({ client: client(), params: { Bucket: bucket, Key: "parts", Body: createReadStream(file) } }).done();
  assert.ok((await read("parts")).equals(body));
  await client().send(new PutObjectCommand({ Bucket: bucket, Key: "a b+c/(d)'", Body: "whole", Metadata: { about: "x" } }));
  assert.equal((await read("a b+c/(d)'")).toString(), "whole");
});

test("js-v3 links and forms go through", async () => {
  const put = await getSignedUrl(client(), new PutObjectCommand({ Bucket: bucket, Key: "linked", ContentType: "text/plain" }), { expiresIn: 60 });
  assert.equal((await fetch(put, { method: "PUT", body: "by link", headers: { "content-type": "text/plain" } })).status, 200);
  const get = await getSignedUrl(client(), new GetObjectCommand({ Bucket: bucket, Key: "linked" }), { expiresIn: 60 });
  assert.equal(await (await fetch(get)).text(), "by link");
  const { url, fields } = await createPresignedPost(client(), { Bucket: bucket, Key: "form" });
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", new Blob(["by form"]));
  assert.equal((await fetch(url, { method: "POST", body: form })).status, 204);
  assert.equal((await read("form")).toString(), "by form");
});

test("js-v3 prints cause and cure of what the proxy refuses", async () => {
  const put = (options) => client(options).send(new PutObjectCommand({ Bucket: bucket, Key: "refused", Body: "x" }));
  const newline = await refused(put({ credentials: { ...CREDENTIALS, secretAccessKey: `${CREDENTIALS.secretAccessKey}\n` } }), "SignatureDoesNotMatch");
  assert.deepEqual([newline.said.ids, newline.said.status], [["SEC-NEWLINE"], "proven"]);
  assert.match(newline.err.message, /line feed/);
  assert.ok(newline.err.Diagnosis.Cause.Cure);
  const region = await refused(put({ region: "eu-west-1" }), "AuthorizationHeaderMalformed");
  assert.deepEqual(region.said.ids, ["SCP-REGION"]);
  const clock = await withClock(-TWENTY_MINUTES, () => refused(put({}), "RequestTimeTooSkewed"));
  assert.deepEqual(clock.said.ids, ["CLK-SKEW"]);
  const head = await client({ credentials: { ...CREDENTIALS, secretAccessKey: ` ${CREDENTIALS.secretAccessKey}` } })
    .send(new HeadObjectCommand({ Bucket: bucket, Key: "linked" }))
    .then(() => assert.fail("it was accepted"), (error) => error);
  assert.deepEqual(parseDiagnosis(head.$response.headers["x-countersign-diagnosis"]).ids, ["SEC-SPACE"]);
  assert.ok(!proxy.log().includes(CREDENTIALS.secretAccessKey));
});

test("js-v3 prints what changes requests between proxy and upstream", async () => {
  const nginx = await startNginx("stock", `127.0.0.1:${server.port}`);
  const behind = await startSigningProxy(nginx.url);
  try {
    const s3 = client({ endpoint: behind.url });
    const { err, said } = await refused(s3.send(new PutObjectCommand({ Bucket: bucket, Key: "k", Body: "x" })), "SignatureDoesNotMatch");
    assert.deepEqual([said.ids, said.between], [["HST-PROXY"], "proxy-and-upstream"]);
    assert.match(err.message, /Between this proxy and its upstream/);
  } finally {
    await behind.stop();
    await nginx.stop();
  }
});

test("js-v2 works through the proxy, and prints what is wrong with it", async () => {
  const v2 = (options = {}) => new AWS.S3({ endpoint: proxy.url, region: REGION, s3ForcePathStyle: true, signatureVersion: "v4", maxRetries: 0, ...CREDENTIALS, ...options });
  const body = randomBytes(MIB);
  await v2().putObject({ Bucket: bucket, Key: "v2", Body: body }).promise();
  assert.ok((await v2().getObject({ Bucket: bucket, Key: "v2" }).promise()).Body.equals(body));
  const wrong = v2({ secretAccessKey: `"${CREDENTIALS.secretAccessKey}"` });
  const err = await wrong.listBuckets().promise().then(() => assert.fail("it was accepted"), (error) => error);
  assert.match(err.message, /\(SEC-QUOTES, proven\)/);
});
