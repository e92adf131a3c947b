//! The SDK for JavaScript signs a header that tells the release of the kernel. A fixture shall not tell that of the machine it was made on.

const os = require("node:os");
const { syncBuiltinESMExports } = require("node:module");

os.release = () => "6.1.0";
syncBuiltinESMExports();
