/** A request as it was signed or sent. */
export interface Sent {
  method: string;
  url: string;
  headers: Array<[name: string, value: string]>;
  bodyBytes?: number;
}

/** What was captured of a request and its answer. `JSON.stringify` of it is something that `countersign explain` reads. */
export interface Captured {
  countersign: 1;
  /** The request as the signer left it. */
  signed?: Sent;
  /** The request as it was handed to the network. */
  sent?: Sent;
  answer?: { status?: number; headers?: Array<[string, string]>; body?: string; error?: Record<string, unknown> };
}

/** With what a request was signed. The secret stays in this process. */
export interface Credentials {
  accessKeyId?: string;
  secretAccessKey?: string;
  sessionToken?: string;
  expiration?: Date | string | number;
}

export type HeadersLike =
  | Iterable<readonly [string, string]>
  | Record<string, string | number | readonly string[] | undefined>
  | { entries(): IterableIterator<[string, string]> };

export interface RequestLike {
  method?: string;
  url?: string | URL;
  headers?: HeadersLike;
  body?: unknown;
}

export interface ExplainOptions {
  /** The request that was refused, where neither the error nor a capture has it: what was given to `fetch`, a `Request`, a v3 `HttpRequest`. */
  request?: RequestLike | object;
  /** The text of the answer, where the answer was a `Response` whose text was read. */
  body?: string | Uint8Array;
  /** With what was signed. With the plugin it is there already. */
  credentials?: Credentials;
  /** The region of the server, if the answer does not name it. */
  region?: string;
  /** The endpoint that the client was told to use. */
  endpoint?: string | URL;
}

/** How sure it is. */
export type Status = "proven" | "exact" | "inferred" | "unproven" | "skipped" | "unknown";

export interface Cause {
  /** Stable id; `npx countersign explain ID` prints its page. */
  id: string;
  proof: "hmac" | "exact" | "infer";
  /** The part of the request, for example `host` or `header:content-type`. */
  slot: string;
  title: string;
  /** What happened. */
  what: string;
  signed?: string;
  received?: string;
  /** What to change. */
  cure: string;
  also?: string[];
  ambiguity?: string;
  url: string;
}

export interface Line {
  what: string;
  signed: string | null;
  received: string | null;
  same: boolean;
}

/** Who probably did it, and by what that is told. */
export interface Culprit {
  kind: "proxy" | "browser" | "sdk" | "user" | "clock" | "credentials";
  evidence: string;
}

/** What a search with the secret tried. */
export interface Tried {
  singles: number;
  pairs: number;
  hashedBytes: number;
  cutShort: boolean;
  pairsLeft?: boolean;
  microseconds?: number;
}

/** Both canonical requests; a line that is the same on both sides is a text. */
export interface Texts {
  differs: "key" | "lines";
  canonicalRequest: Array<string | { signed?: string; received?: string }>;
}

/** What is known of a refusal: the document that `countersign explain --json` prints, and the text it prints without. */
export interface Explanation {
  version: 1;
  form: string | null;
  status: Status;
  causes: Cause[];
  /** What the server said itself, if it is one that explains. */
  byServer: string | null;
  ruledOut: string[];
  /** Whether the signature is right apart from what the request was refused for. */
  otherwise: "valid" | "invalid" | "unknown";
  culprit?: Culprit;
  tried?: Tried;
  /** Cause and cure in one sentence; empty if nothing is known. */
  message: string;
  /** Both canonical requests line by line, where both are known. */
  lines: Line[] | null;
  /** The same in the shape of the server's document. */
  texts?: Texts;
  notes: string[];
  text: string;
}

/**
 * Says why a request was refused.
 *
 * Takes an error of the AWS SDK for JavaScript, version 2 or 3, of axios, a `Response` (with its text in `options.body`), or any text that
 * `countersign explain` reads. Never throws for what it cannot read: then the status is `unknown`, and a note says why.
 */
export function explain(error: unknown, options?: ExplainOptions): Explanation;

export interface ValidateParams {
  bucket?: string;
  key?: string;
  /** User metadata, names without `x-amz-meta-`. */
  metadata?: Record<string, string>;
  /** Headers that are sent, with a link or without. */
  headers?: HeadersLike;
  /** The method that a link is used with. */
  method?: string;
  /** A link that was made already. */
  url?: string | URL;
  /** Seconds that a link shall live. */
  expiresIn?: number;
  requestChecksumCalculation?: "WHEN_SUPPORTED" | "WHEN_REQUIRED";
  region?: string;
  endpoint?: string | URL;
  forcePathStyle?: boolean;
  credentials?: Credentials;
  /** The time here; without it, it is asked for. */
  now?: Date | string | number;
  /** The server's time, for example the `Date` header of any answer. */
  serverDate?: Date | string | number;
}

export interface Finding {
  /** Stable name. */
  rule: string;
  /** The parameter that it is about. */
  field: string;
  /** `error`: S3 refuses it, or the signature cannot match. `warning`: allowed, and goes wrong in some clients, proxies or servers. */
  severity: "error" | "warning";
  what: string;
  cure: string;
  /** The cause of the refusal that it leads to; `npx countersign explain ID` prints its page. */
  cause?: string;
}

/** Says what is wrong with parameters before a request is made with them. What is not given is not looked at. */
export function validate(params: ValidateParams): Finding[];

export interface CaptureOptions {
  /** Put cause and cure behind the message of errors. */
  annotate?: boolean;
}

/** For `client.middlewareStack.use(..)` of the SDK version 3: itself, or what it gives when it is called with options. */
export interface Plugin {
  (options?: CaptureOptions): { applyToStack(stack: any): void };
  applyToStack(stack: any): void;
}

/** Keeps, for each error of a client, what was signed, sent and answered, so that `explain(error)` needs nothing else. */
export const plugin: Plugin;

/** The same for a client of either version; gives the client back. */
export function capture<Client extends object>(client: Client, options?: CaptureOptions): Client;

/** What was captured of this error; it holds no secret, but signature and session token. */
export function captured(error: unknown): Captured | undefined;
