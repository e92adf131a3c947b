//! @aws-sdk/client-s3 (v3) being refused: the right code, and why, on the error object that people print.
//!
//! What is asserted about words is what a person needs (both values, the line to change), not the whole sentence.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { CreateBucketCommand, GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { adminGet, refusal } from "./admin.js";
import { CREDENTIALS, REGION, WRONG_SECRET, bucketName, documented, firstFreePort, freePort, parseDiagnosis, startNginx, startServer, withClock } from "./harness.js";

const AWS_TEXT = "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
const TWENTY_MINUTES = 20 * 60 * 1000;
let server, bucket;

before(async () => {
  server = await startServer();
  bucket = bucketName("v3-refused");
  await client().send(new CreateBucketCommand({ Bucket: bucket }));
  await client().send(new PutObjectCommand({ Bucket: bucket, Key: "there", Body: "x" }));
});
after(() => server?.stop());

const client = (options = {}) => new S3Client({ endpoint: server.url, region: REGION, forcePathStyle: true, credentials: CREDENTIALS, maxAttempts: 1, ...options });
const wrongSecret = { credentials: { ...CREDENTIALS, secretAccessKey: WRONG_SECRET } };
const put = (options, more = {}) => client(options).send(new PutObjectCommand({ Bucket: bucket, Key: "refused", Body: "refused", ...more }));

async function refused(promise, name, status) {
  const err = await promise.then(() => assert.fail(`expected ${name}, but it was accepted`), (error) => error);
  assert.equal(err.name, name, `${err.name}: ${err.message}`);
  assert.equal(err.$metadata.httpStatusCode, status);
  return { err, said: parseDiagnosis(err.$response.headers["x-countersign-diagnosis"]) };
}
/// The one cause on the error object; with one child the SDK's parser gives an object, with several an array.
const causeOf = (err) => [err.Diagnosis.Cause].flat()[0];

function diagnosed({ err, said }, id, status, slot) {
  assert.equal(said.ids[0], id, `${JSON.stringify(said)} ${err.message}`);
  assert.equal(said.status, status);
  if (slot) assert.equal(said.slot, slot);
  assert.equal(err.Diagnosis.status, status);
  assert.equal(err.Diagnosis.version, "1");
  assert.equal(causeOf(err).id, id);
  assert.ok(causeOf(err).Cure.length > 0);
}

test("js-v3 wrong secret prints cause and cure in err.message", async () => {
  const answer = await refused(put(wrongSecret), "SignatureDoesNotMatch", 403);
  diagnosed(answer, "SEC-WRONG", "unproven", "secret");
  assert.ok(answer.err.message.startsWith(AWS_TEXT), answer.err.message);
  assert.match(answer.err.message.slice(AWS_TEXT.length), /credentials\.secretAccessKey/);
  assert.equal(answer.err.AWSAccessKeyId, CREDENTIALS.accessKeyId);
  assert.match(answer.err.StringToSign, /^AWS4-HMAC-SHA256\n/);
  assert.match(answer.err.CanonicalRequest, /^PUT\n/);
  assert.ok(!JSON.stringify(answer.err).includes(CREDENTIALS.secretAccessKey));
});

for (const [what, secretAccessKey, id] of [
  ["a line break at its end", `${CREDENTIALS.secretAccessKey}\n`, "SEC-NEWLINE"],
  ["a blank at its end", `${CREDENTIALS.secretAccessKey} `, "SEC-SPACE"],
  ["quotes around it", `"${CREDENTIALS.secretAccessKey}"`, "SEC-QUOTES"],
  ["its / and + URL-encoded", encodeURIComponent(CREDENTIALS.secretAccessKey), "SEC-URLENC"],
  ["the text undefined in its place", "undefined", "SEC-DEFAULT"],
  ["the access key id in its place", CREDENTIALS.accessKeyId, "SEC-AKID"],
]) {
  test(`js-v3 a secret with ${what} is proven to be the cause`, async () => {
    const answer = await refused(put({ credentials: { ...CREDENTIALS, secretAccessKey } }), "SignatureDoesNotMatch", 403);
    diagnosed(answer, id, "proven", "secret");
  });
}

