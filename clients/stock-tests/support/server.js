// The server that the tests run against: the hub, or automerge-repo's own where SERVER=automerge-repo asks for it.
import { Hub } from "./hub.js";
import { Reference } from "./reference.js";

const asked = process.env.SERVER ?? "context-hub";
const servers = { "context-hub": Hub, "automerge-repo": Reference };
if (!(asked in servers)) throw new Error(`SERVER=${asked}: it is one of ${Object.keys(servers).join(", ")}`);

/** Starts the server under test. */
export const startServer = (options) => servers[asked].start(options);

/** For tests of what only the hub has: `{ skip }` with the reason, where another server runs. */
export const hubOnly = { skip: asked === "context-hub" ? false : `${asked} has no users, tickets or REST` };
