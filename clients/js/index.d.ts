import type { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket";

/** A ticket as `POST /sync-tickets` gives it. */
export interface Ticket {
  ticket: string;
  /** When it expires, as a date that `Date.parse` reads. */
  expires_at: string;
}

/**
 * Fetches a ticket, usually from your own backend, which asks the hub for it. When it fails, the client is offline and
 * asks again after the adapter's `retryInterval`.
 */
export type TicketProvider = () => Promise<Ticket>;

/** Why the hub does not want this client to come again: a close code from 4400 to 4499, and its reason. */
export interface Refusal {
  code: number;
  reason: string;
}

export interface Options {
  /** Called when the hub has turned the client away for good. It rests until the application connects it. */
  onRefused?: (refusal: Refusal) => void;
}

/**
 * Makes a stock adapter connect with tickets of `getTicket`, and gives it back. To be called before the adapter is given
 * to a `Repo`, with an adapter whose URL has no ticket yet.
 */
export function withTickets<Adapter extends WebSocketClientAdapter>(
  adapter: Adapter,
  getTicket: TicketProvider,
  options?: Options,
): Adapter;