test("js-v3 unknown access key is InvalidAccessKeyId", async () => {
  const { err, said } = await refused(put({ credentials: { ...CREDENTIALS, accessKeyId: "NOBODYSKEYID00000001" } }), "InvalidAccessKeyId", 403);
  assert.equal(err.AWSAccessKeyId, "NOBODYSKEYID00000001");
  assert.ok(err.message.startsWith("The AWS Access Key Id you provided does not exist in our records."), err.message);
  assert.equal(said.status, "exact");
});

test("js-v3 wrong region names the right one", async () => {
  const answer = await refused(put({ region: "eu-central-1" }), "AuthorizationHeaderMalformed", 400);
  diagnosed(answer, "SCP-REGION", "exact");
  assert.equal(answer.err.Region, REGION);
  assert.match(answer.err.message, /the region 'eu-central-1' is wrong; expecting 'us-east-1'/);
});

for (const [direction, offset] of [["behind", -TWENTY_MINUTES], ["ahead", TWENTY_MINUTES]]) {
  test(`js-v3 a clock 20 minutes ${direction} is seen with maxAttempts 1`, async () => {
    const answer = await withClock(offset, () => refused(put(), "RequestTimeTooSkewed", 403));
    diagnosed(answer, "CLK-SKEW", "exact");
    assert.equal(answer.err.MaxAllowedSkewMilliseconds, "900000");
      assert.match(answer.err.message, new RegExp(`20 minutes ${direction}`));
  });
}

test("js-v3 with default settings corrects a wrong clock, uploads, and the refusal is on record", async () => {
  const s3 = client({ maxAttempts: undefined });
  const seen = [];
  s3.middlewareStack.add((next) => async (args) => {
    try {
      const result = await next(args);
      seen.push(result.response);
      return result;
    } catch (error) {
      seen.push(error.$response);
      throw error;
    }
  }, { step: "deserialize", priority: "high" });
  const { ETag } = await withClock(-TWENTY_MINUTES, () => s3.send(new PutObjectCommand({ Bucket: bucket, Key: "corrected", Body: "corrected" })));
  assert.equal(ETag, `"${createHash("md5").update("corrected").digest("hex")}"`);
  assert.deepEqual(seen.map(({ statusCode }) => statusCode), [403, 200]);
  const record = await refusal(server, seen[0].headers["x-amz-request-id"]);
  assert.equal(record.status, "exact");
  assert.deepEqual(record.causes.map(({ id }) => id), ["CLK-SKEW"]);
});

test("js-v3 every refusal is on record by its request id, and only for who may see it", async () => {
  const { err } = await refused(put(wrongSecret), "SignatureDoesNotMatch", 403);
  const path = `/api/v1/refusals/${err.$metadata.requestId}`;
  const record = await refusal(server, err.$metadata.requestId);
  assert.equal(record.causes[0].id, "SEC-WRONG");
  const list = await adminGet(server, "/api/v1/refusals");
  assert.equal(list.status, 200);
  assert.ok(list.body.includes(err.$metadata.requestId));
  assert.match(String((await fetch(server.adminUrl + path)).status), /^40[13]$/, "nobody reads it unsigned");
  assert.equal((await adminGet(server, path, wrongSecret.credentials)).status, 403);
  assert.equal((await adminGet(server, "/api/v1/refusals/0000000000000000")).status, 404);
});

test("js-v3 a wrong payload hash is told with both hashes", async () => {
  const s3 = client();
  const other = createHash("sha256").update("another body").digest("hex");
  s3.middlewareStack.add((next) => (args) => { args.request.headers["x-amz-content-sha256"] = other; return next(args); }, { step: "build", priority: "low" });
  const answer = await refused(s3.send(new PutObjectCommand({ Bucket: bucket, Key: "wrong-hash", Body: "the body" })), "XAmzContentSHA256Mismatch", 400);
  diagnosed(answer, "PAY-MISMATCH", "exact");
  assert.equal(answer.err.ClientComputedContentSHA256, other);
  assert.equal(answer.err.S3ComputedContentSHA256, createHash("sha256").update("the body").digest("hex"));
  await refusedPlainly(client().send(new GetObjectCommand({ Bucket: bucket, Key: "wrong-hash" })), "NoSuchKey", 404);
});

