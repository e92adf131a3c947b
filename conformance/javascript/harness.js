//! Starts what a JavaScript test needs: the real server, a real nginx, a scratch folder; and ends them again.
//!
//! Not here: any S3 call, any expectation. Keeps true: a process is ended by its own id, a port is one the system
//! said is free, and no variable of the caller's AWS set-up or proxies reaches a client.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

export { withClock } from "./clock.js";

const CONFORMANCE = resolve(dirname(fileURLToPath(import.meta.url)), "..");

export const REGION = "us-east-1";
export const CREDENTIALS = { accessKeyId: "CONFORMANCEROOT00001", secretAccessKey: "conformance/root+secret/with/40/letters1" };
export const WRONG_SECRET = "nobody/ever/gave/out/this+secret/0000000";

for (const name of Object.keys(process.env)) {
  if (/^AWS_/i.test(name) || /_proxy$/i.test(name) || name === "REQUESTS_CA_BUNDLE") delete process.env[name];
}
// The SDKs must not look for credentials or settings of whoever runs the tests.
process.env.AWS_EC2_METADATA_DISABLED = "true";
process.env.AWS_CONFIG_FILE = "/dev/null";
process.env.AWS_SHARED_CREDENTIALS_FILE = "/dev/null";
process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = "1";

const cleanups = [];
process.on("exit", () => cleanups.splice(0).forEach((cleanup) => cleanup()));

