//! What `countersign presign` prints, run as it stands: the lines of curl in a shell, the calls of fetch and axios in Node.
//!
//! Each link is made for the server of the test and used once for each client, with keys and headers that clients like to change.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { CreateBucketCommand, GetObjectCommand, HeadObjectCommand, S3Client } from "@aws-sdk/client-s3";
import axios from "axios";
import { CREDENTIALS, REGION, bucketName, scratch, startServer } from "./harness.js";

const BINARY = resolve(process.env.COUNTERSIGN_BIN ?? "../target/release/countersign");
const AsyncFunction = (async () => {}).constructor;
const KEYS = [
  "plain.txt", "a blank.txt", "plus+plus", "100%", "per%20cent", "it's \"quoted\" $HOME `x` \\", "[brackets]{braces}", "é e\u0301 日本語 😀", "a//b", "question?mark#hash&amp;",
  "equals=sign@(1)~*!", "trailing/slash/", "<tag>|^",
];
const DOTTED = ["../../x", "a/./b", "a/../b"];
let server, s3, bucket;

before(async () => {
  server = await startServer();
  s3 = new S3Client({ endpoint: server.url, region: REGION, forcePathStyle: true, credentials: CREDENTIALS });
  bucket = bucketName("presign");
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
});
after(() => server?.stop());

/// What `countersign presign` prints.
function presign(...words) {
  const environment = { PATH: process.env.PATH, AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId, AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey };
  const ran = spawnSync(BINARY, ["presign", ...words, "--endpoint-url", server.url, "--region", REGION], { env: environment, encoding: "utf8" });
  assert.equal(ran.status, 0, ran.stderr);
  return ran.stdout.trim();
}

/// Runs what is printed for a client; gives what it read, if it reads.
async function run(client, printed, body) {
  if (client === "curl") {
    const folder = scratch();
    if (body !== undefined) writeFileSync(join(folder, "FILE"), body);
    const ran = spawnSync("/bin/sh", ["-c", printed], { cwd: folder, env: { PATH: process.env.PATH, NO_PROXY: "*" }, encoding: "utf8" });
    assert.equal(ran.status, 0, `${printed}\n${ran.stdout}${ran.stderr}`);
    return body === undefined ? readFileSync(join(folder, "FILE"), "utf8") : undefined;
  }
  const call = printed.replace(/^await /, "return await ");
  const answer = await new AsyncFunction("axios", "body", call)(axios, body).catch((error) => assert.fail(`${printed}: ${error.response?.data ?? error}`));
  assert.equal(answer.status, 200, `${printed} ${answer.status}`);
  if (body !== undefined) return undefined;
  return client === "fetch" ? await answer.text() : Buffer.from(answer.data).toString();
}

for (const client of ["curl", "fetch", "axios"]) {
  test(`${client} writes and reads with the call that is printed`, async () => {
    for (const key of client === "curl" ? [...KEYS, ...DOTTED] : KEYS) {
      const body = `by ${client}: ${key}`;
      await run(client, presign("put", `${bucket}/${key}`, "--as", client), body);
      const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      assert.equal(await got.Body.transformToString(), body, key);
      // Nobody named a type, and none was made up.
      assert.equal(got.ContentType, "binary/octet-stream", key);
      assert.equal(await run(client, presign("get", `${bucket}/${key}`, "--as", client)), body, key);
    }
  });

  test(`${client} sends what is signed`, async () => {
    const signed = ["--content-type", "application/json", "--header", "x-amz-meta-about:it's \"x\"", "--header", "cache-control:max-age=60", "--header", "content-disposition:inline"];
    // Not what a client would make of it that reads JSON.
    const body = '{"a" : 1}  ';
    await run(client, presign("put", `${bucket}/signed`, ...signed, "--as", client), body);
    const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: "signed" }));
    assert.equal(await got.Body.transformToString(), body);
    assert.deepEqual([got.ContentType, got.CacheControl, got.Metadata.about], ["application/json", "max-age=60", 'it\'s "x"']);
    const sum = "x-amz-checksum-sha256:Km+Hoq2CNEmBuQ8y6v85YYlV5ZzB+wpVj9mHdIXkmQA=";
    const link = presign("put", `${bucket}/summed`, "--header", sum, "--as", client);
    const refused = await run(client, link, "another body").then(() => false, () => true);
    assert.ok(refused, "the checksum is held against the body");
  });
}

test("fetch and axios are said to be of no use for paths that they tidy", () => {
  for (const key of DOTTED) {
    for (const client of ["fetch", "axios"]) assert.match(presign("get", `${bucket}/${key}`, "--as", client), new RegExp(`^// ${client} cannot`));
  }
});

for (const client of ["fetch", "axios"]) {
  test(`${client} sends a form with the script that is printed`, async () => {
    const printed = presign("post", `${bucket}/form-${client}-it's`, "--content-type", "text/plain", "--as", client);
    const script = printed.replace(/\nawait (?=fetch|axios)/, "\nreturn await ");
    const answer = await new AsyncFunction("axios", "file", script)(axios, new Blob(["in a form"]));
    assert.equal(answer.status, 204);
    const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: `form-${client}-it's` }));
    assert.deepEqual([await got.Body.transformToString(), got.ContentType], ["in a form", "text/plain"]);
  });
}

test("the document holds all calls, and the link alone is what a pipe gets", async () => {
  const document = JSON.parse(presign("put", `${bucket}/document`, "--json"));
  assert.deepEqual(Object.keys(document.calls).sort(), ["axios", "curl", "fetch"]);
  await run("curl", document.calls.curl, "x");
  await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "document" }));
  assert.match(presign("get", `${bucket}/document`), /^http:\/\/\S+$/);
  const all = presign("get", `${bucket}/document`, "--as", "all");
  assert.deepEqual(all.split("\n\n").map((part) => part.split(/[ (]/)[0].slice(0, 5)), ["http:", "curl", "await", "await"]);
});