async function refusedPlainly(promise, name, status) {
  const err = await promise.then(() => assert.fail(`expected ${name}`), (error) => error);
  assert.deepEqual([err.name, err.$metadata.httpStatusCode], [name, status], err.message);
}

test("js-v3 HEAD has only the header, and the header is enough", async () => {
  const err = await client(wrongSecret).send(new HeadObjectCommand({ Bucket: bucket, Key: "there" })).then(() => assert.fail("accepted"), (error) => error);
  assert.equal(err.$metadata.httpStatusCode, 403);
  assert.equal(err.Diagnosis, undefined);
  const said = parseDiagnosis(err.$response.headers["x-countersign-diagnosis"]);
  assert.deepEqual([said.ids, said.status, said.slot], [["SEC-WRONG"], "unproven", "secret"]);
  assert.equal((await refusal(server, err.$metadata.requestId)).causes[0].id, "SEC-WRONG");
});

test("js-v3 the fields that docs/clients.md names are where it says", async () => {
  const row = documented("js-v3");
  const evaluate = (expression, err) => new Function("err", `return ${expression}`)(err);
  const { err } = await refused(put(wrongSecret), "SignatureDoesNotMatch", 403);
  assert.equal(evaluate(row["AWS code"], err), "SignatureDoesNotMatch");
  assert.equal(evaluate(row.status, err), 403);
  assert.match(evaluate(row.sentence, err), /secret/);
  assert.equal(evaluate(row.element, err).status, "unproven");
  assert.match(evaluate(row.header, err), /^SEC-WRONG; status=unproven/);
  assert.match(evaluate(row["request id"], err), /^\S+$/);
  const head = await client(wrongSecret).send(new HeadObjectCommand({ Bucket: bucket, Key: "there" })).catch((error) => error);
  assert.match(evaluate(row.header, head), /^SEC-WRONG/);
  assert.equal(head.name, row["AWS code on HEAD"]);
});

test("js-v3 default settings end a wrong secret with the same explanation", async () => {
  const answer = await refused(put({ ...wrongSecret, maxAttempts: undefined }), "SignatureDoesNotMatch", 403);
  diagnosed(answer, "SEC-WRONG", "unproven", "secret");
});

test("js-v3 through nginx that passes Host works", async () => {
  const nginx = await startNginx("passes-host", new URL(server.url).host);
  const s3 = client({ endpoint: nginx.url });
  const body = Buffer.alloc(3 * 1024 * 1024, "n");
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: "nginx/a b+c=é (1)//x", Body: body }));
  const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: "nginx/a b+c=é (1)//x" }));
  assert.ok(Buffer.from(await object.Body.transformToByteArray()).equals(body));
  await nginx.stop();
});

test("js-v3 through nginx that rewrites Host: both values and the nginx line, proven", async () => {
  const nginx = await startNginx("rewrites-host-and-says-so", new URL(server.url).host);
  const answer = await refused(put({ endpoint: nginx.url }), "SignatureDoesNotMatch", 403);
  diagnosed(answer, "HST-PROXY", "proven", "host");
  const { message } = answer.err;
  assert.ok(message.startsWith(AWS_TEXT));
  assert.ok(message.includes(nginx.host), message);
  assert.ok(message.includes(new URL(server.url).host), message);
  assert.ok(message.includes("proxy_set_header Host $http_host"), message);
  assert.deepEqual([causeOf(answer.err).Signed, causeOf(answer.err).Received], [nginx.host, new URL(server.url).host]);
  await nginx.stop();
});

test("js-v3 through nginx that drops the port from Host: the port is named, proven", async () => {
  const nginx = await startNginx("drops-port", new URL(server.url).host, await firstFreePort(8333, 8080));
  const answer = await refused(put({ endpoint: nginx.url }), "SignatureDoesNotMatch", 403);
  diagnosed(answer, "HST-PORT-MISSING", "proven", "host");
  assert.ok(answer.err.message.includes("$http_host"), answer.err.message);
  await nginx.stop();
});