export function scratch() {
  const folder = mkdtempSync(join(tmpdir(), "countersign-conformance-"));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function freePort() {
  const listener = createServer();
  await new Promise((done, failed) => listener.once("error", failed).listen(0, "127.0.0.1", done));
  const { port } = listener.address();
  await new Promise((done) => listener.close(done));
  return port;
}

/// The first of these ports that nobody listens on: for the tests about ports that the server itself would think of.
export async function firstFreePort(...candidates) {
  for (const port of candidates) {
    const listener = createServer();
    const free = await new Promise((done) => listener.once("error", () => done(false)).listen(port, "127.0.0.1", () => done(true)));
    if (free) return new Promise((done) => listener.close(() => done(port)));
  }
  throw new Error(`somebody listens on each of ${candidates.join(", ")}`);
}

/// A running server: `{url, adminUrl, port, pid, log(), stop()}`. `args` come after the ones every test needs.
export async function startServer({ args = [], port } = {}) {
  const binary = resolve(process.env.COUNTERSIGN_BIN ?? join(CONFORMANCE, "../target/release/countersign"));
  const dataDir = join(scratch(), "data");
  port ??= await freePort();
  const adminPort = await freePort();
  const child = spawn(
    binary,
    ["serve", "--data-dir", dataDir, "--listen", `127.0.0.1:${port}`, "--admin-listen", `127.0.0.1:${adminPort}`, "--region", REGION, ...args],
    {
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        COUNTERSIGN_ROOT_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
        COUNTERSIGN_ROOT_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const process_ = watch(child, "countersign");
  const url = `http://127.0.0.1:${port}`;
  await process_.until(async () => (await fetch(`${url}/-/readyz`)).ok);
  return { url, adminUrl: `http://127.0.0.1:${adminPort}`, port, dataDir, pid: child.pid, log: process_.log, stop: process_.stop };
}

/// An S3 server of other people, with the same key: rclone's. It verifies signatures of headers and links, and answers with code and message
/// alone; it knows no region and checks no checksum.
export async function startRclone() {
  const port = await freePort();
  const folder = scratch();
  const key = `${CREDENTIALS.accessKeyId},${CREDENTIALS.secretAccessKey}`;
  const child = spawn(
    join(CONFORMANCE, ".venv-boto3/bin/rclone"),
    ["serve", "s3", "--config", "/dev/null", "--auth-key", key, "--addr", `127.0.0.1:${port}`, folder],
    { env: { PATH: process.env.PATH, HOME: folder }, stdio: ["ignore", "pipe", "pipe"] },
  );
  const process_ = watch(child, "rclone");
  const url = `http://127.0.0.1:${port}`;
  await process_.until(async () => (await fetch(url)).status > 0);
  return { url, port, stop: process_.stop };
}

/// nginx with the location file `nginx/NAME.conf` in front of `upstream` (host:port). `port` where it must be known before.
export async function startNginx(name, upstream, port) {
  port ??= await freePort();
  const folder = scratch();
  const read = (file) => readFileSync(join(CONFORMANCE, "nginx", file), "utf8");
  const configuration = read("nginx.conf")
    .replace("@PART@", () => read(`${name}.conf`))
    .replaceAll("@DIR@", folder)
    .replaceAll("@LISTEN@", `127.0.0.1:${port}`)
    .replaceAll("@UPSTREAM@", upstream);
  writeFileSync(join(folder, "nginx.conf"), configuration);
  mkdirSync(join(folder, "logs"));
  const child = spawn("/usr/sbin/nginx", ["-p", folder, "-c", join(folder, "nginx.conf")], { stdio: ["ignore", "pipe", "pipe"] });
  const process_ = watch(child, "nginx");
  const url = `http://127.0.0.1:${port}`;
  await process_.until(async () => (await fetch(`${url}/-/readyz`)).status < 500);
  return { url, port, host: `127.0.0.1:${port}`, stop: process_.stop };
}

/// `countersign proxy` in front of `upstream` (a URL), with the key of the tests: `{url, log(), stop()}`.
export async function startSigningProxy(upstream) {
  const binary = resolve(process.env.COUNTERSIGN_BIN ?? join(CONFORMANCE, "../target/release/countersign"));
  const child = spawn(binary, ["proxy", "--upstream", upstream, "--listen", "127.0.0.1:0", "--region", REGION], {
    env: { PATH: process.env.PATH, AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId, AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const process_ = watch(child, "countersign proxy");
  const listening = () => process_.log().match(/S3 +(http:\S+)/);
  await process_.until(async () => listening() !== null);
  return { url: listening()[1], log: process_.log, stop: process_.stop };
}

function watch(child, name) {
  let output = "";
  let ended = null;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => { output = (output + text).slice(-64 * 1024); });
  }
  const exit = new Promise((done) => {
    child.once("exit", (code, signal) => { ended = signal ?? code; done(); });
    child.once("error", (error) => { ended = error.message; done(); });
  });
  // A test that fails before it stops its child must not keep this process from ending, and from ending the child.
  const handles = [child, child.stdout, child.stderr];
  handles.forEach((handle) => handle.unref());
  const end = () => { if (ended === null) child.kill("SIGKILL"); };
  cleanups.push(end);
  return {
    log: () => output,
    stop: async () => { handles.forEach((handle) => handle.ref()); end(); await exit; },
    until: async (ready) => {
      for (const deadline = Date.now() + 60_000; ; await sleep(25)) {
        if (ended !== null) throw new Error(`${name} ended (${ended}) before it was ready:\n${output}`);
        if (await ready().catch(() => false)) return;
        if (Date.now() > deadline) { end(); throw new Error(`${name} was not ready in time:\n${output}`); }
      }
    },
  };
}

let buckets = 0;
export const bucketName = (about) => `${about}-${process.pid}-${++buckets}-${randomBytes(3).toString("hex")}`;

/// The value of `x-countersign-diagnosis`: `HST-PROXY; status=proven; slot=host` as `{ids, status, slot}`.
export function parseDiagnosis(value) {
  if (typeof value !== "string") throw new Error(`no x-countersign-diagnosis header, but ${value}`);
  const [ids, ...parameters] = value.split(";").map((part) => part.trim());
  return { ids: ids.split(",").map((id) => id.trim()), ...Object.fromEntries(parameters.map((pair) => pair.split("=", 2))) };
}

/// Keys that people's uploads break on. Each stays one object with exactly this name.
export const DIFFICULT_KEYS = [
  "equals=sign.txt", "at@sign.txt", "paren(1).txt", "plus+plus.txt", "a blank.txt", "two  blanks", "amp&ersand", "100%", "per%20cent", "%2F",
  "double//slash", "/leading/slash", "trailing/slash/", "../../x", "a/./b", "a/../b", "é", "e\u0301", "日本語/ファイル.txt", "😀", "tilde~", "single'quote", 'double"quote',
  "star*", "question?mark", "hash#mark", "semi;colon,comma", "a:b", "[brackets]{braces}", "back\\slash", "<tag>", "`tick`|pipe^caret", "$dollar!bang", "?acl", "uploads?",
];

/// The row of `docs/clients.md` about `client`: column title -> cell without its backticks.
export function documented(client) {
  const rows = readFileSync(join(CONFORMANCE, "../docs/clients.md"), "utf8").split("\n").filter((line) => line.startsWith("|"))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim().replace(/^`(.*)`$/, "$1")));
  const row = rows.find((cells) => cells[0] === client);
  if (!row) throw new Error(`docs/clients.md has no row for ${client}`);
  return Object.fromEntries(rows[0].map((title, index) => [title, row[index]]));
}
