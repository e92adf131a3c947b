#!/usr/bin/env node
// `npx countersign`: the program of the package for this machine, with the arguments, the terminal and the exit code of its own.
//
// Not here: any command.
"use strict";

const { spawn } = require("node:child_process");
const { constants } = require("node:os");
const { program } = require("../lib/native.js");

const fail = (why) => {
  console.error(why.message);
  process.exitCode = 1;
};

try {
  const child = spawn(program(), process.argv.slice(2), { stdio: "inherit" });
  // Ctrl-C reaches both, and the program cleans up; whoever sends another signal to this process means the program.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", fail);
  child.on("exit", (code, signal) => { process.exitCode = signal ? 128 + constants.signals[signal] : code; });
} catch (error) {
  fail(error);
}
