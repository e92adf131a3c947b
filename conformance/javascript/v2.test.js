//! aws-sdk (v2): out of support and everywhere. Its everyday work, its links, and its refusals.
//!
//! v2 keeps only code and message of an error body, so everything it can tell a person stands in `err.message`.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import AWS from "aws-sdk";
import { refusal } from "./admin.js";
import { CREDENTIALS, DIFFICULT_KEYS, REGION, WRONG_SECRET, bucketName, documented, firstFreePort, freePort, parseDiagnosis, scratch, startNginx, startServer, withClock } from "./harness.js";

const AWS_TEXT = "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
const MIB = 1024 * 1024;
let server, s3, bucket;

before(async () => {
  server = await startServer();
  s3 = client();
  bucket = bucketName("v2");
  await s3.createBucket({ Bucket: bucket }).promise();
});
after(() => server?.stop());

const client = (options = {}) => new AWS.S3({ endpoint: server.url, region: REGION, s3ForcePathStyle: true, signatureVersion: "v4", maxRetries: 0, ...CREDENTIALS, ...options });
const wrongSecret = { secretAccessKey: WRONG_SECRET };
const read = async (Key, more = {}) => s3.getObject({ Bucket: bucket, Key, ...more }).promise();
const same = (actual, expected) => assert.ok(actual.equals(expected), `${actual.length} bytes are not the ${expected.length} sent`);

/// Sends one request and expects its refusal: the error, and the header off `this.httpResponse`.
async function refused(request, code, status) {
  let headers;
  request.on("complete", (response) => { headers = response.httpResponse.headers; });
  const err = await request.promise().then(() => assert.fail(`expected ${code}`), (error) => error);
  assert.equal(err.code, code, `${err.code}: ${err.message}`);
  assert.equal(err.statusCode, status);
  return { err, headers, said: headers["x-countersign-diagnosis"] && parseDiagnosis(headers["x-countersign-diagnosis"]) };
}
const refusedPut = (options, code, status) => refused(client(options).putObject({ Bucket: bucket, Key: "refused", Body: "refused" }), code, status);

test("js-v2 putObject of a string is stored", async () => {
  const { ETag } = await s3.putObject({ Bucket: bucket, Key: "string", Body: "grüße", ContentType: "text/plain", Metadata: { colour: "blue" } }).promise();
  assert.equal(ETag, `"${createHash("md5").update("grüße").digest("hex")}"`);
  const object = await read("string");
  assert.equal(object.Body.toString(), "grüße");
  assert.deepEqual([object.ContentType, object.Metadata], ["text/plain", { colour: "blue" }]);
});

test("js-v2 putObject of a buffer is stored", async () => {
  const body = randomBytes(2 * MIB + 7);
  await s3.putObject({ Bucket: bucket, Key: "buffer", Body: body }).promise();
  same((await read("buffer")).Body, body);
});

test("js-v2 putObject of a file stream is stored", async () => {
  const body = randomBytes(2 * MIB + 1), file = join(scratch(), "file");
  writeFileSync(file, body);
  await s3.putObject({ Bucket: bucket, Key: "stream", Body: createReadStream(file) }).promise();
  same((await read("stream")).Body, body);
});

test("js-v2 overwriting shows the old object or the new one", async () => {
  const bodies = [Buffer.alloc(MIB, "a"), Buffer.alloc(MIB, "b")];
  await s3.putObject({ Bucket: bucket, Key: "overwritten", Body: bodies[0] }).promise();
  let writing = true;
  const writer = (async () => { for (let turn = 1; turn < 6; turn++) await s3.putObject({ Bucket: bucket, Key: "overwritten", Body: bodies[turn % 2] }).promise(); })().finally(() => { writing = false; });
  const reader = (async () => { do { const { Body } = await read("overwritten"); assert.ok(bodies.some((body) => body.equals(Body)), "a mixture was read"); } while (writing); })();
  await Promise.all([writer, reader]);
  same((await read("overwritten")).Body, bodies[1]);
});

