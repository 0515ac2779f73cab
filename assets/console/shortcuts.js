/* Keyboard: the palette, the search box of a page, and the rows of a table. */
import { all, find, OVERLAYS } from "./dom.js";
import { onPaletteKey, openPalette } from "./palette.js";
import { closeDrawer } from "./sidebar.js";

document.documentElement.dataset.platform = /Mac|iP(hone|ad|od)/.test(navigator.platform) ? "mac" : "other";

const isTyping = (target) =>
  target.isContentEditable || (["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName) && target.type !== "checkbox");

const moveRow = (step) => {
  const rows = all("tr[data-row]");
  if (!rows.length) return;
  const index = rows.indexOf(document.activeElement.closest?.("tr[data-row]"));
  const first = step > 0 ? 0 : rows.length - 1;
  const next = index < 0 ? first : Math.min(Math.max(index + step, 0), rows.length - 1);
  rows[next].focus();
  rows[next].scrollIntoView({ block: "nearest" });
};

const onRowKey = (event) => {
  const row = event.target.closest?.("tr[data-row]");
  if (event.key === "ArrowDown" || event.key === "j") moveRow(1);
  else if (event.key === "ArrowUp" || event.key === "k") moveRow(-1);
  else if (row !== event.target) return;
  else if (event.key === "Enter") find("a[data-open]", row)?.click();
  else if (event.key === " " || event.key === "x") find("input[type=checkbox]", row)?.click();
  else return;
  event.preventDefault();
};

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
  else onRowKey(event);
});
