/*
 * While the connection is lost: a banner says since when, and what is pressed is seen to wait. Reflex keeps the events and
 * sends them when it is back; a link waits here, because its page may not have been fetched yet.
 */
import { isBlocked } from "./connection.js";
import { afterChanges, find, watch } from "./dom.js";
import { nt, ownLocale, t } from "./language.js";

const SHOWN_AFTER_MS = 1500; // a restart is over by then
const BLOCKED_AFTER_MS = 20_000;
const OFFLINE = t("You are offline.");
const UNREACHABLE = t("The console cannot be reached.");
const BLOCKED = t("Live connection blocked: your proxy does not let WebSockets through.");
const BANNER = "[data-offline]";

let lostAt = 0; // when the connection was lost, or 0
let banner = null;
let cause = "";
let link = null; // the one that is followed when the connection is back
const waiting = new Set();

const draw = () => {
  if (!banner) return;
  if (Date.now() - lostAt > SHOWN_AFTER_MS) banner.hidden = false;
  const clock = new Intl.DateTimeFormat(ownLocale, { timeStyle: "short" }).format(lostAt);
  const set = (selector, text) => {
    const part = find(selector, banner);
    if (part.textContent !== text) part.textContent = text;
  };
  set("[data-cause]", cause || (navigator.onLine ? UNREACHABLE : OFFLINE));
  set("time", clock);
  const count = waiting.size + (link ? 1 : 0);
  set("[data-waits]", count ? ` ${nt("{count} action is waiting.", "{count} actions are waiting.", count)}` : "");
};

const release = () => {
  for (const button of waiting) {
    delete button.dataset.waits;
    button.removeAttribute("aria-busy");
  }
  waiting.clear();
  const next = link;
  [banner, lostAt, cause, link] = [null, 0, "", null];
  if (next?.isConnected) next.click();
};

watch(BANNER, (shown) => {
  banner = shown;
  if (!lostAt) {
    lostAt = Date.now();
    setTimeout(() => banner?.removeAttribute("hidden"), SHOWN_AFTER_MS);
    setTimeout(async () => {
      if (banner && (await isBlocked())) cause = BLOCKED;
      draw();
    }, BLOCKED_AFTER_MS);
  }
  draw();
});
afterChanges(() => {
  if (banner && !banner.isConnected && !find(BANNER)) release();
});
addEventListener("online", draw);
addEventListener("offline", draw);

const hold = (button) => {
  waiting.add(button);
  button.dataset.waits = "";
  button.setAttribute("aria-busy", "true");
  draw();
};

addEventListener(
  "click",
  (event) => {
    if (!banner) return;
    const control = event.target.closest?.("a[href], button, [role=menuitem]");
    if (!control || control.dataset.action || control.dataset.closes !== undefined) return;
    if (control.dataset.waits !== undefined) {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else if (control.tagName === "A" && control.origin === location.origin && !control.target) {
      event.preventDefault();
      event.stopImmediatePropagation();
      link = control;
      draw();
    } else if (control.tagName === "BUTTON" && !control.disabled) hold(control);
  },
  true,
);
