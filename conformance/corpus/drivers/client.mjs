// Runs one JavaScript client again and again: a line of JSON with settings and code comes in, a line with what was printed goes out.
//
// The code is that of `capture/clients.py`. A name that is no name of this machine leads to the recorder, so that a client may have any
// endpoint.
import { writeSync } from "node:fs";
import net from "node:net";
import { createInterface } from "node:readline";

const port = Number(process.env.RECORDER_PORT);
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) {
  const options = Array.isArray(given[0]) ? given[0][0] : given[0];
  if (options?.host && !["127.0.0.1", "localhost"].includes(options.host)) Object.assign(options, { host: "127.0.0.1", port });
  return connect.apply(this, given);
};

let printed = [];
console.log = (...words) => printed.push(words.join(" "));

/* IMPORTS */

async function carryOut(code) {
  /* PRELUDE */
  await eval(`(async () => { ${code} })()`);
}

for await (const line of createInterface({ input: process.stdin })) {
  const { settings, code } = JSON.parse(line);
  process.env.CAPTURE = JSON.stringify(settings);
  printed = [];
  const trouble = await carryOut(code).then(() => "", (error) => `${error?.name}: ${error?.message}`);
  writeSync(1, `${JSON.stringify({ printed: printed.join("\n"), trouble })}\n`);
}