test("js-v3 through stock nginx, which hides the Host that was signed, nothing is claimed as proven", async () => {
  const nginx = await startNginx("stock", new URL(server.url).host);
  const { err, said } = await refused(put({ endpoint: nginx.url }), "SignatureDoesNotMatch", 403);
  assert.ok(["inferred", "unproven"].includes(said.status), JSON.stringify(said));
  assert.ok(said.ids.includes("HST-PROXY") || /proxy/i.test(err.message), `a proxy in between is at least named as possible: ${JSON.stringify(said)} ${err.message}`);
  await nginx.stop();
});

test("js-v3 through stock nginx with --public-url naming the public host, it is proven", async () => {
  const port = await freePort();
  const named = await startServer({ args: ["--public-url", `http://127.0.0.1:${port}`] });
  const nginx = await startNginx("stock", new URL(named.url).host, port);
  const answer = await refused(put({ endpoint: nginx.url }), "SignatureDoesNotMatch", 403);
  diagnosed(answer, "HST-PROXY", "proven", "host");
  assert.ok(answer.err.message.includes(nginx.host), answer.err.message);
  assert.ok(answer.err.message.includes("proxy_set_header Host $http_host"), answer.err.message);
  await nginx.stop();
  await named.stop();
});

/// A refused link: fetch sees what a browser sees.
async function refusedLink(url, options, code, status) {
  const response = await fetch(url, options);
  const xml = await response.text();
  assert.equal(response.status, status, xml);
  assert.match(xml, new RegExp(`<Code>${code}</Code>`));
  return { xml, said: parseDiagnosis(response.headers.get("x-countersign-diagnosis")), message: /<Message>([^]*?)<\/Message>/.exec(xml)[1] };
}

test("js-v3 a presigned link that has expired says when", async () => {
  const url = await getSignedUrl(client(), new PutObjectCommand({ Bucket: bucket, Key: "late" }), { expiresIn: 60, signingDate: new Date(Date.now() - 7_200_000) });
  const { said, message } = await refusedLink(url, { method: "PUT", body: "x" }, "AccessDenied", 403);
  assert.deepEqual([said.ids[0], said.status], ["PRE-EXPIRED", "exact"]);
  assert.match(message, /^Request has expired/);
});

test("js-v3 a presigned link used with another content type: the signed one is proven", async () => {
  const command = new PutObjectCommand({ Bucket: bucket, Key: "photo.png", ContentType: "image/png" });
  const url = await getSignedUrl(client(), command, { expiresIn: 300, signableHeaders: new Set(["content-type"]) });
  const { said, xml } = await refusedLink(url, { method: "PUT", body: "x", headers: { "content-type": "text/plain" } }, "SignatureDoesNotMatch", 403);
  assert.deepEqual([said.ids[0], said.status], ["HDR-CT-CHANGED", "proven"]);
  assert.match(xml, /<Signed>image\/png<\/Signed><Received>text\/plain<\/Received>/);
});

test("js-v3 a presigned link with a header that was not signed names the header", async () => {
  const url = await getSignedUrl(client(), new PutObjectCommand({ Bucket: bucket, Key: "unsigned" }), { expiresIn: 300 });
  const { said, xml } = await refusedLink(url, { method: "PUT", body: "x", headers: { "x-amz-meta-added": "1" } }, "AccessDenied", 403);
  assert.deepEqual([said.ids[0], said.status], ["HDR-UNSIGNED", "exact"]);
  assert.match(xml, /<HeadersNotSigned>x-amz-meta-added<\/HeadersNotSigned>/);
});

test("js-v3 the checksum of an empty body, signed as a header, is told with its cure", async () => {
  const command = new PutObjectCommand({ Bucket: bucket, Key: "crc" });
  const url = await getSignedUrl(client(), command, { expiresIn: 300, unhoistableHeaders: new Set(["x-amz-checksum-crc32"]) });
  const { said, message } = await refusedLink(url, { method: "PUT", body: "not empty", headers: { "x-amz-checksum-crc32": "AAAAAA==" } }, "BadDigest", 400);
  assert.deepEqual([said.ids[0], said.status], ["PAY-CRC-EMPTY", "exact"]);
  assert.match(message, /requestChecksumCalculation: (&quot;|")WHEN_REQUIRED(&quot;|")/);
  assert.match(message, /The signature of the request is valid/);
});

