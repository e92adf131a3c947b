// Finds the package for this machine, which has the addon and the program `countersign`.
//
// Not here: downloading or building anything. npm installs the one optional dependency that fits.
"use strict";

const { join } = require("node:path");

const PLATFORMS = ["linux-x64-gnu", "linux-arm64-gnu"];

/** Which of the platforms this is; a C library other than GNU's has none. */
function platform() {
  const { process: node } = globalThis;
  const libc = node.platform === "linux" ? (node.report?.getReport().header.glibcVersionRuntime ? "-gnu" : "-musl") : "";
  return `${node.platform}-${node.arch}${libc}`;
}

/** The folder of the package for this machine. */
function folder() {
  const name = `@countersign/${platform()}`;
  try {
    return join(require.resolve(`${name}/package.json`), "..");
  } catch (error) {
    if (error.code !== "MODULE_NOT_FOUND") throw error;
    const why = PLATFORMS.includes(platform())
      ? "it is an optional dependency of countersign: install without --omit=optional, on the machine it shall run on"
      : `there are packages for ${PLATFORMS.join(" and ")}`;
    throw new Error(`countersign: the package ${name} is not installed; ${why}`, { cause: error });
  }
}

let loaded;

/** The addon, loaded when it is needed first. */
function addon() {
  loaded ??= require(join(folder(), "countersign.node"));
  return loaded;
}

module.exports = { addon, program: () => join(folder(), "bin", "countersign") };
