//! @aws-sdk/client-iam, client-sts and credential-providers (v3): users and roles made by one client are obeyed for another, and
//! one-time links are fetched by `fetch`.
//!
//! What IAM answers in detail is tested with boto3, in `python/test_iam.py` and `python/test_sts.py`.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { CreateAccessKeyCommand, CreateRoleCommand, CreateUserCommand, DeleteAccessKeyCommand, DeleteRoleCommand, DeleteRolePolicyCommand, IAMClient, PutRolePolicyCommand, PutUserPolicyCommand } from "@aws-sdk/client-iam";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromTemporaryCredentials } from "@aws-sdk/credential-providers";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { randomBytes } from "node:crypto";
import { admin } from "./admin.js";
import { CREDENTIALS, REGION, bucketName, startServer } from "./harness.js";

let server, iam, s3, bucket;
const ACCOUNT = "000000000001";
const named = (about) => `${about}-${randomBytes(4).toString("hex")}`;
const settings = (credentials) => ({ endpoint: server.url, region: REGION, credentials, maxAttempts: 1 });
const s3As = (credentials) => new S3Client({ ...settings(credentials), forcePathStyle: true });
const document = (...statements) => JSON.stringify({ Version: "2012-10-17", Statement: statements });
const allow = (Action, Resource = "*") => ({ Effect: "Allow", Action, Resource });

before(async () => {
  server = await startServer();
  iam = new IAMClient(settings(CREDENTIALS));
  s3 = s3As(CREDENTIALS);
  bucket = bucketName("identity");
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: "k", Body: "hello" }));
});
after(async () => { iam?.destroy(); s3?.destroy(); await server?.stop(); });

const refused = async (promise, name, status) => {
  const error = await promise.then(() => assert.fail(`expected ${name}`), (error) => error);
  assert.equal(error.name, name, error.message);
  assert.equal(error.$metadata?.httpStatusCode, status);
  return error;
};
const get = (client, Key = "k") => client.send(new GetObjectCommand({ Bucket: bucket, Key }));

async function user(...statements) {
  const UserName = named("user");
  const { User } = await iam.send(new CreateUserCommand({ UserName }));
  if (statements.length) await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: "own", PolicyDocument: document(...statements) }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return { UserName, arn: User.Arn, credentials: { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey } };
}

async function role(principal, ...statements) {
  const RoleName = named("role");
  const trust = document({ Effect: "Allow", Principal: principal, Action: "sts:AssumeRole" });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "own", PolicyDocument: document(...statements) }));
  return Role;
}

test("js-v3 a user of IAM may do what its policy allows until its key is deleted", async () => {
  const { UserName, credentials } = await user(allow("s3:GetObject", `arn:aws:s3:::${bucket}/*`));
  const theirs = s3As(credentials);
  assert.equal(await (await get(theirs)).Body.transformToString(), "hello");
  const error = await refused(theirs.send(new PutObjectCommand({ Bucket: bucket, Key: "k", Body: "x" })), "AccessDenied", 403);
  assert.match(error.message, new RegExp(`^User: arn:aws:iam::${ACCOUNT}:user/${UserName} is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::${bucket}/k" because no identity-based policy allows the s3:PutObject action`));
  await iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: credentials.accessKeyId }));
  await refused(get(theirs), "InvalidAccessKeyId", 403);
  theirs.destroy();
});

test("js-v3 a client that assumes a role by itself holds no lasting key of that role", async () => {
  const { arn, credentials } = await user();
  const made = await role({ AWS: arn }, allow("s3:GetObject"));
  const provider = fromTemporaryCredentials({ masterCredentials: credentials, params: { RoleArn: made.Arn, RoleSessionName: "page" }, clientConfig: { endpoint: server.url, region: REGION } });
  const theirs = s3As(provider);
  assert.equal(await (await get(theirs)).Body.transformToString(), "hello");
  const sts = new STSClient(settings(provider));
  assert.equal((await sts.send(new GetCallerIdentityCommand({}))).Arn, `arn:aws:sts::${ACCOUNT}:assumed-role/${made.RoleName}/page`);
  sts.destroy();
  theirs.destroy();
});

