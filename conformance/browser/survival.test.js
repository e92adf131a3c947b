//! A large upload with a wrong secret from a page in Chromium: every try ends in an answer that the page can read.
//!
//! The server refuses as soon as it has the head of the request, while the browser is still sending. A browser that was reset tells the
//! page "Failed to fetch" and nothing else.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { CREDENTIALS, WRONG_SECRET } from "../javascript/harness.js";
import { setStage } from "./stage.js";

const TRIES = Number(process.env.COUNTERSIGN_BROWSER_TRIES ?? 20);
const SIZE = 64 * 1024 * 1024;
const wrongSecret = { ...CREDENTIALS, secretAccessKey: WRONG_SECRET };
let stage, bucket, link;

before(async () => {
  stage = await setStage();
  ({ bucket } = stage);
  link = await stage.backend.uploadLink(stage.client({ credentials: wrongSecret }), bucket, "large.png", "image/png");
});
after(() => stage?.stop());

/// Counts how each try ended; one that did not end in the explanation is shown with its error.
async function everyTry(tries, attempt) {
  const page = await stage.browser.open();
  await page.evaluate((length) => { globalThis.large = file({ length }); }, SIZE);
  const endings = {};
  for (let turn = 0; turn < tries; turn++) {
    const { code, message, causes } = await attempt(page);
    const isExplained = code === "SignatureDoesNotMatch" && /secret/.test(message) && causes[0] === "SEC-WRONG";
    const ending = isExplained ? "explained" : `${code}: ${message} (${causes})`;
    endings[ending] = (endings[ending] ?? 0) + 1;
  }
  assert.deepEqual(endings, { explained: tries });
  await page.context().close();
}

test(`browser 64 MiB by fetch with a wrong secret ends in the explanation, ${TRIES} of ${TRIES}`, () =>
  everyTry(TRIES, async (page) => (await page.evaluate((link) => outcome(() => docs.putByFetch(link, large)), link)).error));

test("browser 64 MiB by XMLHttpRequest with a wrong secret ends in the explanation", () =>
  everyTry(5, async (page) => (await page.evaluate((link) => outcome(() => docs.putByXhr(link, large, () => {})), link)).error));

test("browser 64 MiB by a form with a wrong secret ends in the explanation", async () => {
  const form = await stage.backend.uploadForm(stage.client({ credentials: wrongSecret }), bucket, "forms");
  await everyTry(5, async (page) => (await page.evaluate((form) => outcome(() => docs.postForm(form, large)), form)).error);
});

test("browser 64 MiB by the SDK in the page with a wrong secret ends in the explanation", () =>
  everyTry(3, async (page) => {
    const { error } = await page.evaluate(
      ({ url, credentials, bucket }) => outcome(() => docs.putBySdk(docs.sdk(url, credentials, { maxAttempts: 1 }), bucket, "large.png", large)),
      { url: stage.server.url, credentials: wrongSecret, bucket },
    );
    return { code: error.name, message: error.message, causes: [error.Diagnosis?.Cause].flat().map((cause) => cause?.id) };
  }));
