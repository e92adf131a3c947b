//! Reads the admin API as root does: a request signed for the service `countersign`.
//!
//! The signature is made by the SDK's own signer, so the server's word for its service is tested by a foreign hand.

import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import { HttpRequest } from "@smithy/protocol-http";
import { CREDENTIALS, REGION } from "./harness.js";

class Sha256 {
  constructor(secret) { this.hash = secret ? createHmac("sha256", secret) : createHash("sha256"); }
  update(data) { this.hash.update(data); }
  async digest() { return new Uint8Array(this.hash.digest()); }
}

/// The diagnosis on record for a request id: `{status, causes: [...]}`.
export async function refusal(server, requestId) {
  const { status, body } = await adminGet(server, `/api/v1/refusals/${requestId}`);
  if (status !== 200) throw new Error(`no refusal on record for ${requestId}: ${status} ${body}`);
  return JSON.parse(body).diagnosis;
}

export const adminGet = (server, path, credentials = CREDENTIALS) => admin(server, "GET", path, undefined, credentials);

/// One call of the admin API; `document` is sent as JSON.
export async function admin(server, method, path, document, credentials = CREDENTIALS) {
  const { hostname, port } = new URL(server.adminUrl);
  const body = document && JSON.stringify(document);
  const signer = new SignatureV4({ service: "countersign", region: REGION, credentials, sha256: Sha256 });
  const request = await signer.sign(new HttpRequest({ method, protocol: "http:", hostname, port: Number(port), path, body, headers: { host: `${hostname}:${port}`, ...(body && { "content-type": "application/json" }) } }));
  const response = await fetch(server.adminUrl + path, { method, body, headers: request.headers });
  return { status: response.status, body: await response.text() };
}
