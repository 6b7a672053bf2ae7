/**
 * Tickets for a stock automerge-repo WebSocket client.
 *
 * The adapter reads `adapter.url` whenever it connects. So a ticket is fetched before it connects, when the one in the
 * URL is missing, old or was turned down; and an open socket changes over to the next ticket shortly before its own
 * expires.
 */

/** The part of a ticket's life after which the next one is fetched. */
const RENEW_AFTER = 0.9;
/** The longest that a timer of JavaScript can wait; the next ticket then comes early. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** Close codes of the hub: a credential that is not good (any more), a client that was too slow to say who it is. */
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
  let opened; // whether the socket that there is was ever open
  let timer; // for the next thing to do

  const isOpen = () => adapter.socket?.readyState === 1;
  // 2.5.x opens one more socket every interval while the first one is not open yet.
  const isOpening = () => adapter.socket?.readyState === 0;
  const wake = (wait, what) => {
    clearTimeout(timer);
    timer = setTimeout(what, Math.min(wait, LONGEST_WAIT_MS));
  };
  const connectAgain = () => adapter.connect(adapter.peerId, adapter.peerMetadata);

  const ask = async () => {
    const { ticket, expires_at } = await getTicket();
    url.searchParams.set("ticket", ticket);
    adapter.url = url.href;
    const life = RENEW_AFTER * (Date.parse(expires_at) - Date.now());
    freshUntil = Date.now() + life;
    return life > 0;
  };
  /** Whether there is a new ticket now. */
  const renew = () => (asking ??= ask().catch(() => false).finally(() => (asking = undefined)));

  const changeOver = async () => {
    const mine = call;
    const renewed = await renew();
    if (mine !== call || !isOpen()) return;
    if (!renewed) return wake(adapter.retryInterval, changeOver);
    stock.disconnect();
    connectAgain();
  };

  adapter.connect = async (peerId, metadata) => {
    if (isOpening() || isOpen()) return;
    const mine = ++call;
    const fresh = Date.now() < freshUntil || (await renew());
    if (mine !== call) return;
    if (!fresh) return wake(adapter.retryInterval, () => adapter.connect(peerId, metadata));
    stock.connect(peerId, metadata);
    opened = false;
    adapter.socket.addEventListener("open", () => (opened = true));
    wake(freshUntil - Date.now(), changeOver);
  };

  adapter.disconnect = () => {
    call += 1;
    clearTimeout(timer);
    if (adapter.socket) stock.disconnect();
  };

  // Instead of the adapter's own, whose timer nothing stops. A socket that never opened it tries again by itself.
  adapter.onClose = ({ code, reason }) => {
    if (adapter.remotePeerId) adapter.emit("peer-disconnected", { peerId: adapter.remotePeerId });
    clearTimeout(timer);
    if (code === CREDENTIAL) freshUntil = 0;
    if (isFinal(code)) onRefused({ code, reason });
    else if (opened) wake(adapter.retryInterval, connectAgain);
  };

  // 2.5.x throws what is not "connection refused", which ends a Node process. The close that follows says enough.
  adapter.onError = () => {};
  return adapter;
}
