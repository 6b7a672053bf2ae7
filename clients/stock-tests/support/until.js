// Waiting for what has to come. Nothing here takes a fixed time: a condition is looked at until it holds.
import { setTimeout as sleep } from "node:timers/promises";

/** How long anything may take on a machine that is busy with other things too. */
const PATIENCE_MS = 60_000;
const BETWEEN_LOOKS_MS = 15;

/** Waits until `holds()` is true, and gives back what it returned. An error that it throws counts as "not yet". */
export async function until(what, holds, patience = PATIENCE_MS) {
  const deadline = Date.now() + patience;
  let last = "it never held";
  for (;;) {
    try {
      const held = await holds();
      if (held) return held;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${patience} ms in vain until ${what}`, { cause: last });
    await sleep(BETWEEN_LOOKS_MS);
  }
}

/** The promise's value, or an error that says what was waited for. */
export async function within(patience, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${patience} ms in vain for ${what}`)), patience);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
