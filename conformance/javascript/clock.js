//! A wrong clock, for a process and for a page.
//!
//! Not here: anything that a page does not have, because it is bundled for one, too.

/// Runs `action` in a process or a page whose clock is off by so many milliseconds. The SDKs have an offset setting of their own,
/// but it is what they correct a wrong clock with, so it cannot stand for one.
export async function withClock(offset, action) {
  const Real = Date;
  globalThis.Date = class extends Real {
    constructor(...parts) { parts.length ? super(...parts) : super(Real.now() + offset); }
    static now() { return Real.now() + offset; }
  };
  try { return await action(); } finally { globalThis.Date = Real; }
}
