// Documents of stock clients, compared.
import * as Automerge from "@automerge/automerge";
import { parseAutomergeUrl } from "@automerge/automerge-repo";
import { until } from "./until.js";

/** The id of a document as REST takes it. */
export const idOf = (handle) => parseAutomergeUrl(handle.url).documentId;

/** The heads of a document, as REST prints them, sorted. */
export const headsOf = (handle) => Automerge.getHeads(handle.doc()).toSorted();

const same = (heads, others) => JSON.stringify(heads) === JSON.stringify(others);

/** Waits until all handles show the same state. */
export const converged = (...handles) =>
  until("all clients show the same", () => handles.every((handle) => same(headsOf(handle), headsOf(handles[0]))));

/** Waits until the hub has durably what this handle shows, and gives back what REST shows. */
export const settled = (hub, user, handle) =>
  until("the hub shows what the client shows", async () => {
    const view = await hub.read(user, idOf(handle));
    return same(view.heads.toSorted(), headsOf(handle)) && view;
  });
