//! The npm package, installed from its tarballs as anybody would: errors of the AWS SDKs, axios and fetch explained, against our server, against
//! ours answering as AWS does, and against a server of other people (rclone's); parameters looked at before; types; `npx countersign`.
//!
//! Not here: each rule of `validate` and each form of `explain`, which have tests beside their code.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { createRequire } from "node:module";
import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect, promisify } from "node:util";
import { CreateBucketCommand, GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import AWS from "aws-sdk";
import axios from "axios";
import { CREDENTIALS, REGION, WRONG_SECRET, bucketName, freePort, scratch, startNginx, startRclone, startServer, withClock } from "./harness.js";

const HERE = dirname(fileURLToPath(import.meta.url));
const PACKED = resolve(process.env.COUNTERSIGN_NPM ?? join(HERE, "../../target/npm"));
const TWENTY_MINUTES = 20 * 60 * 1000;
const run = promisify(execFile);
let ours, asAws, others, tarballs, folder, countersign;

/// An application with these packages; what it gives is how it requires them.
async function application(tarballs) {
  const folder = scratch();
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "app", private: true }));
  const flags = ["--offline", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", "--cache", join(folder, ".npm")];
  await run("npm", ["install", ...flags, ...tarballs], { cwd: folder });
  return { folder, require: createRequire(join(folder, "app.js")) };
}

before(async () => {
  tarballs = readdirSync(PACKED).filter((name) => name.endsWith(".tgz")).sort().map((name) => join(PACKED, name));
  assert.equal(tarballs.length, 2, `cargo xtask npm makes them: ${PACKED}`);
  const app = await application(tarballs);
  folder = app.folder;
  countersign = app.require("countersign");
  [ours, asAws, others] = await Promise.all([startServer(), startServer({ args: ["--diagnosis", "off"] }), startRclone()]);
  for (const server of [ours, asAws, others]) {
    server.bucket = bucketName("npm");
    await client(server).send(new CreateBucketCommand({ Bucket: server.bucket }));
  }
});
after(() => Promise.all([ours, asAws, others].map((server) => server?.stop())));

const client = (server, options = {}) => new S3Client({ endpoint: server.url, region: REGION, forcePathStyle: true, credentials: CREDENTIALS, maxAttempts: 1, ...options });
const put = (s3, server, more = {}) => s3.send(new PutObjectCommand({ Bucket: server.bucket, Key: "a b+c/é.txt", Body: "meow", ContentType: "image/png", ...more }));
const withSecret = (secretAccessKey) => ({ credentials: { ...CREDENTIALS, secretAccessKey } });
const thrown = (promise) => promise.then(() => assert.fail("it was accepted"), (error) => error);

/// A middleware of the application behind the signer.
const changing = (change) => (s3) => s3.middlewareStack.add((next) => (args) => { change(args.request); return next(args); }, { step: "finalizeRequest", priority: "low" });

/// What is wrong with a client of version 3, and what has to be found on each server: id and status.
const FAULTS = {
  "a wrong secret": { options: withSecret(WRONG_SECRET), ours: ["SEC-WRONG", "exact"], asAws: ["SEC-WRONG", "exact"], others: ["SEC-WRONG", "inferred"] },
  "a line break in the secret": { options: withSecret(`${CREDENTIALS.secretAccessKey}\n`), ours: ["SEC-NEWLINE", "proven"], asAws: ["SEC-NEWLINE", "inferred"], others: ["SEC-NEWLINE", "inferred"] },
  "quotes around the secret": { options: withSecret(`"${CREDENTIALS.secretAccessKey}"`), ours: ["SEC-QUOTES", "proven"], asAws: ["SEC-QUOTES", "inferred"], others: ["SEC-QUOTES", "inferred"] },
  "a secret that was undefined": { options: withSecret("undefined"), ours: ["SEC-DEFAULT", "proven"], asAws: ["SEC-DEFAULT", "inferred"], others: ["SEC-DEFAULT", "inferred"] },
  "the wrong region": { options: { region: "eu-central-1" }, ours: ["SCP-REGION", "exact"], asAws: ["SCP-REGION", "exact"] },
  "a slow clock": { offset: -TWENTY_MINUTES, ours: ["CLK-SKEW", "exact"], asAws: ["CLK-SKEW", "exact"], others: ["CLK-SKEW", "exact"] },
  "a header changed after signing": { change: changing(({ headers }) => { headers["content-type"] = "text/plain"; }), ours: ["HDR-CT-CHANGED", "exact"], asAws: ["HDR-CT-CHANGED", "exact"], others: ["HDR-CT-CHANGED", "exact"] },
  "a parameter added after signing": { change: changing(({ query }) => { query.utm_source = "x"; }), ours: ["QRY-EXTRA", "exact"], asAws: ["QRY-EXTRA", "exact"], others: ["QRY-EXTRA", "exact"] },
  "a header dropped after signing": { change: changing(({ headers }) => { delete headers["content-type"]; }), ours: ["HDR-MISSING", "exact"], asAws: ["HDR-MISSING", "exact"], others: ["HDR-MISSING", "exact"] },
};

