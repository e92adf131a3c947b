// What people write in TypeScript with the npm package: this must compile. It is never run.
import { S3Client } from "@aws-sdk/client-s3";
import { type Captured, type Cause, type Explanation, type Finding, capture, captured, explain, plugin, validate } from "countersign";

const client: S3Client = capture(new S3Client({}), { annotate: true });
client.middlewareStack.use(plugin);
client.middlewareStack.use(plugin({ annotate: true }));

export async function told(error: unknown, response: Response): Promise<string> {
  const explanation: Explanation = explain(error);
  const [cause]: Cause[] = explanation.causes;
  const kept: Captured | undefined = captured(error);
  const ofLink = explain(response, { request: { method: "PUT", headers: { "content-type": "image/png" }, body: "x" }, body: await response.text() });
  const withKey = explain("text", { credentials: { accessKeyId: "a", secretAccessKey: "b" }, region: "us-east-1", endpoint: "https://h" });
  const findings: Finding[] = validate({
    bucket: "b", key: "k", metadata: { a: "b" }, headers: new Headers(), url: new URL("https://h/?x"), expiresIn: 60,
    now: new Date(), serverDate: "Wed, 01 Jan 2025 00:00:00 GMT", credentials: { accessKeyId: "a", expiration: new Date() },
  });
  const changed = explanation.texts?.canonicalRequest.map((line) => (typeof line === "string" ? line : line.received ?? ""));
  const known: string = `${explanation.otherwise} ${explanation.culprit?.kind ?? ""} ${explanation.tried?.hashedBytes ?? 0} ${changed?.length ?? 0}`;
  return `${known} ${cause?.id ?? ""} ${kept?.signed?.headers[0]?.[1] ?? ""} ${ofLink.lines?.[0]?.same ?? ""} ${withKey.message} ${findings[0]?.severity ?? ""}`;
}
