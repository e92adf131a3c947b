// What the package gives: explain, validate, and what captures the requests of a client.
//
// Not here: how any of it works. Keeps true: loading this file starts nothing and reads nothing but the addon.
"use strict";

const { capture, captured, plugin } = require("./lib/capture.js");
const { explain } = require("./lib/explain.js");
const { validate } = require("./lib/validate.js");

module.exports = { capture, captured, explain, plugin, validate };
