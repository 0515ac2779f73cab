/* Where the focus goes when an element that had it is gone or has moved, and buttons that press themselves. */
import { afterChanges, all, find, OVERLAYS, watch } from "./dom.js";

const hasNoFocus = () => document.activeElement === document.body;

/* A dialog that the server opened has no button of its own to go back to; without this the focus would be lost. */
let lastOutside = null;
const noteOutside = (event) => {
  const control = event.target.closest?.("a, button, input, select, textarea, [data-row]");
  if (control && !control.closest(OVERLAYS)) lastOutside = control;
};
document.addEventListener("focusin", noteOutside);
document.addEventListener("pointerdown", noteOutside, true); // a press on a menu's button does not focus it

const overlays = new Set();
watch(OVERLAYS, (overlay) => overlays.add(overlay));
afterChanges(() => {
  const hadOverlay = overlays.size > 0;
  for (const overlay of overlays) if (!overlay.isConnected) overlays.delete(overlay);
  if (hadOverlay && !overlays.size && hasNoFocus()) lastOutside?.focus({ preventScroll: true });
  // What had the focus in an open one is gone, such as a value of a filter that was read again.
  else if (hasNoFocus()) [...overlays].pop()?.focus({ preventScroll: true });
});

/* A button that waits for the server is disabled, and loses the focus by that. */
const BUSY = ":is([role=dialog], [role=alertdialog]) .btn[aria-busy]";
let asked = { button: null, wasBusy: false };
document.addEventListener("click", ({ target }) => {
  asked = { button: target.closest?.(BUSY), wasBusy: false };
});
watch(
  BUSY,
  (button) => {
    if (button !== asked.button) return;
    const isDone = asked.wasBusy && !button.disabled;
    asked.wasBusy = button.disabled;
    if (isDone && (hasNoFocus() || document.activeElement.matches(OVERLAYS))) button.focus({ preventScroll: true });
  },
  { attributes: ["disabled"] },
);

/* What is moved in a list is taken out and put back, and its button loses the focus by that. */
let moves = "";
document.addEventListener("click", (event) => {
  moves = event.target.closest?.("[data-moves]")?.dataset.moves || "";
});
afterChanges(() => {
  if (moves && hasNoFocus()) find(`[data-moves="${CSS.escape(moves)}"]`)?.focus();
});

/* A row of tabs and the matrix of environments fade where there is more than they show. */
const FADES = ".tabs, .matrix-frame > .table-scroll";
const markMore = (row) => {
  const end = row.scrollWidth - row.clientWidth - row.scrollLeft;
  const more = [row.scrollLeft > 1 ? "start" : "", end > 1 ? "end" : ""].filter(Boolean).join(" ");
  if (more) row.dataset.more = more;
  else delete row.dataset.more;
};
document.addEventListener("scroll", ({ target }) => target.matches?.(FADES) && markMore(target), true);
addEventListener("resize", () => all(FADES).forEach(markMore));
watch(".tabs", markMore);
watch(".matrix-frame .matrix thead th", (head) => markMore(head.closest(".table-scroll")));

/* The current tab comes into view once: on a phone the row of tabs is wider than the screen. */
const currentTabs = new WeakMap();
watch(
  ".tabs [aria-current=page]",
  (tab) => {
    if (currentTabs.get(tab.parentElement) === tab) return;
    currentTabs.set(tab.parentElement, tab);
    tab.scrollIntoView({ block: "nearest", inline: "center" });
  },
  { attributes: ["aria-current"] },
);

/* What the URL names after "#" comes late, with the rows of its page: it comes into view once. */
let targeted = "";
watch("[data-target]", (target) => {
  if (location.href === targeted || location.hash !== `#${target.id}`) return;
  targeted = location.href;
  target.scrollIntoView({ block: "center" });
  target.focus({ preventScroll: true });
});

/* "Load more" presses itself when it comes into view. */
const inView = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) if (entry.isIntersecting && !entry.target.disabled) entry.target.click();
  },
  { rootMargin: "200px" },
);
watch("[data-load-more]", (button) => inView.observe(button));
