// validate(): parameters in the shapes that people have them, made into those that the addon reads.
//
// Not here: the rules. Keeps true: nothing is asked of a network; of the clock only what time it is.
"use strict";

const { addon } = require("./native.js");
const { apart, pairs, seconds, wholeJson } = require("./shapes.js");

const text = (value) => (value instanceof URL ? value.href : value);

function validate(params) {
  if (typeof params !== "object" || params === null) throw new TypeError("countersign: validate() takes an object");
  const { credentials, headers, now = Date.now(), serverDate, url, endpoint, ...rest } = params;
  const { secret, rest: known } = apart(credentials);
  const read = {
    ...rest,
    url: text(url),
    endpoint: text(endpoint),
    headers: Object.fromEntries(pairs(headers)),
    now: seconds(now),
    serverTime: seconds(serverDate),
    credentials: credentials && { ...known, expiration: seconds(known.expiration) },
  };
  return JSON.parse(addon().validate(wholeJson(read), secret));
}

module.exports = { validate };
