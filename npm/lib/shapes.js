// Requests, headers and times in the shapes that people have them, made into the few that the addon reads.
//
// Not here: reading bodies, which may be streams and not ours to drain.
"use strict";

/** Headers as pairs: of a Headers, a Map, pairs, an object whose values are texts or lists of texts, axios's headers. */
function pairs(headers) {
  if (!headers) return [];
  if (typeof headers.toJSON === "function" && typeof headers.get === "function" && typeof headers.entries !== "function") headers = headers.toJSON();
  const entries = typeof headers.entries === "function" ? [...headers.entries()] : typeof headers[Symbol.iterator] === "function" ? [...headers] : Object.entries(headers);
  return entries.flatMap(([name, value]) => {
    const values = Array.isArray(value) ? value : [value];
    return values.filter((one) => one !== undefined && one !== null && typeof one !== "function").map((one) => [String(name), String(one)]);
  });
}

/** What a `Request` or `fetch` sets by itself for this kind of body, unless it is told otherwise. */
function contentType(body) {
  if (typeof body === "string") return "text/plain;charset=UTF-8";
  if (body instanceof URLSearchParams) return "application/x-www-form-urlencoded;charset=UTF-8";
  if (typeof Blob === "function" && body instanceof Blob && body.type) return body.type;
  return undefined;
}

function bodyBytes(body) {
  if (typeof body === "string") return Buffer.byteLength(body);
  if (body instanceof Uint8Array || body instanceof ArrayBuffer) return body.byteLength;
  return undefined;
}

/** `!'()*` are encoded, too, as the SDK does. */
const escapeUri = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** The query of an `HttpRequest` of version 3, as its handlers write it. */
function queryString(query) {
  const parts = Object.keys(query ?? {}).sort().flatMap((name) => {
    const value = query[name];
    const key = escapeUri(name);
    if (Array.isArray(value)) return value.map((one) => `${key}=${escapeUri(one)}`);
    return value || typeof value === "string" ? [`${key}=${escapeUri(value)}`] : [key];
  });
  return parts.length ? `?${parts.join("&")}` : "";
}

/** An `HttpRequest` of the SDK version 3. */
function ofHttpRequest(request) {
  const port = request.port ? `:${request.port}` : "";
  const path = request.path?.startsWith("/") ? request.path : `/${request.path ?? ""}`;
  return {
    method: request.method,
    url: `${request.protocol ?? "https:"}//${request.hostname}${port}${path}${queryString(request.query)}`,
    headers: pairs(request.headers),
    bodyBytes: bodyBytes(request.body),
  };
}

/** An `AWS.HttpRequest` of the SDK version 2. */
function ofHttpRequestV2(request) {
  const { protocol, host } = request.endpoint;
  return { method: request.method, url: `${protocol}//${host}${request.path}`, headers: pairs(request.headers), bodyBytes: bodyBytes(request.body) };
}

/** What Node's `http` sent: the head, as it stood on the wire. */
function ofClientRequest(request) {
  const head = typeof request._header === "string" ? request._header.split("\r\n").slice(1).filter(Boolean) : [];
  const headers = head.length ? head.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]) : pairs(request.getHeaders?.());
  return { method: request.method, url: `${request.protocol}//${request.getHeader?.("host") ?? request.host}${request.path}`, headers };
}

/** A request in any of the shapes that people have; `url` where they gave none. */
function requestOf(request, url) {
  if (!request) return url ? { method: "", url: String(url), headers: [] } : undefined;
  if (request.endpoint?.protocol && typeof request.path === "string") return ofHttpRequestV2(request);
  if (typeof request.hostname === "string" && typeof request.path === "string") return ofHttpRequest(request);
  if (typeof request.getHeaders === "function" && typeof request.path === "string") return ofClientRequest(request);
  const target = request.url ?? url;
  if (!target) return undefined;
  const headers = pairs(request.headers);
  const has = (name) => headers.some(([other]) => other.toLowerCase() === name);
  // A `Request` has it among its headers; what was given to fetch has not.
  const implied = contentType(request.body);
  if (implied && !has("content-type")) headers.push(["content-type", implied]);
  return { method: (request.method ?? "GET").toUpperCase(), url: String(target), headers, bodyBytes: bodyBytes(request.body) };
}

/** Seconds since 1970 of a Date, a text or a number of milliseconds. */
function seconds(time) {
  if (time === undefined || time === null) return undefined;
  const milliseconds = time instanceof Date ? time.getTime() : new Date(time).getTime();
  if (Number.isNaN(milliseconds)) throw new TypeError(`countersign: ${String(time)} is no time`);
  return Math.floor(milliseconds / 1000);
}

/** Secrets apart from the rest, which is written as JSON. A provider is a function and gives its credentials later. */
function apart(credentials) {
  if (typeof credentials === "function") throw new TypeError("countersign: credentials are a provider; await it and hand in what it gives");
  const { secretAccessKey, ...rest } = credentials ?? {};
  return { secret: typeof secretAccessKey === "string" ? secretAccessKey : undefined, rest };
}

/** JSON whose texts are whole: half of a surrogate pair becomes the replacement character. */
const wholeJson = (value) => JSON.stringify(value, (_, inner) => (typeof inner === "string" ? Buffer.from(inner).toString() : inner));

module.exports = { apart, ofHttpRequest, ofHttpRequestV2, pairs, requestOf, seconds, wholeJson };
