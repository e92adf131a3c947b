//! The code in `docs/browser.md`, so that the tests run what people copy.
//!
//! A block whose first line is ```` ```js page/NAME ```` is the file NAME of a page, `server/NAME` one of the backend behind it. Not here:
//! any code of an upload itself. Keeps true: nothing of what is bundled is kept.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { scratch } from "../javascript/harness.js";

const HERE = dirname(fileURLToPath(import.meta.url));
const PAGE = readFileSync(resolve(HERE, "../../docs/browser.md"), "utf8");

/// The text of the block that the page calls `name`.
export function block(name) {
  const found = BLOCKS.get(name);
  if (found === undefined) throw new Error(`docs/browser.md has no block ${name}`);
  return found;
}
const BLOCKS = new Map([...PAGE.matchAll(/^```\w+ (\w+\/[\w.-]+)\n([^]*?)^```$/gm)].map(([, name, text]) => [name, text]));

/// The rows of the table of mistakes: `{mistake, shows, cause}`, the cause as its id.
export function mistakes() {
  const rows = PAGE.split("\n").filter((line) => /^\| .* \|$/.test(line)).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  const [title, ...rest] = rows.slice(rows.findIndex(([first]) => first === "mistake"));
  if (title?.length !== 3) throw new Error("docs/browser.md has no table of mistakes");
  return rest.map(([mistake, shows, cause]) => ({ mistake, shows, cause: /[A-Z]+(?:-[A-Z0-9]+)+/.exec(cause)[0] }));
}

/// Blocks import each other as files do, and packages from here.
const documented = {
  name: "docs/browser.md",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^docs:/ }, ({ path }) => ({ namespace: "docs", path: path.slice("docs:".length) }));
    onResolve({ filter: /^\.\//, namespace: "docs" }, ({ path, importer }) => ({ namespace: "docs", path: join(dirname(importer), path) }));
    onLoad({ filter: /.*/, namespace: "docs" }, ({ path }) => ({ contents: path.includes(".") ? block(path) : everything(path), loader: "js", resolveDir: HERE }));
  },
};
const everything = (folder) => [...BLOCKS.keys()].filter((name) => name.startsWith(`${folder}/`) && name.endsWith(".js")).map((name) => `export * from "docs:${name}";`).join("\n");

const bundle = async (options) => (await build({ bundle: true, write: false, logLevel: "error", plugins: [documented], ...options })).outputFiles[0].text;

/// The script of the test's page: every block for pages, and what `page.js` adds.
export const pageScript = () => (script ??= bundle({ entryPoints: [join(HERE, "page.js")], platform: "browser", format: "iife", target: "chrome120" }));
let script;

/// Every function of the blocks for a backend.
export async function backend() {
  const file = join(scratch(), "backend.cjs");
  writeFileSync(file, await bundle({ stdin: { contents: 'export * from "docs:server"', resolveDir: HERE }, platform: "node", format: "cjs", target: "node20" }));
  return createRequire(file)(file);
}
