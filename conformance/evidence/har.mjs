// Opens a page in Debian's Chromium, lets it fetch what the settings name, and prints the archive of it all.
//
// Not here: what is wrong with what it fetches. The archive is playwright's own, written from what the browser tells it.
import { readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const settings = JSON.parse(process.env.CAPTURE);
const site = createServer((_, response) => response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>upload</title>"));
await new Promise((done) => site.listen(settings.port ?? 0, "127.0.0.1", done));
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", headless: true, args: ["--no-sandbox", "--disable-gpu"] });
const path = join(tmpdir(), `capture-${process.pid}.har`);
const context = await browser.newContext({ recordHar: { path, content: "embed" } });
const page = await context.newPage();
await page.goto(`http://127.0.0.1:${site.address().port}/`);
for (const step of settings.steps) {
  await page.evaluate(async ({ url, options }) => { await fetch(url, options).then((answer) => answer.text()).catch(() => {}); }, step);
}
await page.waitForTimeout(300);
await context.close();
await browser.close();
site.close();
console.log(readFileSync(path, "utf8"));
rmSync(path);
