//! Uploads from a page in Chromium that work: by link, by form, by the SDK in the page and by Uppy, each with the code of `docs/browser.md`.
//!
//! Refusals are in `refusals.test.js`. Every object is read back through the API and compared byte for byte.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { CREDENTIALS } from "../javascript/harness.js";
import { setStage, showForm } from "./stage.js";

const MIB = 1024 * 1024;
let stage, bucket, page;

before(async () => {
  stage = await setStage();
  ({ bucket, page } = stage);
});
after(() => stage?.stop());

/// Progress as a person sees it: it never goes back and ends with everything.
function progressed(seen, total) {
  assert.ok(seen.length > 0, "no progress was told");
  assert.deepEqual(seen, seen.toSorted((a, b) => a - b));
  assert.equal(seen.at(-1), total);
}

test("browser a presigned PUT with fetch stores the file", async () => {
  const file = { length: 300_001, seed: 2 };
  const link = await stage.backend.uploadLink(stage.s3, bucket, "by-fetch ü+.png", "image/png");
  const etag = await page.evaluate(({ link, file }) => docs.putByFetch(link, globalThis.file(file)), { link, file });
  assert.equal(etag, (await stage.stored(bucket, "by-fetch ü+.png", file)).etag);
});

test("browser a presigned PUT with XMLHttpRequest stores the file and tells progress", async () => {
  const file = { length: 8 * MIB + 3, seed: 3 };
  const link = await stage.backend.uploadLink(stage.s3, bucket, "by-xhr.png", "image/png");
  const { etag, seen } = await page.evaluate(async ({ link, file }) => {
    const seen = [];
    return { etag: await docs.putByXhr(link, globalThis.file(file), (loaded) => seen.push(loaded)), seen };
  }, { link, file });
  progressed(seen, file.length);
  assert.equal(etag, (await stage.stored(bucket, "by-xhr.png", file)).etag);
});

test("browser an empty file is stored", async () => {
  const file = { length: 0 };
  const link = await stage.backend.uploadLink(stage.s3, bucket, "empty.png", "image/png");
  await page.evaluate(({ link, file }) => docs.putByFetch(link, globalThis.file(file)), { link, file });
  await stage.stored(bucket, "empty.png", file);
});

test("browser a link with the checksum of an empty body in its query stores the file", async () => {
  const file = { length: 5000, seed: 4 };
  const usual = stage.client({ requestChecksumCalculation: undefined });
  const link = await stage.backend.uploadLink(usual, bucket, "hoisted.png", "image/png");
  assert.equal(new URL(link).searchParams.get("x-amz-checksum-crc32"), "AAAAAA==", "this SDK puts it there, else the test shows nothing");
  await page.evaluate(({ link, file }) => docs.putByFetch(link, globalThis.file(file)), { link, file });
  await stage.stored(bucket, "hoisted.png", file);
});

test("browser a form sent to a link that signs no type is stored as a form, as on AWS", async () => {
  const link = await getSignedUrl(stage.s3, new PutObjectCommand({ Bucket: bucket, Key: "wrapped" }), { expiresIn: 300 });
  const status = await page.evaluate(async (link) => {
    const form = new FormData();
    form.append("file", file({}));
    return (await fetch(link, { method: "PUT", body: form })).status;
  }, link);
  assert.equal(status, 200);
  const { bytes, type } = await stage.read(bucket, "wrapped");
  assert.match(bytes.toString("latin1"), /^------WebKitFormBoundary\w+\r\nContent-Disposition: form-data; name="file"/);
  assert.match(type, /^multipart\/form-data; boundary=/);
});

test("browser a form sent with fetch stores the file and its answer is read", async () => {
  const file = { name: "ü form.png", length: 400_003, seed: 5 };
  const form = await stage.backend.uploadForm(stage.s3, bucket, "forms");
  const answer = await page.evaluate(({ form, file }) => docs.postForm(form, globalThis.file(file)), { form, file });
  assert.equal(answer.Bucket, bucket);
  assert.equal(answer.Key, "forms/ü form.png");
  assert.equal(answer.ETag, (await stage.stored(bucket, "forms/ü form.png", file)).etag);
  assert.equal(decodeURIComponent(new URL(answer.Location).pathname), `/${bucket}/forms/ü form.png`);
});