test("js-v3 a session ends with its role", async () => {
  const { arn, credentials } = await user();
  const made = await role({ AWS: arn }, allow("s3:GetObject"));
  const sts = new STSClient(settings(credentials));
  const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn: made.Arn, RoleSessionName: "short" }));
  const theirs = s3As({ accessKeyId: Credentials.AccessKeyId, secretAccessKey: Credentials.SecretAccessKey, sessionToken: Credentials.SessionToken });
  await get(theirs);
  await iam.send(new DeleteRolePolicyCommand({ RoleName: made.RoleName, PolicyName: "own" }));
  await refused(get(theirs), "AccessDenied", 403);
  await iam.send(new DeleteRoleCommand({ RoleName: made.RoleName }));
  const error = await get(theirs).then(() => assert.fail("it goes on"), (error) => error);
  assert.ok(["ExpiredToken", "InvalidToken", "InvalidAccessKeyId"].includes(error.name), `${error.name}: ${error.message}`);
  sts.destroy();
  theirs.destroy();
});

// One-time links, as docs/one-time-links.md makes them.

function oneTimeLink(command, expiresIn) {
  const once = (next) => (args) => {
    args.request.query["x-countersign-once"] = "1";
    return next(args);
  };
  command.middlewareStack.add(once, { step: "build" });
  return getSignedUrl(s3, command, { expiresIn });
}

test("js-v3 an application with a token for a role holds no key, and the SDK fetches its credentials", async () => {
  const { RoleName } = await role({ Service: "credentials.countersign" }, allow("s3:GetObject", `arn:aws:s3:::${bucket}/*`));
  const made = await admin(server, "POST", "/api/v1/credential-tokens", { role: RoleName });
  const { id, token } = JSON.parse(made.body);
  // What is in the environment of these tests must not come first.
  const names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"];
  for (const name of names) delete process.env[name];
  process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI = `${server.adminUrl}/api/v1/credentials/${RoleName}`;
  process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN = token;
  const theirs = s3As(undefined);
  assert.equal(await (await get(theirs)).Body.transformToString(), "hello");
  await refused(theirs.send(new PutObjectCommand({ Bucket: bucket, Key: "k", Body: "no" })), "AccessDenied", 403);
  const { Arn } = await new STSClient(settings(undefined)).send(new GetCallerIdentityCommand({}));
  assert.equal(Arn, `arn:aws:sts::${ACCOUNT}:assumed-role/${RoleName}/token-${id}`);
  // A client made after the token was revoked gets none.
  assert.equal((await admin(server, "DELETE", `/api/v1/credential-tokens/${id}`)).status, 200);
  const refusal = await get(s3As(undefined)).then(() => assert.fail("it got credentials"), (error) => error);
  assert.equal(refusal.name, "CredentialsProviderError", refusal.message);
});

const isUsed = async (answer) => {
  const text = await answer.text();
  assert.equal(answer.status, 403, text);
  assert.match(text, /<Code>AccessDenied<\/Code><Message>Request has been used already\. The link works once and was used /);
  assert.match(answer.headers.get("x-countersign-diagnosis"), /^PRE-USED; /);
};

test("js-v3 a one-time link of getSignedUrl is fetched once", async () => {
  const link = await oneTimeLink(new GetObjectCommand({ Bucket: bucket, Key: "k" }), 3600);
  assert.match(link, /[?&]x-countersign-once=1(&|$)/);
  assert.equal(await (await fetch(link)).text(), "hello");
  await isUsed(await fetch(link));
});

test("js-v3 a one-time link uploads once, and what was refused does not count", async () => {
  const link = await oneTimeLink(new PutObjectCommand({ Bucket: bucket, Key: "once" }), 3600);
  const wrong = await fetch(link, { method: "PUT", body: "hello", headers: { "content-md5": "AAAAAAAAAAAAAAAAAAAAAA==" } });
  assert.equal(wrong.status, 400, await wrong.text());
  const answers = await Promise.all(Array.from({ length: 12 }, (_, number) => fetch(link, { method: "PUT", body: `from ${number}` })));
  const winners = answers.flatMap((answer, number) => (answer.ok ? [number] : []));
  assert.equal(winners.length, 1, `${winners}`);
  assert.equal(await (await get(s3, "once")).Body.transformToString(), `from ${winners[0]}`);
  await isUsed(await fetch(link, { method: "PUT", body: "again" }));
});