test("js-v3 a presigned PUT opened with GET is refused", async () => {
  const url = await getSignedUrl(client(), new PutObjectCommand({ Bucket: bucket, Key: "there" }), { expiresIn: 300 });
  const { said } = await refusedLink(url, {}, "SignatureDoesNotMatch", 403);
  assert.ok(["proven", "unproven", "inferred"].includes(said.status));
});

test("js-v3 a presigned link with another key in it is refused", async () => {
  const url = await getSignedUrl(client(), new GetObjectCommand({ Bucket: bucket, Key: "there" }), { expiresIn: 300 });
  await refusedLink(url.replace("/there?", "/elsewhere?"), {}, "SignatureDoesNotMatch", 403);
});

test("js-v3 a presigned link with a parameter added after signing is refused and the parameter named", async () => {
  const url = await getSignedUrl(client(), new GetObjectCommand({ Bucket: bucket, Key: "there" }), { expiresIn: 300 });
  const { said, message } = await refusedLink(`${url}&fbclid=abc`, {}, "SignatureDoesNotMatch", 403);
  assert.deepEqual([said.ids, said.status, said.slot], [["QRY-EXTRA"], "proven", "query"]);
  assert.match(message, /added after signing: fbclid=abc/);
});

test("js-v3 a presigned link for another host tells the host it was made for", async () => {
  const url = await getSignedUrl(client({ endpoint: "http://localhost:9000" }), new GetObjectCommand({ Bucket: bucket, Key: "there" }), { expiresIn: 300 });
  const { said } = await refusedLink(url.replace("http://localhost:9000", server.url), {}, "SignatureDoesNotMatch", 403);
  assert.ok(["HST-PROXY", "HST-REPLACED"].includes(said.ids[0]), JSON.stringify(said));
  assert.equal(said.status, "proven");
});

test("js-v3 a presigned link and an Authorization header at once are one too many", async () => {
  const url = await getSignedUrl(client(), new GetObjectCommand({ Bucket: bucket, Key: "there" }), { expiresIn: 300 });
  const response = await fetch(url, { headers: { authorization: "Bearer something" } });
  assert.equal(response.status, 400);
  assert.match(await response.text(), /<Code>InvalidArgument<\/Code><Message>Only one auth mechanism allowed/);
});

test("js-v3 without credentials is AccessDenied", async () => {
  const response = await fetch(`${server.url}/${bucket}/there`);
  assert.equal(response.status, 403);
  assert.match(await response.text(), /<Code>AccessDenied<\/Code>/);
});

test("js-v3 diagnosis off answers as AWS does", async () => {
  const silent = await startServer({ args: ["--diagnosis", "off"] });
  const err = await put({ ...wrongSecret, endpoint: silent.url }).then(() => assert.fail("accepted"), (error) => error);
  assert.equal(err.message, AWS_TEXT);
  assert.equal(err.Diagnosis, undefined);
  assert.equal(err.$response.headers["x-countersign-diagnosis"], undefined);
  await silent.stop();
});

test("js-v3 diagnosis basic withholds what does not stand in the request", async () => {
  const port = await freePort();
  const careful = await startServer({ args: ["--diagnosis", "basic", "--public-url", `http://127.0.0.1:${port}`] });
  const nginx = await startNginx("stock", new URL(careful.url).host, port);
  const answer = await refused(put({ endpoint: nginx.url }), "SignatureDoesNotMatch", 403);
  diagnosed(answer, "HST-PROXY", "proven", "host");
  assert.ok(!answer.err.message.includes(nginx.host), answer.err.message);
  await nginx.stop();
  await careful.stop();
});

test("js-v3 listing with a wrong secret is explained as well", async () => {
  const answer = await refused(client(wrongSecret).send(new ListObjectsV2Command({ Bucket: bucket, Prefix: "a b/+" })), "SignatureDoesNotMatch", 403);
  diagnosed(answer, "SEC-WRONG", "unproven", "secret");
});
