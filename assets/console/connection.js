/* The first connection: a page that waits for it says why it fails; a slow one is no error. */
import { all, call, find, watch } from "./dom.js";
import { isReachable } from "./live-socket.js";

const FAILED_AFTER_MS = { refused: 6000, silent: 20_000 };
const waiting = new WeakSet();

/**
 * What the proxy makes of a handshake reaches the server as a plain request, if at all: this one does, and the log has its
 * id. By POST, because the server refuses requests to this URL without an origin, and browsers name none in a GET.
 */
const logBlocked = async () =>
  (await call("/_event/", { method: "POST" }).catch(() => null))?.headers.get("x-request-id");

/** Whether the server responds to plain requests: then it is a proxy that keeps the connection from it, and the log says so. */
export const isBlocked = async () => ((await isReachable()) ? { reference: await logBlocked() } : null);

const showReference = (help, reference) => {
  const code = find("[data-reference]", help);
  if (!reference || !code) return;
  code.textContent = reference;
  code.parentElement.hidden = false;
};

const explain = async (help) => {
  const blocked = await isBlocked();
  const cause = blocked ? "blocked" : "unreachable";
  for (const part of all("[data-cause]", help)) part.hidden = part.dataset.cause !== cause;
  help.hidden = false;
  if (blocked) showReference(help, blocked.reference);
};

watch("[data-no-connection][hidden]", (help) => {
  if (waiting.has(help)) return;
  waiting.add(help);
  const since = performance.now();
  const timer = setInterval(() => {
    const isLate = performance.now() - since >= FAILED_AFTER_MS[help.dataset.noConnection];
    if (!isLate && help.isConnected) return;
    clearInterval(timer);
    waiting.delete(help);
    if (help.isConnected) explain(help);
  }, 1000);
});
