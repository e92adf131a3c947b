// Signs what it is told with the signer of the SDK for JavaScript, one line of JSON after the other.
import { createHash, createHmac } from "node:crypto";
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";

import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";

class Sha256 {
  constructor(secret) { this.hash = secret ? createHmac("sha256", secret) : createHash("sha256"); }
  update(data) { this.hash.update(data); }
  async digest() { return this.hash.digest(); }
}

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line);
  const url = new URL(job.url);
  const query = {};
  for (const [name, value] of url.searchParams) query[name] = value;
  const headers = { host: url.host, ...Object.fromEntries(job.headers ?? []) };
  const signer = new SignatureV4({
    service: job.service, region: job.region, sha256: Sha256, uriEscapePath: job.double ?? false, applyChecksum: job.checksum ?? true,
    credentials: { accessKeyId: job.key, secretAccessKey: job.secret, sessionToken: job.token },
  });
  // As it stands in the job: the URL of the platform would tidy it up.
  const path = job.url.slice(job.url.indexOf("/", job.url.indexOf("//") + 2)).split("?")[0];
  const request = new HttpRequest({ method: job.method, protocol: url.protocol, hostname: url.hostname, port: url.port || undefined, path, query, headers, body: job.body ?? "" });
  const options = { signingDate: new Date(job.time * 1000), signableHeaders: job.signable && new Set(job.signable) };
  const signed = job.kind === "link" ? await signer.presign(request, { ...options, expiresIn: job.expires ?? 300 }) : await signer.sign(request, options);
  writeSync(1, `${JSON.stringify({ headers: Object.entries(signed.headers), query: signed.query })}\n`);
}
