// A real editing history: every keystroke that went into a paper. See tests/data/README.md at the root.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const FILE = new URL("../../../tests/data/automerge-paper.json.gz", import.meta.url);

/** `{ keystrokes: [position, deleted, inserted][], end }`: all of them, applied in order to nothing, give `end`. */
export function readTrace() {
  const { txns, startContent, endContent } = JSON.parse(gunzipSync(readFileSync(FILE)));
  if (startContent !== "") throw new Error("the trace begins with a text; it is expected to begin with nothing");
  return { keystrokes: txns.flat(), end: endContent };
}
