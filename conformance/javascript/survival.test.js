//! A large upload with a wrong secret, sent without waiting for an answer, by the SDKs for JavaScript.
//!
//! The server refuses as soon as it has the head of the request, while the client is still sending. Every try must
//! end in the S3 error with its explanation; a connection reset takes the answer away from the person who needs it.

import { afterEach, before, beforeEach, test } from "node:test";
import assert from "node:assert/strict";
import { createReadStream, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import AWS from "aws-sdk";
import { CREDENTIALS, REGION, WRONG_SECRET, parseDiagnosis, scratch, startServer } from "./harness.js";

const TRIES = Number(process.env.COUNTERSIGN_SURVIVAL_TRIES ?? 100);
const SIZE = 64 * 1024 * 1024;
const credentials = { ...CREDENTIALS, secretAccessKey: WRONG_SECRET };
let server, body, file, hash;

// Each client gets a server of its own: how much one server searches for causes is bounded, and a hundred refusals in a
// few seconds are near that bound.
beforeEach(async () => { server = await startServer(); });
afterEach(() => server?.stop());

before(() => {
  body = Buffer.alloc(SIZE, "countersign");
  hash = createHash("sha256").update(body).digest("hex");
  file = join(scratch(), "large");
  writeFileSync(file, body);
});

/// Counts how each try ended; one that did not end in the explanation is shown with its error.
async function everyTry(attempt) {
  const endings = new Map();
  for (let turn = 0; turn < TRIES; turn++) {
    const { code, message, header } = await attempt();
    const explained = code === "SignatureDoesNotMatch" && /secret/.test(message) && header && parseDiagnosis(header).ids[0] === "SEC-WRONG";
    const ending = explained ? "explained" : `${code}: ${message} (${header})`;
    endings.set(ending, (endings.get(ending) ?? 0) + 1);
  }
  assert.deepEqual(Object.fromEntries(endings), { explained: TRIES });
}

async function v3(make) {
  // The hash is given, so that the tries measure the connection and not SHA-256 and CRC32 in the client.
  const s3 = new S3Client({
    endpoint: server.url, region: REGION, forcePathStyle: true, credentials, maxAttempts: 1,
    requestChecksumCalculation: "WHEN_REQUIRED", expectContinueHeader: false,
  });
  let expected;
  s3.middlewareStack.add((next) => (args) => { args.request.headers["x-amz-content-sha256"] = hash; return next(args); }, { step: "build", priority: "low" });
  s3.middlewareStack.add((next) => (args) => { expected = args.request.headers.expect ?? args.request.headers.Expect; return next(args); }, { step: "finalizeRequest", priority: "low" });
  await everyTry(async () => {
    const err = await s3.send(new PutObjectCommand({ Bucket: "survival", Key: "large", ...make() })).then(() => ({ name: "accepted" }), (error) => error);
    assert.equal(expected, undefined, "the body has to be sent without waiting");
    return { code: err.name, message: err.message, header: err.$response?.headers?.["x-countersign-diagnosis"] };
  });
  s3.destroy();
}

test(`js-v3 64 MiB from a buffer with a wrong secret ends in the explanation, ${TRIES} of ${TRIES}`, () => v3(() => ({ Body: body })));

test(`js-v3 64 MiB from a file stream with a wrong secret ends in the explanation, ${TRIES} of ${TRIES}`, () => v3(() => ({ Body: createReadStream(file), ContentLength: SIZE })));

test(`js-v2 64 MiB from a buffer with a wrong secret ends in the explanation, ${TRIES} of ${TRIES}`, async () => {
  const s3 = new AWS.S3({ endpoint: server.url, region: REGION, s3ForcePathStyle: true, signatureVersion: "v4", maxRetries: 0, ...credentials, computeChecksums: false });
  await everyTry(async () => {
    const request = s3.putObject({ Bucket: "survival", Key: "large", Body: body });
    request.on("afterBuild", ({ httpRequest }) => { delete httpRequest.headers.Expect; });
    let header;
    request.on("complete", (response) => { header = response.httpResponse.headers["x-countersign-diagnosis"]; });
    const err = await request.promise().then(() => ({ code: "accepted" }), (error) => error);
    assert.equal(request.httpRequest.headers.Expect, undefined, "the body has to be sent without waiting");
    return { code: err.code, message: err.message, header };
  });
});

test("js-v3 64 MiB with its default settings (CRC32 in a trailer, Expect) ends in the explanation", async () => {
  const s3 = new S3Client({ endpoint: server.url, region: REGION, forcePathStyle: true, credentials, maxAttempts: 1 });
  for (let turn = 0; turn < 5; turn++) {
    const err = await s3.send(new PutObjectCommand({ Bucket: "survival", Key: "large", Body: createReadStream(file) })).catch((error) => error);
    assert.equal(err.name, "SignatureDoesNotMatch", `${err.name}: ${err.message}`);
    assert.match(err.message, /secret/);
  }
  s3.destroy();
});
