//! Uploads from a page in Chromium that fail the way browsers fail: what the page can see of it, and what is on record.
//!
//! Each mistake is a row of `docs/browser.md`, and each row is a test here: status, code and cause are read from that table.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { refusal } from "../javascript/admin.js";
import { CREDENTIALS, REGION, WRONG_SECRET, parseDiagnosis, withClock } from "../javascript/harness.js";
import { mistakes, pageScript } from "./snippets.js";
import { setStage, showForm } from "./stage.js";

const MIB = 1024 * 1024, HOUR = 60 * 60 * 1000;
const wrongSecret = { credentials: { ...CREDENTIALS, secretAccessKey: WRONG_SECRET } };
const rows = new Map(mistakes().map((row) => [row.mistake, { ...row, isTested: false }]));
let stage, bucket, page;

before(async () => {
  stage = await setStage();
  ({ bucket, page } = stage);
});
after(() => stage?.stop());

function row(mistake) {
  const found = rows.get(mistake);
  assert.ok(found, `docs/browser.md has no mistake "${mistake}"`);
  found.isTested = true;
  return found;
}

/// A refusal that the page could read: as the row says, explained, and the same on record.
async function readable(mistake, { error, value }, status = "proven") {
  const { shows, cause } = row(mistake);
  assert.ok(error, `accepted: ${JSON.stringify(value)}`);
  assert.equal(`${error.status} \`${error.code}\``, shows, error.message);
  assert.deepEqual([error.causes[0], error.certainty], [cause, status], error.message);
  assert.match(error.message, new RegExp(`\\(${cause}[^)]*\\)$`), "the message ends with the cause");
  const onRecord = await refusal(stage.server, error.requestId);
  assert.deepEqual([onRecord.causes[0].id, onRecord.status], [cause, status]);
  return { error, cause: onRecord.causes[0] };
}

/// A refusal that the page could not read, and that is on record under the object's key.
async function unreadable(mistake, { error, value }, objectKey) {
  const { shows, cause } = row(mistake);
  assert.ok(error, `accepted: ${JSON.stringify(value)}`);
  assert.equal(`\`${error.name}: ${error.message}\``, shows);
  assert.deepEqual(Object.keys(error).toSorted(), ["message", "name"], "there is nothing else to read");
  const [entry] = await stage.refusalsOf(`/${objectKey}`);
  assert.ok(entry, "the record has it");
  assert.equal(entry.diagnosis.causes[0].id, cause);
  return { entry, cause: entry.diagnosis.causes[0] };
}

const link = (objectKey, { type = "image/png", to = bucket } = {}) => stage.backend.uploadLink(stage.s3, to, objectKey, type);
const putByFetch = (link, file = {}) => page.evaluate(({ link, file }) => outcome(() => docs.putByFetch(link, globalThis.file(file))), { link, file });
const putByXhr = (link, file = {}) => page.evaluate(({ link, file }) => outcome(() => docs.putByXhr(link, globalThis.file(file), () => {})), { link, file });
/// A request that `docs/browser.md` does not make: `init` is text, because a FormData cannot be handed to a page.
const fetchAs = (link, init) => page.evaluate(({ link, init }) => outcome(async () => {
  const response = await fetch(link, new Function(`return (${init})`)());
  if (!response.ok) throw docs.refusal(response.status, await response.text());
}), { link, init });

for (const [how, put] of [["fetch", putByFetch], ["XMLHttpRequest", putByXhr]]) {
  test(`browser another content type by ${how} is told with both types`, async () => {
    const { cause } = await readable("another content type than the one signed", await put(await link("changed.png"), { type: "text/plain" }));
    assert.deepEqual([cause.signed, cause.received], ["image/png", "text/plain"]);
  });
}

const STRING = "a string as the body: the browser writes the charset";
test("browser a charset that fetch gave to a string is told", async () => {
  const { cause } = await readable(STRING, await fetchAs(await link("notes.txt", { type: "text/plain" }), '{ method: "PUT", body: "a note" }'));
  assert.deepEqual([cause.signed, cause.received], ["text/plain", "text/plain;charset=UTF-8"]);
});