test("browser a plain form needs no CORS rule and leads to where the backend said", async () => {
  const file = { name: "plain.png", length: 70_001, seed: 6 };
  const ruleless = await stage.newBucket(null);
  const form = await stage.backend.uploadForm(stage.s3, ruleless, "plain", { success_action_redirect: `${stage.browser.origin}/done?step=2` });
  const tab = await stage.browser.open();
  await showForm(tab, form, file);
  await Promise.all([tab.waitForURL(`${stage.browser.origin}/done**`), tab.click("button")]);
  const query = Object.fromEntries(new URL(tab.url()).searchParams);
  const { etag } = await stage.stored(ruleless, "plain/plain.png", file);
  assert.deepEqual(query, { step: "2", bucket: ruleless, key: "plain/plain.png", etag });
});

test("browser the SDK in the page stores a file", async () => {
  const file = { length: 200_003, seed: 7 };
  const { ETag } = await page.evaluate(
    ({ url, credentials, bucket, file }) => docs.putBySdk(docs.sdk(url, credentials), bucket, "by-sdk.png", globalThis.file(file)),
    { url: stage.server.url, credentials: CREDENTIALS, bucket, file },
  );
  assert.equal(ETag, (await stage.stored(bucket, "by-sdk.png", file)).etag);
});

test("browser the SDK in the page stores a file in parts and tells progress", async () => {
  const file = { type: "video/mp4", length: 12 * MIB + 5, seed: 8 };
  const { seen, answer } = await page.evaluate(async ({ url, credentials, bucket, file }) => {
    const seen = [];
    const answer = await docs.uploadBySdk(docs.sdk(url, credentials), bucket, "in-parts-by-sdk.mp4", globalThis.file(file), (loaded) => seen.push(loaded));
    return { seen, answer };
  }, { url: stage.server.url, credentials: CREDENTIALS, bucket, file });
  progressed(seen, file.length);
  assert.match(answer.ETag, /-3"$/);
  assert.equal(answer.ETag, (await stage.stored(bucket, "in-parts-by-sdk.mp4", file)).etag);
});

/// Uploads with Uppy as a page does: `{successful, failed, seen}`, failed with the error.
const uppy = (tab, { signer, options, file }) => tab.evaluate(async ({ signer, options, file }) => {
  const uploader = docs.uploader(signer, options), seen = [];
  uploader.on("upload-progress", (_, { bytesUploaded }) => seen.push(bytesUploaded));
  const data = globalThis.file(file);
  uploader.addFile({ name: data.name, type: data.type, data });
  const { successful, failed } = await uploader.upload();
  return { seen, successful: successful.map(({ response }) => response), failed: failed.map(({ error }) => error) };
}, { signer, options, file });

test("browser Uppy stores a file by one request and tells progress", async () => {
  const file = { name: "uppy ü.png", length: 3 * MIB + 1, seed: 9 };
  const { successful, failed, seen } = await uppy(page, { signer: stage.signer(bucket), file });
  assert.deepEqual(failed, []);
  progressed(seen, file.length);
  assert.equal(successful[0].body.key, "uppy ü.png");
  await stage.stored(bucket, "uppy ü.png", file);
});

test("browser Uppy stores a file in parts and tells progress", async () => {
  const file = { name: "uppy.mp4", type: "video/mp4", length: 11 * MIB + 7, seed: 10 };
  const { successful, failed, seen } = await uppy(page, { signer: stage.signer(bucket), options: { shouldUseMultipart: true }, file });
  assert.deepEqual(failed, []);
  progressed(seen, file.length);
  assert.equal(successful[0].body.key, "uppy.mp4");
  assert.match((await stage.stored(bucket, "uppy.mp4", file)).etag, /-3"$/);
});

test("browser Uppy stores a file by a form", async () => {
  const file = { name: "uppy-form.png", length: 90_001, seed: 11 };
  stage.browser.routes.set("/form", async ({ key, contentType }) => {
    const { url, fields } = await stage.backend.uploadForm(stage.s3, bucket, "uppy");
    return { url, fields: { ...fields, key: `uppy/${key}`, "Content-Type": contentType } };
  });
  const { successful, failed } = await uppy(page, { signer: "/form", file });
  assert.deepEqual(failed, []);
  assert.equal(successful[0].body.key, "uppy/uppy-form.png");
  await stage.stored(bucket, "uppy/uppy-form.png", file);
});
