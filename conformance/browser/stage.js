//! What every test of uploads from a page begins with: a store, a bucket with the rule of `docs/browser.md`, a browser; and what
//! it looks at afterwards: objects, and the record of refusals.
//!
//! Not here: any upload.

import assert from "node:assert/strict";
import { CreateBucketCommand, GetObjectCommand, PutBucketCorsCommand, S3Client } from "@aws-sdk/client-s3";
import { adminGet } from "../javascript/admin.js";
import { CREDENTIALS, REGION, bucketName, startServer } from "../javascript/harness.js";
import { startBrowser } from "./chromium.js";
import { content } from "./content.js";
import { backend, block } from "./snippets.js";

/// `{server, browser, backend, s3, bucket, page, ..}`: the bucket has the rule of `docs/browser.md`, the page is open.
export async function setStage() {
  const functions = await backend(), server = await startServer();
  // Last, because a browser that nobody stops keeps the test from ending.
  const browser = await startBrowser();
  console.log(`Chromium ${browser.version}`);
  const stage = new Stage(server, browser, functions);
  try {
    stage.bucket = await stage.newBucket();
    stage.page = await browser.open();
  } catch (error) {
    await stage.stop();
    throw error;
  }
  return stage;
}

class Stage {
  constructor(server, browser, functions) {
    Object.assign(this, { server, browser, backend: functions });
    this.s3 = this.client();
  }

  /// A client of the backend, made as docs/browser.md says.
  client(options = {}) {
    return new S3Client({
      endpoint: this.server.url, region: REGION, forcePathStyle: true, credentials: CREDENTIALS, maxAttempts: 1, requestChecksumCalculation: "WHEN_REQUIRED", ...options,
    });
  }

  /// The rule of docs/browser.md for the test's site.
  rule(changes = {}) {
    const [rule] = JSON.parse(block("server/cors.json")).CORSRules;
    return { ...rule, AllowedOrigins: [this.browser.origin], ...changes };
  }

  /// A bucket with these rules; `null` for none at all.
  async newBucket(rules = [this.rule()]) {
    const Bucket = bucketName("browser");
    await this.s3.send(new CreateBucketCommand({ Bucket }));
    if (rules) await this.s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: rules } }));
    return Bucket;
  }

  async read(Bucket, Key) {
    const object = await this.s3.send(new GetObjectCommand({ Bucket, Key }));
    return { type: object.ContentType, etag: object.ETag, bytes: Buffer.from(await object.Body.transformToByteArray()) };
  }

  /// Asserts that the object is that file, byte for byte.
  async stored(Bucket, Key, { type = "image/png", length = 1000, seed = 1 }) {
    const object = await this.read(Bucket, Key);
    assert.ok(object.bytes.equals(content(length, seed)), `${object.bytes.length} bytes are not the ${length} of the file`);
    assert.equal(object.type, type);
    return object;
  }

  /// A path of the site that signs what Uppy asks for.
  signer(Bucket, options) {
    const path = `/sign/${Bucket}`, signing = this.client(options);
    this.browser.routes.set(path, (request) => this.backend.signUppy(signing, Bucket, request));
    return path;
  }

  /// The refusals on record whose path ends so, newest first: what is left to read where the page was told nothing.
  async refusalsOf(ending) {
    const { status, body } = await adminGet(this.server, "/api/v1/refusals");
    assert.equal(status, 200, body);
    return JSON.parse(body).refusals.filter(({ path }) => path.endsWith(ending));
  }

  async stop() {
    this.s3.destroy();
    await Promise.all([this.browser.stop(), this.server.stop()]);
  }
}

/// The form of `docs/browser.md` with the fields of the backend, and the file chosen as a person chooses it.
export async function showForm(tab, { url, fields }, file) {
  await tab.evaluate(({ html, url, fields, file }) => {
    document.body.innerHTML = html;
    const form = document.querySelector("form");
    form.action = url;
    form.querySelectorAll("input[name=key], input[name=policy]").forEach((example) => example.remove());
    for (const [name, value] of Object.entries(fields)) form.prepend(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    const chosen = new DataTransfer();
    chosen.items.add(globalThis.file(file));
    form.querySelector("input[type=file]").files = chosen.files;
  }, { html: block("page/form.html"), url, fields, file });
}
