//! @aws-sdk/s3-presigned-post with `fetch` and `FormData`, as a page uses them.
//!
//! Not here: a real browser.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { CreateBucketCommand, GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";
import { CREDENTIALS, REGION, bucketName, parseDiagnosis, startServer } from "./harness.js";

let server, s3;
const Bucket = bucketName("v3-forms");
const MIB = 1024 * 1024;

before(async () => {
  server = await startServer();
  s3 = new S3Client({ endpoint: server.url, region: REGION, forcePathStyle: true, credentials: CREDENTIALS });
  await s3.send(new CreateBucketCommand({ Bucket }));
});
after(async () => { s3?.destroy(); await server?.stop(); });

/// Sends the form of the SDK, the file where `fileFirst` says.
function send({ url, fields }, file, { fileFirst = false, name = "file" } = {}) {
  const form = new FormData();
  if (fileFirst) form.append(name, file, "cat.png");
  for (const [field, value] of Object.entries(fields)) form.append(field, value);
  if (!fileFirst) form.append(name, file, "cat.png");
  return fetch(url, { method: "POST", body: form, redirect: "manual" });
}

async function refused(answer, status, code, cause) {
  const text = await answer.text();
  assert.equal(answer.status, status, text);
  assert.match(text, new RegExp(`<Code>${code}</Code>`));
  assert.deepEqual(parseDiagnosis(answer.headers.get("x-countersign-diagnosis")).ids, [cause], text);
  return text;
}

test("js-v3 createPresignedPost uploads a file with FormData", async () => {
  const bytes = Buffer.alloc(3 * MIB + 1, "meow");
  const Conditions = [["content-length-range", 0, 4 * MIB], ["starts-with", "$Content-Type", "image/"]];
  const post = await createPresignedPost(s3, { Bucket, Key: "user/${filename}", Conditions, Fields: { "Content-Type": "image/png" } });
  const answer = await send(post, new Blob([bytes], { type: "image/png" }));
  assert.equal(answer.status, 204, await answer.text());
  const found = await s3.send(new GetObjectCommand({ Bucket, Key: "user/cat.png" }));
  assert.equal(found.ContentType, "image/png");
  assert.equal(found.ETag, answer.headers.get("etag"));
  assert.ok(Buffer.from(await found.Body.transformToByteArray()).equals(bytes));
});

test("js-v3 createPresignedPost with the file first is told the order", async () => {
  const post = await createPresignedPost(s3, { Bucket, Key: "first" });
  const text = await refused(await send(post, new Blob(["meow"]), { fileFirst: true }), 400, "InvalidArgument", "POL-ORDER");
  assert.match(text, /after the file/);
});

test("js-v3 createPresignedPost with another field name for the file is told so", async () => {
  const post = await createPresignedPost(s3, { Bucket, Key: "named" });
  await refused(await send(post, new Blob(["meow"]), { name: "files[]" }), 400, "InvalidArgument", "POL-MISSING");
});

test("js-v3 createPresignedPost for a smaller file names the limit", async () => {
  const post = await createPresignedPost(s3, { Bucket, Key: "large", Conditions: [["content-length-range", 0, 10]] });
  const text = await refused(await send(post, new Blob(["meow".repeat(10)])), 400, "EntityTooLarge", "POL-COND");
  assert.match(text, /at most 10 bytes/);
});

test("js-v3 createPresignedPost whose type stands only at the file is told the field", async () => {
  const post = await createPresignedPost(s3, { Bucket, Key: "typed", Conditions: [["starts-with", "$Content-Type", "image/"]] });
  const text = await refused(await send(post, new Blob(["meow"], { type: "image/png" })), 403, "AccessDenied", "POL-CT");
  assert.match(text, /has no field Content-Type/);
});

test("js-v3 createPresignedPost with a line break after the secret is proven", async () => {
  const credentials = { ...CREDENTIALS, secretAccessKey: `${CREDENTIALS.secretAccessKey}\n` };
  const wrong = new S3Client({ endpoint: server.url, region: REGION, forcePathStyle: true, credentials });
  const post = await createPresignedPost(wrong, { Bucket, Key: "wrong" });
  await refused(await send(post, new Blob(["meow"])), 403, "SignatureDoesNotMatch", "SEC-NEWLINE");
  wrong.destroy();
});
