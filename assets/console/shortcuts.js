/*
 * Keyboard shortcuts: `data-keys` of the page names the action of each key (ui/layout/keys.py), this file runs it. They
 * are off while text is typed, and while a dialog or a menu is open.
 */
import { press } from "./commands.js";
import { all, find, OVERLAYS } from "./dom.js";
import { ROW_ACTIONS } from "./grid.js";
import { onPaletteKey, openPalette } from "./palette.js";
import { closeDrawer } from "./sidebar.js";

document.documentElement.dataset.platform = /Mac|iP(hone|ad|od)/.test(navigator.platform) ? "mac" : "other";

const SECOND_KEY_MS = 1500;
let first = { key: "", until: 0 }; // of two keys, such as "g d"

const isTyping = (target) =>
  target.isContentEditable || (["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName) && target.type !== "checkbox");

const search = () => {
  const box = find("[data-hotkey-search]");
  box?.focus();
  box?.select();
  return Boolean(box);
};

/* Each returns false when the key keeps what it does in the browser. A key that acts on a row needs its focus. */
const ACTIONS = {
  palette: () => false, // with Ctrl or Cmd, below
  close: () => false, // what is open does it, as below
  search,
  "keyboard-shortcuts": () => press("keyboard-shortcuts"),
  ...ROW_ACTIONS,
};

const goTo = (url) =>
  all("#sidebar a, [data-keys] a")
    .find((link) => link.getAttribute("href") === url)
    ?.click();

const onKey = (event) => {
  const keys = JSON.parse(find("[data-keys]")?.dataset.keys || "{}");
  const pair = first.key && performance.now() < first.until ? `${first.key} ${event.key}` : "";
  first = { key: event.key, until: performance.now() + SECOND_KEY_MS };
  if (keys[pair]) {
    first.key = "";
    goTo(keys[pair]);
    return event.preventDefault();
  }
  const act = ACTIONS[keys[event.key]];
  const row = event.target.matches?.("[data-row]") ? event.target : null;
  if (act && act(row, event) !== false) event.preventDefault();
};

document.addEventListener("keydown", (event) => {
  const hasModifier = event.ctrlKey || event.metaKey;
  if (hasModifier && event.key.toLowerCase() === "k") return openPalette() && event.preventDefault();
  if (hasModifier || event.altKey || event.key === "Shift") return;
  const palette = event.target.closest?.("[data-palette]");
  if (palette) return onPaletteKey(event, palette);
  if (event.key === "Escape") return closeDrawer(true);
  if (!isTyping(event.target) && !find(OVERLAYS)) onKey(event);
});