for (const [what, { options, offset = 0, change, ...expected }] of Object.entries(FAULTS)) {
  for (const [name, [id, status]] of Object.entries(expected)) {
    test(`npm explain: ${what}, against ${name}`, async () => {
      const server = { ours, asAws, others }[name];
      const s3 = client(server, options);
      s3.middlewareStack.use(countersign.plugin);
      change?.(s3);
      const error = await withClock(offset, () => thrown(put(s3, server)));
      found(countersign.explain(error), id, status, inspect(countersign.captured(error), { depth: 9 }));
      assert.ok(!inspect(error, { depth: 9 }).includes(CREDENTIALS.secretAccessKey));
      assert.ok(!error.message.includes("("+id) || name === "ours", error.message);
    });
  }
}

function found(explanation, id, status, context) {
  assert.deepEqual([explanation.causes[0]?.id, explanation.status], [id, status], `${explanation.text}\n${context ?? ""}`);
  const [cause] = explanation.causes;
  for (const field of ["slot", "proof", "title", "what", "cure", "url"]) assert.equal(typeof cause[field], "string", field);
  assert.ok(cause.cure.length > 0 && explanation.message.includes(id) && explanation.text.includes(cause.cure));
  for (const secret of [CREDENTIALS.secretAccessKey, WRONG_SECRET]) assert.ok(!JSON.stringify(explanation).includes(secret));
}

for (const [name, through] of [["ours", "HST-PROXY"], ["asAws", "HST-PROXY"]]) {
  test(`npm explain: the host changed by a proxy, against ${name}`, async () => {
    const server = { ours, asAws }[name];
    const nginx = await startNginx("stock", `127.0.0.1:${server.port}`);
    try {
      const s3 = countersign.capture(client({ url: nginx.url }));
      const explanation = countersign.explain(await thrown(put(s3, server)));
      found(explanation, through, "exact");
      const line = explanation.lines.find(({ same }) => !same);
      assert.deepEqual([line.what, line.signed], ["header host", nginx.host]);
    } finally {
      await nginx.stop();
    }
  });
}

test("npm explain: a refused HEAD, which has no document", async () => {
  const s3 = countersign.capture(client(ours, withSecret(`${CREDENTIALS.secretAccessKey} `)));
  found(countersign.explain(await thrown(s3.send(new HeadObjectCommand({ Bucket: ours.bucket, Key: "k" })))), "SEC-SPACE", "proven");
});

test("npm explain: errors of version 3 without the plugin", async () => {
  const error = await thrown(put(client(ours, withSecret(`${CREDENTIALS.secretAccessKey}\n`)), ours));
  found(countersign.explain(error), "SEC-NEWLINE", "proven");
  const bare = await thrown(put(client(asAws, withSecret(`${CREDENTIALS.secretAccessKey}\n`)), asAws));
  found(countersign.explain(bare, { credentials: CREDENTIALS }), "SEC-NEWLINE", "proven");
  const other = countersign.explain(bare, { credentials: { ...CREDENTIALS, accessKeyId: "ANOTHERKEY0000000001" } });
  assert.ok(other.notes.some((note) => note.includes("ANOTHERKEY0000000001")), other.text);
});

const v2 = (server, options = {}) => new AWS.S3({ endpoint: server.url, region: REGION, s3ForcePathStyle: true, signatureVersion: "v4", maxRetries: 0, ...CREDENTIALS, ...options });

