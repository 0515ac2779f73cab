/*
 * While the connection is lost a banner says why, since when and how much waits. Afterwards a notice says what was sent
 * and not confirmed.
 */

import { onAction } from "./buttons.js";
import { isBlocked } from "./connection.js";
import { afterChanges, find, watch } from "./dom.js";
import { nt, t } from "./language.js";
import { isConnected, isSilent, onConnection } from "./live-socket.js";
import { viewerFormat } from "./times.js";
import { countWaits, onWaits, takeUnconfirmed } from "./waits.js";

const SHOWN_AFTER_MS = 1500; // a restart is over by then
const BLOCKED_AFTER_MS = 20_000;
const OFFLINE = t("You are offline.");
const SILENT = t("The server does not respond.");
const UNREACHABLE = t("The console cannot be reached.");
const BLOCKED = t("Live connection blocked: your proxy does not let WebSockets through.");
const BANNER = "[data-offline]";
const NOTICE = "[data-unconfirmed]";

let lostAt = 0; // when the connection was lost, or 0
let banner = null;
let cause = "";
let notice = "";

const setText = (selector, text, within) => {
  const part = find(selector, within);
  if (part.textContent !== text) part.textContent = text;
};

const causeNow = () => {
  if (!navigator.onLine) return OFFLINE;
  return isSilent() ? SILENT : cause || UNREACHABLE;
};

const draw = () => {
  if (!banner) return;
  if (Date.now() - lostAt > SHOWN_AFTER_MS || isSilent() || !navigator.onLine) banner.hidden = false;
  setText("[data-cause]", causeNow(), banner);
  setText("time", viewerFormat({ timeStyle: "short" }).format(lostAt), banner);
  const count = countWaits();
  const waits = count ? ` ${nt("{count} action is waiting.", "{count} actions are waiting.", count)}` : "";
  setText("[data-waits]", waits, banner);
};

watch(BANNER, (shown) => {
  banner = shown;
  if (!lostAt) {
    lostAt = Date.now();
    setTimeout(draw, SHOWN_AFTER_MS + 1);
    setTimeout(async () => {
      if (banner && !isConnected() && (await isBlocked())) cause = BLOCKED;
      draw();
    }, BLOCKED_AFTER_MS);
  }
  draw();
});
afterChanges(() => {
  if (banner && !banner.isConnected && !find(BANNER)) [banner, lostAt, cause] = [null, 0, ""];
});
addEventListener("online", draw);
addEventListener("offline", draw);
onWaits(draw);

const showNotice = (element) => {
  setText("span", notice, element);
  element.hidden = !notice;
};
watch(NOTICE, showNotice);
onConnection("back", () => {
  const count = takeUnconfirmed();
  if (!count) return;
  notice = nt(
    "The connection was lost before {count} action was confirmed. Check whether it took effect.",
    "The connection was lost before {count} actions were confirmed. Check whether they took effect.",
    count,
  );
  const element = find(NOTICE);
  if (element) showNotice(element);
});
onAction("dismiss-unconfirmed", (button) => {
  notice = "";
  showNotice(button.closest(NOTICE));
});
