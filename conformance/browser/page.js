//! What the test's page has: the code of `docs/browser.md` as `docs`, files to upload, and a way to hand an error to the test.

import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";
import * as docs from "docs:page";
import { withClock } from "../javascript/clock.js";
import { content } from "./content.js";

/// A file as a person would have chosen it: `{name, type, length, seed}`.
const file = ({ name = "photo.png", type = "image/png", length = 1000, seed = 1 }) => new File([content(length, seed)], name, { type });

/// `{value}` or `{error}`; the error with every field of its own that can be written as JSON.
async function outcome(work) {
  try {
    return { value: await work() };
  } catch (error) {
    const fields = Object.fromEntries(Object.entries(error).filter(([, value]) => isPlain(value)));
    return { error: { ...fields, name: error.name, message: error.message } };
  }
}
function isPlain(value) {
  try { return JSON.stringify(value) !== undefined; } catch { return false; }
}

Object.assign(globalThis, { AwsS3, Uppy, docs, file, outcome, withClock });