for (const [what, options, offset, expected] of [
  ["a wrong secret", { secretAccessKey: WRONG_SECRET }, 0, { ours: ["SEC-WRONG", "exact"], others: ["SEC-WRONG", "inferred"] }],
  ["a line break in the secret", { secretAccessKey: `${CREDENTIALS.secretAccessKey}\n` }, 0, { ours: ["SEC-NEWLINE", "proven"], asAws: ["SEC-NEWLINE", "inferred"], others: ["SEC-NEWLINE", "inferred"] }],
  ["the wrong region", { region: "eu-central-1" }, 0, { asAws: ["SCP-REGION", "exact"] }],
  ["a slow clock", {}, -TWENTY_MINUTES, { ours: ["CLK-SKEW", "exact"], others: ["CLK-SKEW", "exact"] }],
]) {
  for (const [name, [id, status]] of Object.entries(expected)) {
    test(`npm explain: ${what} in version 2, against ${name}`, async () => {
      const server = { ours, asAws, others }[name];
      const s3 = countersign.capture(v2(server, options));
      const error = await withClock(offset, () => thrown(s3.putObject({ Bucket: server.bucket, Key: "a b+c.txt", Body: "meow", ContentType: "image/png" }).promise()));
      found(countersign.explain(error), id, status, inspect(countersign.captured(error), { depth: 9 }));
    });
  }
}

test("npm capture: a client does what it did before", async () => {
  const s3 = countersign.capture(client(others), { annotate: true });
  await put(s3, others);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: others.bucket, Key: "a b+c/é.txt" }));
  assert.equal(await Body.transformToString(), "meow");
  const missing = await thrown(s3.send(new GetObjectCommand({ Bucket: others.bucket, Key: "nothing" })));
  assert.equal(missing.name, "NoSuchKey");
  assert.equal(missing.$metadata.httpStatusCode, 404);
  const old = countersign.capture(v2(others), { annotate: true });
  let seen = 0;
  old.customizeRequests(((before) => (request) => { seen += 1; before(request); })(old.customRequestHandler));
  assert.equal((await old.getObject({ Bucket: others.bucket, Key: "a b+c/é.txt" }).promise()).Body.toString(), "meow");
  assert.equal(seen, 1);
  assert.throws(() => countersign.capture({}), /version 2 or 3/);
});

test("npm annotate: cause and cure stand behind the message, once", async () => {
  for (const [server, s3] of [[others, client(others, withSecret(`${CREDENTIALS.secretAccessKey}\n`))], [ours, client(ours, withSecret(`${CREDENTIALS.secretAccessKey}\n`))]]) {
    s3.middlewareStack.use(countersign.plugin({ annotate: true }));
    const { name, message } = await thrown(put(s3, server));
    assert.equal(name, "SignatureDoesNotMatch");
    assert.equal(message.split("(SEC-NEWLINE").length, 2, message);
    assert.match(message, /^The request signature we calculated does not match .* secret .*\(SEC-NEWLINE, (proven|inferred)\)$/s);
  }
  const s3 = countersign.capture(v2(others, { secretAccessKey: WRONG_SECRET }), { annotate: true });
  assert.match((await thrown(s3.listObjects({ Bucket: others.bucket }).promise())).message, /\(SEC-WRONG, inferred\)$/);
});

/// A link for an upload, made with a content type that is signed.
const typedLink = (server, options) => getSignedUrl(client(server, { requestChecksumCalculation: "WHEN_REQUIRED", ...options }), new PutObjectCommand({ Bucket: server.bucket, Key: "k", ContentType: "image/png" }), { signableHeaders: new Set(["content-type"]) });

