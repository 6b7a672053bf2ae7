/**
 * Tickets for a stock automerge-repo WebSocket client.
 *
 * The adapter reads `adapter.url` whenever it connects. So a ticket is fetched before it connects, when the one in the URL
 * is missing, old or was turned down; and an open socket changes over to the next ticket shortly before its own expires.
 */

/** The part of a ticket's life after which the next one is fetched. */
const RENEW_AFTER = 0.9;
/** The longest that a timer of JavaScript can wait; the next ticket then comes early. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** Close codes of the hub: a credential that is not good (any more), and a client that was too slow to say who it is. */
const CREDENTIAL = 4401;
const SILENT = 4408;
/** With the other 44xx, to come again in the same way does not help. */
const isFinal = (code) => code >= 4400 && code < 4500 && code !== CREDENTIAL && code !== SILENT;

export function withTickets(adapter, getTicket, { onRefused = () => {} } = {}) {
  const url = new URL(adapter.url);
  const stock = { connect: adapter.connect.bind(adapter), disconnect: adapter.disconnect.bind(adapter) };
  let freshUntil = 0; // until when the ticket in the URL is good
  let asking; // the renewal under way, of which there is one at most
  let call = 0; // the latest connect or disconnect: what waits for a ticket gives way to it
  let refused = false;
  let timer;

  const isOpen = () => adapter.socket?.readyState === 1;
  // 2.5.x opens one more socket every interval while the first one is not open yet.
  const isOpening = () => adapter.socket?.readyState === 0;
  const wake = (wait, what) => {
    clearTimeout(timer);
    timer = setTimeout(what, Math.min(wait, LONGEST_WAIT_MS));
  };

  const ask = async () => {
    const { ticket, expires_at } = await getTicket();
    url.searchParams.set("ticket", ticket);
    adapter.url = url.href;
    const life = RENEW_AFTER * (Date.parse(expires_at) - Date.now());
    freshUntil = Date.now() + life;
    return life;
  };
  /** Whether there is a new ticket now. */
  const renew = () => (asking ??= ask().then((life) => life > 0, () => false).finally(() => (asking = undefined)));

  const changeOver = async () => {
    const mine = call;
    const renewed = await renew();
    if (mine !== call || !isOpen()) return;
    if (!renewed) return wake(adapter.retryInterval, changeOver);
    stock.disconnect();
    adapter.connect(adapter.peerId, adapter.peerMetadata);
  };

  const onClose = ({ code, reason }) => {
    if (code === CREDENTIAL) freshUntil = 0;
    if (!isFinal(code)) return; // the adapter comes again by itself
    refused = true;
    onRefused({ code, reason });
  };

  adapter.connect = async (peerId, metadata) => {
    if (refused || isOpening() || isOpen()) return;
    const mine = ++call;
    const fresh = Date.now() < freshUntil || (await renew());
    if (mine !== call) return;
    if (!fresh) return wake(adapter.retryInterval, () => adapter.connect(peerId, metadata));
    stock.connect(peerId, metadata);
    adapter.socket.addEventListener("close", onClose);
    wake(freshUntil - Date.now(), changeOver);
  };

  adapter.disconnect = () => {
    call += 1;
    refused = false;
    clearTimeout(timer);
    if (adapter.socket) stock.disconnect();
  };

  // 2.5.x throws what is not "connection refused", which ends a Node process. The close that follows says enough.
  adapter.onError = () => {};
  return adapter;
}