for (const { what, signed, type, body, received } of [
  { what: "a charset that XMLHttpRequest gave to a string", signed: "text/plain", type: null, body: "a note", received: "text/plain;charset=UTF-8" },
  { what: "a charset that was signed and not sent", signed: "application/json;charset=utf-8", type: "application/json", body: "{}", received: "application/json" },
]) {
  test(`browser ${what} is told`, async () => {
    const answer = await page.evaluate(({ link, type, body }) => outcome(() => new Promise((resolve, reject) => {
      const xhr = new XMLHttpRequest();
      xhr.open("PUT", link);
      if (type !== null) xhr.setRequestHeader("content-type", type);
      xhr.onload = () => (xhr.status < 300 ? resolve() : reject(docs.refusal(xhr.status, xhr.responseText)));
      xhr.onerror = () => reject(new TypeError("no answer"));
      xhr.send(body);
    })), { link: await link("note", { type: signed }), type, body });
    const { cause } = await readable(type === null ? STRING : "a charset that was signed and is not sent", answer);
    assert.equal(cause.received, received);
  });
}

test("browser a form sent to a PUT link is told", async () => {
  const form = '{ method: "PUT", body: (() => { const form = new FormData(); form.append("file", file({})); return form; })() }';
  const { cause } = await readable("`FormData` sent to a PUT link", await fetchAs(await link("form.png"), form));
  assert.equal(cause.signed, "image/png");
  assert.match(cause.received, /^multipart\/form-data; boundary=----WebKitFormBoundary/);
});

/// What a window shows that an answer was opened in: as an error, with the text that a person sees.
async function shown(tab, response) {
  const { error } = await tab.evaluate(({ status, script }) => {
    (0, eval)(script);
    return outcome(() => { throw docs.refusal(status, new XMLSerializer().serializeToString(document)); });
  }, { status: response.status(), script: await pageScript() });
  return { ...error, shown: await tab.evaluate(() => document.documentElement.innerText) };
}

test("browser a PUT link opened in the address bar shows the cause", async () => {
  const tab = await stage.browser.open();
  const response = await tab.goto(await link("opened.png"));
  const { error } = await readable("a PUT link opened in the address bar", { error: await shown(tab, response) });
  assert.ok(error.shown.includes("The URL is signed for PUT, but GET was sent."), error.shown);
  assert.match(error.shown, /send the file with PUT/);
  assert.match(error.shown, /<Diagnosis version="1" status="proven">/);
  await tab.context().close();
});

test("browser a link that has expired says so", async () => {
  const { error } = await readable("a link that has expired", await putByFetch(await withClock(-2 * HOUR, () => link("late.png"))), "exact");
  assert.match(error.message, /^Request has expired/);
});

test("browser a link whose host was replaced names the host it was made for", async () => {
  const other = (await link("elsewhere.png")).replace("127.0.0.1", "localhost");
  const { cause } = await readable("the host in a link replaced", await putByFetch(other));
  assert.deepEqual([cause.signed, cause.received], [`127.0.0.1:${stage.server.port}`, `localhost:${stage.server.port}`]);
});

test("browser a header that was not signed is named", async () => {
  const { error } = await readable("a header that the link was not signed with", await fetchAs(await link("added.png"), '{ method: "PUT", body: file({}), headers: { "content-type": "image/png", "x-amz-meta-colour": "blue" } }'), "exact");
  assert.match(error.message, /x-amz-meta-colour/);
});

test("browser the checksum of an empty body as a signed header is told", async () => {
  const command = new PutObjectCommand({ Bucket: bucket, Key: "crc.png", ContentType: "image/png" });
  const usual = stage.client({ requestChecksumCalculation: undefined });
  const signed = await getSignedUrl(usual, command, { expiresIn: 300, unhoistableHeaders: new Set(["x-amz-checksum-crc32"]) });
  assert.match(new URL(signed).searchParams.get("X-Amz-SignedHeaders"), /x-amz-checksum-crc32/, "else the test shows nothing");
  await readable("the checksum of an empty body among the signed headers", await fetchAs(signed, '{ method: "PUT", body: file({}), headers: { "x-amz-checksum-crc32": "AAAAAA==" } }'), "exact");
});