test("npm explain: links, with fetch", async () => {
  const sent = async (url, request) => {
    const response = await fetch(url, request);
    assert.ok(!response.ok);
    return countersign.explain(response, { request, body: await response.text(), credentials: CREDENTIALS });
  };
  for (const server of [ours, asAws, others]) {
    found(await sent(await typedLink(server), { method: "PUT", body: "x" }), "HDR-CT-CHANGED", "proven");
    const expired = await withClock(-3600_000, () => getSignedUrl(client(server), new GetObjectCommand({ Bucket: server.bucket, Key: "k" }), { expiresIn: 60 }));
    found(await sent(expired), "PRE-EXPIRED", "exact");
    const upload = await getSignedUrl(client(server), new PutObjectCommand({ Bucket: server.bucket, Key: "k" }));
    const wrongMethod = await sent(upload, { method: "DELETE" });
    assert.match(wrongMethod.causes[0].id, /^MTH-/, wrongMethod.text);
    assert.equal(wrongMethod.status, "proven");
    if (server !== others) found(await sent(upload, { method: "PUT", body: "x", headers: { "x-amz-acl": "private" } }), "HDR-UNSIGNED", "exact");
  }
  // A link of version 3 with its default settings holds the checksum of an empty body.
  const upload = await getSignedUrl(client(ours), new PutObjectCommand({ Bucket: ours.bucket, Key: "k" }), { unhoistableHeaders: new Set(["x-amz-checksum-crc32"]) });
  found(await sent(upload, { method: "PUT", body: "not empty", headers: { "x-amz-checksum-crc32": "AAAAAA==" } }), "PAY-CRC-EMPTY", "exact");
  const hoisted = await getSignedUrl(client(ours), new PutObjectCommand({ Bucket: ours.bucket, Key: "k" }));
  assert.deepEqual(countersign.validate({ url: hoisted, method: "PUT" }).map(({ cause }) => cause), ["PAY-CRC-EMPTY"]);
});

test("npm explain: links, with axios", async () => {
  for (const server of [ours, others]) {
    const error = await thrown(axios.put(await typedLink(server), "x", { headers: { "content-type": "text/csv" }, proxy: false }));
    found(countersign.explain(error, { credentials: CREDENTIALS }), "HDR-CT-CHANGED", "proven");
  }
});

test("npm explain: a Request, and what node:http gives", async () => {
  const request = new Request(await typedLink(others), { method: "PUT", body: "x" });
  const response = await fetch(request);
  found(countersign.explain(response, { request, body: await response.text(), credentials: CREDENTIALS }), "HDR-CT-CHANGED", "proven");
  const sending = httpRequest(await typedLink(others), { method: "PUT", headers: { "content-type": "text/csv" } });
  sending.end("x");
  const [answer] = await once(sending, "response");
  found(countersign.explain(answer, { request: sending, body: Buffer.concat(await answer.toArray()), credentials: CREDENTIALS }), "HDR-CT-CHANGED", "proven");
});

