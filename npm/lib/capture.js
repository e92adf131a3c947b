// Keeps what was signed, sent and answered for the errors of a client, so that an error alone can be explained.
//
// What is kept hangs on the error object by a WeakMap: nothing prints it, and it goes when the error goes. Not here: explaining. Keeps
// true: a client with this sends the same bytes and gets the same answers as without; only the body of an error is read here first and
// handed on whole.
"use strict";

const { addon } = require("./native.js");
const { ofHttpRequest, ofHttpRequestV2, pairs } = require("./shapes.js");

const kept = new WeakMap();

/** What was captured of an error, with the credentials that signed. */
const keptOf = (error) => (typeof error === "object" && error !== null ? kept.get(error) : undefined);

function keep(error, exchange) {
  if (typeof error === "object" && error !== null) kept.set(error, exchange);
}

/** Puts cause and cure behind the message, unless the server said them there. Whatever goes wrong here, the error stays what it is. */
function annotated(error) {
  try {
    // Explaining needs this file.
    const { message, causes } = require("./explain.js").explain(error);
    const ids = causes.map(({ id }) => id);
    if (message && !ids.some((id) => error.message.includes(`(${id}`))) error.message = `${error.message} ${message}`;
  } catch {
    // A message that cannot be written, or an addon that fails: the caller wants the error and not ours.
  }
}

/** The bytes of a body, however it comes. */
async function bytesOf(body) {
  if (!body || typeof body === "string" || body instanceof Uint8Array) return Buffer.from(body ?? "");
  const stream = typeof body.stream === "function" ? body.stream() : body;
  const chunks = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** The credentials that a request of version 3 was signed with. */
const identityOf = (context) => context.__smithy_context?.selectedHttpAuthScheme?.identity;

function applyToStack(stack, { annotate = false } = {}) {
  // Whoever wants explanations hears at once if there can be none.
  if (annotate) addon();
  const exchanges = new WeakMap();

  // Next after the signer, in each attempt: what it left. What goes wrong below comes by here with the answer.
  const signed = (next, context) => async (args) => {
    const exchange = { capture: { countersign: 1, signed: ofHttpRequest(args.request) }, credentials: identityOf(context) };
    exchanges.set(context, exchange);
    try {
      return await next(args);
    } catch (error) {
      keep(error, exchange);
      throw error;
    }
  };

  // Next to the network: what is sent, and what is answered.
  const sent = (next, context) => async (args) => {
    const { capture } = exchanges.get(context) ?? {};
    if (capture) capture.sent = ofHttpRequest(args.request);
    const result = await next(args);
    const { response } = result;
    if (capture && response?.statusCode >= 300) {
      const body = await bytesOf(response.body);
      response.body = body;
      capture.answer = { status: response.statusCode, headers: pairs(response.headers), body: body.toString() };
    }
    return result;
  };

  // Around all attempts: the error that the caller gets.
  const told = (next) => async (args) => {
    try {
      return await next(args);
    } catch (error) {
      if (annotate && keptOf(error)) annotated(error);
      throw error;
    }
  };

  const signs = (stack.identify?.() ?? []).some((name) => /httpSigningMiddleware|awsAuthMiddleware/.test(name));
  const name = (what) => `countersign${what}Middleware`;
  if (signs) stack.addRelativeTo(signed, { name: name("Signed"), relation: "after", toMiddleware: "awsAuthMiddleware", override: true });
  else stack.add(signed, { name: name("Signed"), step: "finalizeRequest", priority: "low", override: true });
  stack.add(sent, { name: name("Sent"), step: "deserialize", priority: "low", override: true });
  stack.add(told, { name: name("Told"), step: "initialize", priority: "high", override: true });
}

const plugin = Object.assign((options) => ({ applyToStack: (stack) => applyToStack(stack, options) }), {
  applyToStack: (stack) => applyToStack(stack),
});

function captureV2(client, { annotate = false } = {}) {
  if (annotate) addon();
  const before = client.customRequestHandler;
  client.customizeRequests((request) => {
    before?.call(client, request);
    let signed;
    request.on("sign", () => { signed = ofHttpRequestV2(request.httpRequest); });
    request.on("error", (error, { httpResponse }) => {
      const { statusCode, headers, body } = httpResponse ?? {};
      const answer = statusCode ? { status: statusCode, headers: pairs(headers), body: body?.toString() ?? "" } : undefined;
      const { accessKeyId, secretAccessKey, sessionToken } = client.config.credentials ?? {};
      keep(error, {
        capture: { countersign: 1, signed, sent: ofHttpRequestV2(request.httpRequest), answer },
        credentials: { accessKeyId, secretAccessKey, sessionToken },
      });
      if (annotate) annotated(error);
    });
  });
}

/** Captures the errors of a client of either version. */
function capture(client, options) {
  if (typeof client?.middlewareStack?.use === "function") client.middlewareStack.use(plugin(options));
  else if (typeof client?.customizeRequests === "function") captureV2(client, options);
  else throw new TypeError("countersign: capture() takes a client of the AWS SDK for JavaScript, version 2 or 3");
  return client;
}

module.exports = { capture, captured: (error) => keptOf(error)?.capture, keptOf, plugin };