const postForm = (form, file = {}) => page.evaluate(({ form, file }) => outcome(() => docs.postForm(form, globalThis.file(file))), { form, file });

for (const { mistake, says, file } of [
  { mistake: "a form whose type the policy does not allow", says: /wants Content-Type to begin with image/i, file: { name: "notes.txt", type: "text/plain" } },
  { mistake: "a form with a file that is too large for the policy", says: /at most 10485760 bytes/, file: { length: 10 * MIB + 1 } },
]) {
  test(`browser ${mistake} is told`, async () => {
    const { error } = await readable(mistake, await postForm(await stage.backend.uploadForm(stage.s3, bucket, "forms"), file), "exact");
    assert.match(error.message, says);
  });
}

test("browser a form whose policy has expired says so", async () => {
  const form = await withClock(-2 * HOUR, () => stage.backend.uploadForm(stage.s3, bucket, "forms"));
  const { error } = await readable("a form whose policy has expired", await postForm(form), "exact");
  assert.match(error.message, /The policy has expired/);
});

/// Forms that are put together wrongly: `parts` makes the list of fields, of which `fields` are those of the backend.
for (const { mistake, says, parts } of [
  { mistake: "a form with a field that the policy does not mention", says: /No condition of the policy mentions colour/, parts: '[...fields, ["Content-Type", "image/png"], ["colour", "blue"], ["file", file({})]]' },
  { mistake: "a form without the field `Content-Type`", says: /has no field Content-Type/, parts: '[...fields, ["file", file({})]]' },
  { mistake: "a form with its fields after the file", says: /after the file/, parts: '[["file", file({})], ...fields]' },
]) {
  test(`browser ${mistake} is told`, async () => {
    const { url, fields } = await stage.backend.uploadForm(stage.s3, bucket, "forms");
    const body = `((fields) => { const form = new FormData(); for (const [name, value] of ${parts}) form.append(name, value); return form; })(${JSON.stringify(Object.entries(fields))})`;
    const { error } = await readable(mistake, await fetchAs(url, `{ method: "POST", body: ${body} }`), "exact");
    assert.match(error.message, says);
  });
}

test("browser a plain form that is refused shows the cause in the window", async () => {
  const form = await stage.backend.uploadForm(stage.client(wrongSecret), bucket, "forms");
  const tab = await stage.browser.open();
  await showForm(tab, form, {});
  const [response] = await Promise.all([tab.waitForNavigation(), tab.click("button")]);
  const { error } = await readable("a wrong secret", { error: await shown(tab, response) }, "unproven");
  assert.match(error.shown, /<Cause id="SEC-WRONG"/);
  await tab.context().close();
});

/// The SDK's own error has other names for the same.
const sdkError = ({ error, value }) => ({
  value,
  error: error && { ...error, code: error.name, status: error.$metadata?.httpStatusCode, requestId: error.$metadata?.requestId, causes: [causeOf(error)?.id], certainty: error.Diagnosis?.status },
});
const causeOf = (error) => [error.Diagnosis?.Cause].flat()[0];

/// An upload by the SDK in a page whose clock is so many milliseconds `behind`.
const bySdk = async (sender, options, { credentials = CREDENTIALS, behind = 0 } = {}) => sdkError(await page.evaluate(
  ({ url, bucket, options, credentials, behind, sender, length }) => withClock(-behind, () =>
    outcome(() => docs[sender](docs.sdk(url, credentials, options), bucket, "by the sdk", file({ length }), () => {}))),
  { url: stage.server.url, bucket, options: { maxAttempts: 1, ...options }, credentials, behind, sender, length: 7 * MIB },
));