test("npm explain: an error without an answer says that there is none", async () => {
  const s3 = countersign.capture(client({ url: `http://127.0.0.1:${await freePort()}` }), { annotate: true });
  const error = await thrown(put(s3, ours));
  assert.equal(error.code, "ECONNREFUSED");
  assert.ok(countersign.captured(error).sent && !countersign.captured(error).answer);
  assert.equal(countersign.explain(error).status, "unknown");
  assert.match(error.message, /ECONNREFUSED[^(]*$/);
});

test("npm explain: texts, and what is nothing of the kind", async () => {
  const response = await fetch(await typedLink(asAws, withSecret(`${CREDENTIALS.secretAccessKey}\n`)), { method: "PUT", body: "x", headers: { "content-type": "image/png" } });
  found(countersign.explain(await response.text(), { credentials: CREDENTIALS }), "SEC-NEWLINE", "proven");
  for (const nothing of ["hello", new TypeError("x is not a function"), null, undefined, 42, {}]) {
    const explanation = countersign.explain(nothing);
    assert.deepEqual([explanation.status, explanation.causes], ["unknown", []]);
    assert.ok(explanation.notes.length > 0);
  }
  assert.throws(() => countersign.explain("x", { credentials: async () => CREDENTIALS }), /provider/);
});

test("npm validate: parameters in the shapes that JavaScript has", () => {
  const rules = (params) => countersign.validate(params).map(({ rule }) => rule);
  assert.deepEqual(rules({}), []);
  assert.deepEqual(rules({ bucket: "photos", key: "a/b.jpg", metadata: { owner: "me" }, region: REGION, endpoint: new URL(ours.url).origin, credentials: CREDENTIALS, expiresIn: 900 }), []);
  assert.deepEqual(rules({ bucket: "My_Bucket", key: "\ud800" }), ["bucket-upper-case", "key-broken"]);
  assert.deepEqual(rules({ credentials: { ...CREDENTIALS, secretAccessKey: `${CREDENTIALS.secretAccessKey}\n` } }), ["secret-newline"]);
  assert.deepEqual(rules({ credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE" } }), ["secret-missing"]);
  const now = new Date("2025-01-01T00:00:00Z");
  for (const serverDate of ["Wed, 01 Jan 2025 00:20:00 GMT", new Date(now.getTime() + TWENTY_MINUTES), now.getTime() + TWENTY_MINUTES]) {
    assert.deepEqual(rules({ now, serverDate }), ["clock-skew"]);
  }
  assert.deepEqual(rules({ credentials: { ...CREDENTIALS, expiration: new Date(Date.now() - 1000) } }), ["credentials-ended"]);
  const headers = new Headers({ "x-amz-acl": "private" });
  const url = "https://h/b/k?X-Amz-Algorithm=A&X-Amz-Credential=c&X-Amz-Date=20250101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=0";
  assert.deepEqual(rules({ url, headers, now }), ["link-header-unsigned"]);
  assert.throws(() => countersign.validate(), TypeError);
  assert.throws(() => countersign.validate({ key: 42 }), /invalid type/);
});

test("npm validate: what it finds is what the server then refuses", async () => {
  const credentials = { ...CREDENTIALS, secretAccessKey: `"${CREDENTIALS.secretAccessKey}"` };
  const [finding] = countersign.validate({ credentials });
  const error = await thrown(put(countersign.capture(client(ours, { credentials })), ours));
  assert.equal(countersign.explain(error).causes[0].id, finding.cause);
});

test("npm: without the package of its platform it says which one is missing", async () => {
  const { require } = await application(tarballs.slice(0, 1));
  const alone = require("countersign");
  const s3 = client(others, withSecret(WRONG_SECRET));
  assert.throws(() => s3.middlewareStack.use(alone.plugin({ annotate: true })), /@countersign\/linux-(x64|arm64)-gnu is not installed/);
  s3.middlewareStack.use(alone.plugin);
  const error = await thrown(put(s3, others));
  assert.equal(error.name, "SignatureDoesNotMatch");
  assert.throws(() => alone.explain(error), /is not installed/);
  // What it captured is a text like any other.
  found(countersign.explain(JSON.stringify(alone.captured(error)), { credentials: { ...CREDENTIALS, secretAccessKey: WRONG_SECRET } }), "SEC-WRONG", "inferred");
});

test("npm: import and require give the same", async () => {
  const script = `import * as all from "countersign"; import { createRequire } from "node:module";
    const required = createRequire(import.meta.url)("countersign");
    for (const name of ["capture", "captured", "explain", "plugin", "validate"]) if (all[name] !== required[name]) throw new Error(name);
    console.log(all.explain("<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>").causes[0].id);`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], { cwd: folder });
  assert.equal(stdout.trim(), "PRE-EXPIRED");
});

test("npm: types compile, and wrong ones do not", async () => {
  mkdirSync(join(folder, "node_modules/@aws-sdk"), { recursive: true });
  for (const name of ["@aws-sdk/client-s3", "@smithy", "@types"]) {
    try { symlinkSync(join(HERE, "../node_modules", name), join(folder, "node_modules", name)); } catch (error) { if (error.code !== "EEXIST") throw error; }
  }
  const config = { compilerOptions: { strict: true, noEmit: true, module: "nodenext", target: "es2022", skipLibCheck: true, types: [], lib: ["es2022", "dom", "dom.iterable"] } };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ ...config, files: ["good.mts", "good.cts"] }));
  writeFileSync(join(folder, "wrong.json"), JSON.stringify({ ...config, files: ["wrong.mts"] }));
  const source = readFileSync(join(HERE, "npm-types.mts"), "utf8");
  writeFileSync(join(folder, "good.mts"), source);
  writeFileSync(join(folder, "good.cts"), `// As a CommonJS module.\nimport countersign = require("countersign");\nexport const status: countersign.Status = countersign.explain("x").status;\n`);
  writeFileSync(join(folder, "wrong.mts"), `// What must not compile.\nimport { explain, validate } from "countersign";\nexport const one: number = explain("x").status;\nvalidate({ bucket: 42 });\nvalidate({ buckets: "b" });\n`);
  const tsc = join(HERE, "../node_modules/.bin/tsc");
  await run(tsc, ["-p", folder]).catch(({ stdout }) => assert.fail(stdout));
  const wrong = await thrown(run(tsc, ["-p", join(folder, "wrong.json")]));
  const lines = [...wrong.stdout.matchAll(/wrong\.mts\((\d+),/g)].map(([, line]) => line);
  assert.deepEqual(lines, ["3", "4", "5"], wrong.stdout);
});

