/* The first connection: a page that waits for it says why it fails; a slow one is no error. */
import { all, call, find, watch } from "./dom.js";

const FAILED_AFTER_MS = { refused: 6000, silent: 20_000 };
const waiting = new WeakSet();

/** Whether the server responds to plain requests: then it is a proxy that keeps the connection from it. */
export const isBlocked = async () => Boolean((await call("/health/live", { cache: "no-store" }).catch(() => null))?.ok);

/** What the proxy makes of it reaches the server as a plain request: the log has its id. */
const showReference = async (help) => {
  const answer = await call("/_event/").catch(() => null);
  const reference = answer?.headers.get("x-request-id");
  const code = find("[data-reference]", help);
  if (!reference || !code) return;
  code.textContent = reference;
  code.parentElement.hidden = false;
};

const explain = async (help) => {
  const cause = (await isBlocked()) ? "blocked" : "unreachable";
  for (const part of all("[data-cause]", help)) part.hidden = part.dataset.cause !== cause;
  help.hidden = false;
  if (cause === "blocked") showReference(help);
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
