// explain(): makes of an error, a response or a text what the addon reads, and of its answer an explanation.
//
// Not here: what a refusal means, which is the addon's to find out. Keeps true: nothing that is handed in is changed, and no stream is
// drained.
"use strict";

const { inspect } = require("node:util");
const { addon } = require("./native.js");
const { keptOf } = require("./capture.js");
const { apart, pairs, requestOf, wholeJson } = require("./shapes.js");

/** Levels of objects within an error that are looked at. */
const DEPTH_MAX = 4;

/** What JSON can hold of an error's own fields. */
function plain(value, depth = 0) {
  if (typeof value !== "object" || value === null) return ["string", "number", "boolean"].includes(typeof value) ? value : undefined;
  if (depth > DEPTH_MAX) return undefined;
  if (Array.isArray(value)) return value.map((inner) => plain(inner, depth + 1));
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== "$response").map(([name, inner]) => [name, plain(inner, depth + 1)]));
}

const fields = (error) => ({ ...plain(error), name: error.name, message: error.message });

const textOf = (body) => (body === undefined || body === null ? "" : typeof body === "string" ? body : body instanceof Uint8Array ? Buffer.from(body).toString() : "");

/** Request and answer of whatever was thrown or received; undefined if it is none of what is known. */
function exchangeOf(subject, { request, body }) {
  const sent = (url) => requestOf(request, url);
  if (subject.isAxiosError || (subject.config && subject.request && subject.status !== undefined)) {
    const answer = subject.isAxiosError ? subject.response : subject;
    const config = subject.config ?? {};
    return {
      sent: sent() ?? requestOf(subject.request) ?? requestOf({ method: config.method, url: config.url, headers: config.headers, body: config.data }),
      answer: answer && { status: answer.status, headers: pairs(answer.headers), body: textOf(body ?? answer.data) },
    };
  }
  if (subject.$metadata || subject.$fault) {
    const answer = { status: subject.$metadata?.httpStatusCode ?? subject.$response?.statusCode, headers: pairs(subject.$response?.headers), body: textOf(body), error: fields(subject) };
    return { sent: sent(), answer };
  }
  // A Response of fetch, and what undici.request and http give.
  const status = subject.status ?? subject.statusCode;
  if (typeof status === "number" && subject.headers && !(subject instanceof Error)) {
    return { sent: sent(subject.url || undefined), answer: { status, headers: pairs(subject.headers), body: textOf(body) } };
  }
  if (subject instanceof Error && typeof subject.code === "string") {
    return { sent: sent(), answer: { status: subject.statusCode, body: textOf(body), error: fields(subject) } };
  }
  return undefined;
}

function textFor(subject, options) {
  const kept = keptOf(subject);
  if (kept) return wholeJson(kept.capture);
  if (typeof subject === "string" && !options.request) return subject;
  const exchange = typeof subject === "string"
    ? { sent: requestOf(options.request), answer: { body: subject } }
    : typeof subject === "object" && subject !== null ? exchangeOf(subject, options) : undefined;
  if (exchange) return wholeJson({ countersign: 1, ...exchange });
  return inspect(subject, { depth: DEPTH_MAX });
}

function explain(subject, options = {}) {
  const { secret, rest } = apart(options.credentials ?? keptOf(subject)?.credentials);
  const hosts = options.endpoint ? [new URL(options.endpoint).host] : [];
  const known = { accessKeyId: rest.accessKeyId, region: options.region, hosts, now: Math.floor(Date.now() / 1000) };
  const { explain: find } = addon();
  try {
    return JSON.parse(find(textFor(subject, options), wholeJson(known), secret));
  } catch (error) {
    if (error.code !== "InvalidArg") throw error;
    return { version: 1, form: null, status: "unknown", causes: [], byServer: null, ruledOut: [], message: "", lines: null, notes: [error.message], text: `${error.message}\n` };
  }
}

module.exports = { explain };