/// Runs a command line of a shell with this text on its standard input.
async function shell(line, input, env = {}) {
  const child = spawn("sh", ["-c", line], { cwd: folder, env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => { output += text; });
  child.stdin.end(input);
  const code = await new Promise((done) => child.once("close", done));
  return { code, output };
}

test("npx countersign is the program", async () => {
  const npx = (line) => shell(`npx --offline ${line}`, "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>");
  const told = await npx("countersign explain -");
  assert.equal(told.code, 0, told.output);
  assert.match(told.output, /PRE-EXPIRED, exact/);
  const page = await npx("countersign explain HST-PROXY");
  assert.match(page.output, /^# HST-PROXY/m);
  assert.equal((await npx("countersign explain no-such-file")).code, 5);
  assert.equal((await npx("countersign nonsense")).code, 2);
});

test("as the README says: what console.log(error) prints, pasted into the program", async () => {
  const readme = readFileSync(join(HERE, "../../README.md"), "utf8");
  const section = readme.split("## Help with a server that is not ours")[1].split("\n## ")[0];
  const line = section.match(/^ {4}(countersign explain -)$/m)[1];
  // On a path of its own, as if it were installed.
  const env = {
    PATH: `${join(folder, "node_modules/.bin")}:${process.env.PATH}`,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  };
  const paste = async (error, flags = "") => {
    const { code, output } = await shell(`${line} ${flags}`, inspect(error), env);
    assert.equal(code, 0, output);
    assert.ok(!output.includes(CREDENTIALS.secretAccessKey), output);
    return output;
  };
  const nginx = await startNginx("stock", `127.0.0.1:${asAws.port}`);
  try {
    const behind = client({ url: nginx.url });
    const error = await thrown(put(behind, asAws));
    assert.match(await paste(error), /\(HST-PROXY, unproven\)/);
    assert.match(await paste(error, `--endpoint-url ${nginx.url}`), /\(HST-PROXY, proven\)/);
  } finally {
    await nginx.stop();
  }
  assert.match(await paste(await thrown(put(client(asAws, withSecret(`${CREDENTIALS.secretAccessKey}\n`)), asAws))), /\(SEC-NEWLINE, proven\)/);
  assert.match(await paste(await thrown(put(client(asAws, { region: "eu-central-1" }), asAws))), /\(SCP-REGION, exact\)/);
  assert.match(await paste(await withClock(-TWENTY_MINUTES, () => thrown(put(client(asAws), asAws)))), /\(CLK-SKEW, exact\)/);
  assert.match(await paste(await thrown(put(client(others, withSecret(WRONG_SECRET)), others))), /middlewareStack/);
  // Version 2 remembers the region of a bucket that it was told once, in the whole process.
  const failing = (options) => thrown(v2(asAws, options).getObject({ Bucket: bucketName("new"), Key: "k" }).promise());
  assert.match(await paste(await failing({ region: "eu-central-1" })), /\(SCP-REGION, exact\)/);
  assert.match(await paste(await failing({ secretAccessKey: WRONG_SECRET })), /version 2 drops/);
  // A capture is a file for the program, too.
  const captured = countersign.captured(await thrown(put(countersign.capture(client(others, withSecret(WRONG_SECRET))), others)));
  const { output } = await shell(line, JSON.stringify(captured), env);
  assert.match(output, /npm package captured/);
});

test("npm: the README's example does what it says", () => {
  const readme = readFileSync(join(folder, "node_modules/countersign/README.md"), "utf8");
  const call = readme.match(/countersign\.validate\((\{.*?\})\)/)[1];
  const params = Function("credentials", `return ${call}`)(CREDENTIALS);
  const rules = countersign.validate(params).map(({ rule }) => rule);
  assert.deepEqual(rules, ["bucket-upper-case", "key-leading-slash", "region-auto", "expiry-range"]);
});
