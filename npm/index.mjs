// The package for `import`. The same functions as for `require`, so that both share what was captured.
import countersign from "./index.js";

export const { capture, captured, explain, plugin, validate } = countersign;
