//! A page in Debian's Chromium, on another origin than the store.
//!
//! Not here: any upload, any expectation. Keeps true: a profile is new and empty for each browser, a cache of preflights for each page.

import { createServer } from "node:http";
import { chromium } from "playwright-core";
import { pageScript } from "./snippets.js";

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
  // `localhost` may be ::1 first, where another program may listen.
  "--host-resolver-rules=MAP localhost 127.0.0.1",
];

/// A browser and a site: `{origin, routes, open(), stop()}`. `routes` maps a path to `async (request body) => value to send as JSON`.
export async function startBrowser() {
  const script = await pageScript();
  const routes = new Map();
  const site = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://site");
    const send = (type, body, status = 200) => response.writeHead(status, { "content-type": type }).end(body);
    if (pathname === "/page.js") return send("text/javascript; charset=utf-8", script);
    const route = routes.get(pathname);
    if (!route) return send("text/html; charset=utf-8", '<!doctype html><title>upload</title><link rel="icon" href="data:,"><script src="/page.js"></script>');
    collect(request).then((body) => route(JSON.parse(body))).then((value) => send("application/json", JSON.stringify(value)), (error) => send("text/plain", String(error.stack), 500));
  });
  await new Promise((done) => site.listen(0, "127.0.0.1", done));
  site.unref();
  const origin = `http://127.0.0.1:${site.address().port}`;
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", headless: true, args: FLAGS });
  return {
    origin, routes, version: browser.version(),
    /// A new page of the site, in a context of its own.
    open: async () => {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(`${origin}/`);
      return page;
    },
    stop: async () => { await browser.close(); site.closeAllConnections(); await new Promise((done) => site.close(done)); },
  };
}

async function collect(stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}
