/* The first connection: a page that waits for it says so in words when it fails; a slow one is no error. */
import { call, find, watch } from "./dom.js";

const FAILED_AFTER_MS = { refused: 6000, silent: 20_000 };
const waiting = new WeakSet();

/** What the proxy makes of it reaches the server as a plain request: the log has its id. */
const showReference = async (help) => {
  const answer = await call("/_event/").catch(() => null);
  const reference = answer?.headers.get("x-request-id");
  const code = find("[data-reference]", help);
  if (!reference || !code) return;
  code.textContent = reference;
  code.parentElement.hidden = false;
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
    if (!help.isConnected) return;
    help.hidden = false;
    showReference(help);
  }, 1000);
});