for (const [how, sender] of [["an upload", "putBySdk"], ["an upload in parts", "uploadBySdk"]]) {

  test(`browser ${how} by the SDK with a wrong secret prints cause and cure`, async () => {
    const { error } = await readable("a wrong secret", await bySdk(sender, {}, wrongSecret), "unproven");
    assert.equal(causeOf(error).slot, "secret");
  });

  test(`browser ${how} by the SDK with a wrong region names the right one`, async () => {
    const { error } = await readable("a wrong region", await bySdk(sender, { region: "eu-west-1" }), "exact");
    assert.equal(error.Region, REGION);
  });

  test(`browser ${how} by the SDK with a wrong clock says how far it is off`, async () => {
    const { error } = await readable("the computer's clock is wrong", await bySdk(sender, {}, { behind: HOUR / 3 }), "exact");
    assert.match(error.message, /20 minutes behind/);
  });
}

test("browser the SDK in the page corrects a wrong clock by the refusal that it may read, and stores the file", async () => {
  const answer = await bySdk("putBySdk", { maxAttempts: undefined }, { behind: HOUR / 3 });
  assert.equal(answer.error, undefined);
  await stage.stored(bucket, "by the sdk", { length: 7 * MIB });
  const [entry] = await stage.refusalsOf("/by%20the%20sdk");
  assert.equal(entry.diagnosis.causes[0].id, "CLK-SKEW");
});

/// What a page learns when Uppy failed: the error of `upload-error`, explained as the page of the documentation says.
const byUppy = (options, { file = {}, credentials } = {}) => page.evaluate(async ({ options, file, credentials }) => {
  const data = globalThis.file(file);
  const uploader = credentials ? new Uppy().use(AwsS3, { ...options, getCredentials: () => ({ credentials }) }) : docs.uploader(options.signer, options);
  const failure = new Promise((failed) => uploader.on("upload-error", (_, error) => failed(outcome(() => { throw Object.assign(docs.explained(error), { told: error.message }); }))));
  uploader.addFile({ name: data.name, type: data.type, data });
  const { successful } = await uploader.upload();
  return successful.length > 0 ? { value: successful } : failure;
}, { options, file, credentials });

for (const shouldUseMultipart of [false, true]) {
  const how = shouldUseMultipart ? "in parts" : "by one request";

  test(`browser Uppy ${how} with a wrong secret in the backend is told`, async () => {
    const { error } = await readable("a wrong secret", await byUppy({ signer: stage.signer(bucket, wrongSecret), shouldUseMultipart }), "unproven");
    assert.equal(error.told, "S3 returned 403 – SignatureDoesNotMatch");
  });

  test(`browser Uppy ${how} without a region is told the right one`, async () => {
    const answer = await byUppy({ s3Endpoint: `${stage.server.url}/${bucket}`, shouldUseMultipart }, { credentials: CREDENTIALS });
    const { error } = await readable("Uppy without a region signs for `auto`", answer, "exact");
    assert.ok(error.message.includes(REGION), error.message);
  });
}

test("browser Uppy with a type that the backend did not sign is told with both types", async () => {
  stage.browser.routes.set("/by-extension", async ({ key }) => ({ url: await link(key, { type: "image/jpeg" }) }));
  const { cause } = await readable("another content type than the one signed", await byUppy({ signer: "/by-extension" }, { file: { name: "photo.jpg", type: "image/png" } }));
  assert.deepEqual([cause.signed, cause.received], ["image/jpeg", "image/png"]);
});

test("browser Uppy in parts says that the rule has to expose ETag", async () => {
  const silent = await stage.newBucket([stage.rule({ ExposeHeaders: [] })]);
  const { error } = await byUppy({ signer: stage.signer(silent), shouldUseMultipart: true });
  assert.match(error.message, /Missing ETag in uploadPart response headers/);
});

