/* Keyboard: the palette, and the search box of a page. */
import { find, OVERLAYS } from "./dom.js";
import { onGridKey } from "./grid.js";
import { onPaletteKey, openPalette } from "./palette.js";
import { closeDrawer } from "./sidebar.js";

document.documentElement.dataset.platform = /Mac|iP(hone|ad|od)/.test(navigator.platform) ? "mac" : "other";

const isTyping = (target) =>
  target.isContentEditable || (["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName) && target.type !== "checkbox");

const toSearch = (event) => {
  const box = find("[data-hotkey-search]");
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
};

document.addEventListener("keydown", (event) => {
  const hasModifier = event.ctrlKey || event.metaKey;
  if (hasModifier && event.key.toLowerCase() === "k") return openPalette() && event.preventDefault();
  if (hasModifier || event.altKey) return;
  const palette = event.target.closest?.("[data-palette]");
  if (palette) return onPaletteKey(event, palette);
  if (event.key === "Escape") return closeDrawer(true);
  if (isTyping(event.target) || find(OVERLAYS)) return;
  if (event.key === "/") toSearch(event);
  else onGridKey(event);
});
