//! Bytes that are the same in the page and in the test, made from a number instead of sent from one to the other.

/// `length` bytes that look random and depend on `seed` alone (xorshift32).
export function content(length, seed) {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = (seed * 2654435761 + 1) >>> 0 || 1;
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  return new Uint8Array(words.buffer, 0, length);
}