/// What a rule lacks, and what a page tries that would need it.
for (const { mistake, rules, objectKey } of [
  { mistake: "no CORS rule", rules: () => null, objectKey: "none.png" },
  { mistake: "a CORS rule for another origin", rules: () => [stage.rule({ AllowedOrigins: ["https://app.example.com"] })], objectKey: "origin.png" },
  { mistake: "a CORS rule without the method", rules: () => [stage.rule({ AllowedMethods: ["GET", "POST"] })], objectKey: "method.png" },
  { mistake: "a CORS rule without the header", rules: () => [stage.rule({ AllowedHeaders: ["x-amz-meta-*"] })], objectKey: "header.png" },
]) {
  test(`browser ${mistake}: the page sees nothing, the record says it`, async () => {
    const to = await stage.newBucket(rules());
    const { entry } = await unreadable(mistake, await putByFetch(await link(objectKey, { to })), `${to}/${objectKey}`);
    assert.equal(entry.method, "OPTIONS");
    assert.equal((await putByXhr(await link(objectKey, { to }))).error.message, "no answer that this page may read");
    const sdk = await page.evaluate(
      ({ url, credentials, bucket }) => outcome(() => docs.putBySdk(docs.sdk(url, credentials, { maxAttempts: 1 }), bucket, "by-the-sdk", file({}))),
      { url: stage.server.url, credentials: CREDENTIALS, bucket: to },
    );
    assert.equal(sdk.error.message, "Failed to fetch");
    const uppy = await byUppy({ signer: stage.signer(to) }, { file: { name: "by-uppy.png" } });
    assert.equal(uppy.error.message, "Network error during S3 request");
    for (const [path, tries] of [["by-the-sdk", 1], ["by-uppy.png", 4]]) {
      const onRecord = await stage.refusalsOf(`${to}/${path}`);
      assert.deepEqual(onRecord.map(({ diagnosis }) => diagnosis.causes[0].id), Array(tries).fill(row(mistake).cause), path);
    }
  });
}

test("browser without a rule a refused signature cannot be read either, and is on record", async () => {
  const to = await stage.newBucket(null);
  // A GET needs no preflight: it reaches the store, is refused, and the browser keeps the answer from the page.
  const { error } = await fetchAs(await link("hidden.png", { to }), "{}");
  assert.equal(`${error.name}: ${error.message}`, "TypeError: Failed to fetch");
  const [entry] = await stage.refusalsOf(`${to}/hidden.png`);
  assert.deepEqual([entry.method, entry.diagnosis.causes[0].id], ["GET", "MTH-OTHER"]);
});

test("browser without a rule `countersign refusals` shows what the page could not read", async () => {
  const to = await stage.newBucket(null);
  await putByFetch(await link("shown.png", { to }));
  const { stdout } = await promisify(execFile)(process.env.COUNTERSIGN_BIN, ["refusals", "--admin-url", stage.server.adminUrl, "--since", "10m", "--cause", "CORS-NONE"], {
    env: { AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId, AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey },
  });
  assert.match(stdout, new RegExp(`CORS-NONE.*/${to}/shown\\.png`));
});

test("browser with a rule a page reads ETag, and of a refusal what explains it", async () => {
  const [refused, accepted] = await Promise.all(["text/plain", "image/png"].map(async (type) => page.evaluate(async ({ link, type }) => {
    const response = await fetch(link, { method: "PUT", body: file({ type }) });
    return Object.fromEntries(response.headers);
  }, { link: await link("headers.png"), type })));
  assert.deepEqual(parseDiagnosis(refused["x-countersign-diagnosis"]).ids, ["HDR-CT-CHANGED"]);
  assert.match(refused["x-amz-request-id"], /^[0-9A-F]{16}$/);
  assert.match(accepted.etag, /^"[0-9a-f]{32}"$/);
});

test("browser the SDK in the page with its default checksum fails by itself on a File, as the documentation says", async () => {
  const { error } = await page.evaluate(
    ({ url, credentials, bucket }) => outcome(() => docs.putBySdk(docs.sdk(url, credentials, { requestChecksumCalculation: "WHEN_SUPPORTED" }), bucket, "never-sent", file({}))),
    { url: stage.server.url, credentials: CREDENTIALS, bucket },
  );
  assert.equal(error.message, "readableStream.getReader is not a function");
});

test("every mistake of docs/browser.md is tested", () => {
  assert.deepEqual([...rows.values()].filter(({ isTested }) => !isTested).map(({ mistake }) => mistake), []);
});