test("js-v2 upload() sends a stream in parts and tells its progress", async () => {
  const body = randomBytes(11 * MIB), file = join(scratch(), "file"), loaded = [];
  writeFileSync(file, body);
  const upload = s3.upload({ Bucket: bucket, Key: "managed", Body: createReadStream(file) }, { partSize: 5 * MIB });
  upload.on("httpUploadProgress", (progress) => loaded.push(progress.loaded));
  const { ETag } = await upload.promise();
  assert.match(ETag, /-3"$/);
  assert.equal(Math.max(...loaded), body.length);
  same((await read("managed")).Body, body);
});

test("js-v2 ranges, conditions and copies work", async () => {
  const { ETag } = await s3.putObject({ Bucket: bucket, Key: "range", Body: "0123456789" }).promise();
  assert.equal((await read("range", { Range: "bytes=2-5" })).Body.toString(), "2345");
  await refused(s3.getObject({ Bucket: bucket, Key: "range", IfMatch: '"other"' }), "PreconditionFailed", 412);
  await refused(s3.getObject({ Bucket: bucket, Key: "range", IfNoneMatch: ETag }), "NotModified", 304);
  await s3.copyObject({ Bucket: bucket, Key: "copied", CopySource: `${bucket}/range` }).promise();
  assert.equal((await read("copied")).Body.toString(), "0123456789");
  await s3.deleteObject({ Bucket: bucket, Key: "copied" }).promise();
  await refused(s3.getObject({ Bucket: bucket, Key: "copied" }), "NoSuchKey", 404);
});

test("js-v2 lists v1 and v2 page by page, and deleteObjects removes them", async () => {
  const Bucket = bucketName("v2-list"), names = ["a/1", "a/2", "b c", "d&e"];
  await s3.createBucket({ Bucket }).promise();
  for (const Key of names) await s3.putObject({ Bucket, Key, Body: Key }).promise();
  const v2 = await s3.listObjectsV2({ Bucket, MaxKeys: 3 }).promise();
  const rest = await s3.listObjectsV2({ Bucket, ContinuationToken: v2.NextContinuationToken }).promise();
  assert.deepEqual([...v2.Contents, ...rest.Contents].map(({ Key }) => Key), names);
  const v1 = await s3.listObjects({ Bucket, Delimiter: "/" }).promise();
  assert.deepEqual([v1.CommonPrefixes.map(({ Prefix }) => Prefix), v1.Contents.map(({ Key }) => Key)], [["a/"], ["b c", "d&e"]]);
  const { Deleted, Errors } = await s3.deleteObjects({ Bucket, Delete: { Objects: names.map((Key) => ({ Key })) } }).promise();
  assert.deepEqual([Deleted.length, Errors.length], [4, 0]);
  await s3.deleteBucket({ Bucket }).promise();
});

test("js-v2 difficult keys are put, read, listed and removed as themselves", async () => {
  const Bucket = bucketName("v2-keys");
  await s3.createBucket({ Bucket }).promise();
  // v2 itself sends `/x` without its leading slash and `?acl` as a sub-resource would be: those two never leave it whole.
  const names = DIFFICULT_KEYS.filter((Key) => !Key.startsWith("/"));
  for (const Key of names) {
    await s3.putObject({ Bucket, Key, Body: `body of ${Key}` }).promise();
    assert.equal((await s3.getObject({ Bucket, Key }).promise()).Body.toString(), `body of ${Key}`, Key);
    const link = s3.getSignedUrl("getObject", { Bucket, Key, Expires: 60 });
    if (!Key.includes("./")) assert.equal(await (await fetch(link)).text(), `body of ${Key}`, link);
  }
  const { Contents } = await s3.listObjectsV2({ Bucket }).promise();
  assert.deepEqual(Contents.map(({ Key }) => Key).sort(), names.slice().sort());
  for (const Key of names) await s3.deleteObject({ Bucket, Key }).promise();
  await s3.deleteBucket({ Bucket }).promise();
});

test("js-v2 getSignedUrl('putObject') with signatureVersion v4 uploads", async () => {
  const url = s3.getSignedUrl("putObject", { Bucket: bucket, Key: "link/ä b.png", Expires: 300, ContentType: "image/png" });
  assert.match(url, /X-Amz-Signature=/);
  const response = await fetch(url, { method: "PUT", body: "by link", headers: { "content-type": "image/png" } });
  assert.equal(response.status, 200, await response.text());
  const object = await read("link/ä b.png");
  assert.deepEqual([object.Body.toString(), object.ContentType], ["by link", "image/png"]);
});

test("js-v2 getSignedUrl('putObject') without signatureVersion is a SigV2 link and gets the one-line cure", async () => {
  const url = client({ signatureVersion: undefined, region: REGION }).getSignedUrl("putObject", { Bucket: bucket, Key: "old-link", Expires: 300 });
  assert.match(url, /AWSAccessKeyId=.*Signature=/);
  const response = await fetch(url, { method: "PUT", body: "x" });
  const xml = await response.text();
  assert.equal(response.status, 400, xml);
  assert.match(xml, /<Code>InvalidRequest<\/Code><Message>The authorization mechanism you have provided is not supported\. Please use AWS4-HMAC-SHA256\./);
  assert.match(/<Message>([^<]*)/.exec(xml)[1], /signatureVersion: ?(&apos;|'|&quot;|")?v4/);
  const said = parseDiagnosis(response.headers.get("x-countersign-diagnosis"));
  assert.equal(said.ids[0], "ALG-V2");
  assert.ok(["exact", "proven"].includes(said.status));
  await refused(s3.getObject({ Bucket: bucket, Key: "old-link" }), "NoSuchKey", 404);
});

test("js-v2 signatureVersion v2 in the header gets the same cure in err.message", async () => {
  const { err, said } = await refusedPut({ signatureVersion: "s3" }, "InvalidRequest", 400);
  assert.equal(said.ids[0], "ALG-V2");
  assert.match(err.message, /signatureVersion/);
});

test("js-v2 wrong secret prints cause and cure in err.message", async () => {
  const { err, said } = await refusedPut(wrongSecret, "SignatureDoesNotMatch", 403);
  assert.ok(err.message.startsWith(AWS_TEXT), err.message);
  assert.match(err.message.slice(AWS_TEXT.length), / secretAccessKey or AWS_SECRET_ACCESS_KEY/);
  assert.deepEqual([said.ids[0], said.status, said.slot], ["SEC-WRONG", "unproven", "secret"]);
});

test("js-v2 a secret with a line break is proven to be the cause", async () => {
  const { err, said } = await refusedPut({ secretAccessKey: `${CREDENTIALS.secretAccessKey}\n` }, "SignatureDoesNotMatch", 403);
  assert.deepEqual([said.ids[0], said.status], ["SEC-NEWLINE", "proven"]);
  assert.match(err.message, /line (break|feed)/);
});

test("js-v2 unknown access key is InvalidAccessKeyId", async () => {
  const { said } = await refusedPut({ accessKeyId: "NOBODYSKEYID00000001" }, "InvalidAccessKeyId", 403);
  assert.equal(said.status, "exact");
});

test("js-v2 wrong region names the right one", async () => {
  const request = client({ region: "eu-central-1" }).listBuckets();
  const { err, said } = await refused(request, "AuthorizationHeaderMalformed", 400);
  assert.deepEqual([said.ids[0], said.status], ["SCP-REGION", "exact"]);
  assert.match(err.message, /the region 'eu-central-1' is wrong; expecting 'us-east-1'/);
});

test("js-v2 a wrong region is corrected for a bucket and the refusal is on record", async () => {
  // v2 remembers the region of each bucket it has met in this process, so another client makes this one.
  const Bucket = bucketName("v2-region"), ids = [];
  const other = new S3Client({ endpoint: server.url, region: REGION, forcePathStyle: true, credentials: CREDENTIALS });
  await other.send(new CreateBucketCommand({ Bucket }));
  const request = client({ region: "eu-central-1", maxRetries: 3 }).putObject({ Bucket, Key: "region", Body: "corrected" });
  request.on("httpHeaders", (status, headers) => ids.push(headers["x-amz-request-id"]));
  await request.promise();
  assert.equal((await s3.getObject({ Bucket, Key: "region" }).promise()).Body.toString(), "corrected");
  assert.equal(ids.length, 2);
  assert.equal((await refusal(server, ids[0])).causes[0].id, "SCP-REGION");
});

test("js-v2 a clock 20 minutes behind is seen, and correctClockSkew mends it", async () => {
  const behind = (action) => withClock(-20 * 60 * 1000, action);
  const { err, said } = await behind(() => refusedPut({}, "RequestTimeTooSkewed", 403));
  assert.deepEqual([said.ids[0], said.status], ["CLK-SKEW", "exact"]);
  assert.match(err.message, /behind/);
  // v2 keeps the offset it learned in the configuration of this client only.
  await behind(() => client({ correctClockSkew: true, maxRetries: 3 }).putObject({ Bucket: bucket, Key: "corrected", Body: "x" }).promise());
  assert.equal((await read("corrected")).Body.toString(), "x");
});

test("js-v2 a wrong payload hash is told with both hashes", async () => {
  const other = createHash("sha256").update("another body").digest("hex");
  const request = s3.putObject({ Bucket: bucket, Key: "wrong-hash", Body: "the body" });
  request.on("afterBuild", ({ httpRequest }) => { httpRequest.headers["X-Amz-Content-Sha256"] = other; });
  const { err, said } = await refused(request, "XAmzContentSHA256Mismatch", 400);
  assert.deepEqual([said.ids[0], said.status], ["PAY-MISMATCH", "exact"]);
  assert.match(err.message, /body/i);
  await refused(s3.getObject({ Bucket: bucket, Key: "wrong-hash" }), "NoSuchKey", 404);
});

test("js-v2 HEAD has only the header, and the header is enough", async () => {
  const { err, said, headers } = await refused(client(wrongSecret).headObject({ Bucket: bucket, Key: "string" }), "Forbidden", 403);
  assert.equal(err.message, null);
  assert.deepEqual([said.ids[0], said.status], ["SEC-WRONG", "unproven"]);
  assert.equal((await refusal(server, headers["x-amz-request-id"])).causes[0].id, "SEC-WRONG");
});

test("js-v2 the fields that docs/clients.md names are where it says", async () => {
  const row = documented("js-v2");
  const evaluate = (expression, err, response) => new Function("err", "response", `return ${expression}`)(err, response);
  const send = (request) => new Promise((done) => request.send(function callback(err) { done([err, this]); }));
  const [err, response] = await send(client(wrongSecret).putObject({ Bucket: bucket, Key: "refused", Body: "x" }));
  assert.equal(evaluate(row["AWS code"], err, response), "SignatureDoesNotMatch");
  assert.equal(evaluate(row.status, err, response), 403);
  assert.match(evaluate(row.sentence, err, response), /secret/);
  assert.equal(row.element, "no");
  assert.equal(Object.values(err).some((value) => value?.Cause), false);
  assert.match(evaluate(row.header, err, response), /^SEC-WRONG; status=unproven/);
  assert.match(evaluate(row["request id"], err, response), /^\S+$/);
  const [head, headResponse] = await send(client(wrongSecret).headObject({ Bucket: bucket, Key: "string" }));
  assert.match(evaluate(row.header, head, headResponse), /^SEC-WRONG/);
  assert.equal(head.code, row["AWS code on HEAD"]);
});

test("js-v2 through nginx that passes Host works", async () => {
  const nginx = await startNginx("passes-host", new URL(server.url).host);
  const through = client({ endpoint: nginx.url }), body = Buffer.alloc(2 * MIB, "n");
  await through.putObject({ Bucket: bucket, Key: "nginx/a b+c=é (1)", Body: body }).promise();
  same((await through.getObject({ Bucket: bucket, Key: "nginx/a b+c=é (1)" }).promise()).Body, body);
  await nginx.stop();
});

test("js-v2 through nginx that rewrites Host: both values and the nginx line, proven", async () => {
  const nginx = await startNginx("rewrites-host-and-says-so", new URL(server.url).host);
  const { err, said } = await refusedPut({ endpoint: nginx.url }, "SignatureDoesNotMatch", 403);
  assert.deepEqual([said.ids[0], said.status, said.slot], ["HST-PROXY", "proven", "host"]);
  for (const part of [nginx.host, new URL(server.url).host, "proxy_set_header Host $http_host"]) assert.ok(err.message.includes(part), err.message);
  await nginx.stop();
});

test("js-v2 through nginx that drops the port from Host: the port is named, proven", async () => {
  const nginx = await startNginx("drops-port", new URL(server.url).host, await firstFreePort(3900, 9000));
  const { err, said } = await refusedPut({ endpoint: nginx.url }, "SignatureDoesNotMatch", 403);
  assert.deepEqual([said.ids[0], said.status], ["HST-PORT-MISSING", "proven"]);
  assert.ok(err.message.includes("$http_host"), err.message);
  await nginx.stop();
});

test("js-v2 through stock nginx, which hides the Host that was signed, nothing is claimed as proven", async () => {
  const nginx = await startNginx("stock", new URL(server.url).host);
  const { err, said } = await refusedPut({ endpoint: nginx.url }, "SignatureDoesNotMatch", 403);
  assert.ok(["inferred", "unproven"].includes(said.status), JSON.stringify(said));
  assert.ok(said.ids.includes("HST-PROXY") || /proxy/i.test(err.message), `${JSON.stringify(said)} ${err.message}`);
  await nginx.stop();
});

test("js-v2 through stock nginx with --public-url naming the public host, it is proven", async () => {
  const port = await freePort();
  const named = await startServer({ args: ["--public-url", `http://127.0.0.1:${port}`] });
  const nginx = await startNginx("stock", new URL(named.url).host, port);
  const { err, said } = await refusedPut({ endpoint: nginx.url }, "SignatureDoesNotMatch", 403);
  assert.deepEqual([said.ids[0], said.status, said.slot], ["HST-PROXY", "proven", "host"]);
  for (const part of [nginx.host, new URL(named.url).host, "proxy_set_header Host $http_host"]) assert.ok(err.message.includes(part), err.message);
  await nginx.stop();
  await named.stop();
});

test("js-v2 a link that has expired says so", async () => {
  const url = client({ systemClockOffset: -7_200_000 }).getSignedUrl("putObject", { Bucket: bucket, Key: "late", Expires: 60 });
  const response = await fetch(url, { method: "PUT", body: "x" });
  const xml = await response.text();
  assert.equal(response.status, 403);
  assert.match(xml, /<Code>AccessDenied<\/Code><Message>Request has expired/);
  assert.equal(parseDiagnosis(response.headers.get("x-countersign-diagnosis")).ids[0], "PRE-EXPIRED");
});

test("js-v2 a link does not bind the content type, what the upload sends is stored", async () => {
  // v2 never signs Content-Type in a version 4 link, whatever ContentType says.
  const url = s3.getSignedUrl("putObject", { Bucket: bucket, Key: "photo.jpg", Expires: 300, ContentType: "image/jpeg" });
  const response = await fetch(url, { method: "PUT", body: "x", headers: { "content-type": "application/json" } });
  assert.equal(response.status, 200, await response.text());
  assert.equal((await read("photo.jpg")).ContentType, "application/json");
});

test("js-v2 a link with a header that was not signed names the header", async () => {
  const url = s3.getSignedUrl("putObject", { Bucket: bucket, Key: "unsigned", Expires: 300 });
  const response = await fetch(url, { method: "PUT", body: "x", headers: { "x-amz-acl": "public-read" } });
  const said = parseDiagnosis(response.headers.get("x-countersign-diagnosis"));
  assert.deepEqual([response.status, said.ids[0], said.status], [403, "HDR-UNSIGNED", "exact"]);
  assert.match(await response.text(), /<HeadersNotSigned>x-amz-acl<\/HeadersNotSigned>/);
});
