/* Tables: a click on a row opens it, and the keys of its rows. */
import { all, find } from "./dom.js";

const ROW = "[data-row]";
const CONTROLS = "a, button, input, select, textarea, label, summary, details, [role=menuitem]";

/** What a row opens, or its cell, unless the click was for something else, or ended a selection of text. */
const openerOf = (event) => {
  const row = event.target.closest?.(ROW);
  if (!row || event.defaultPrevented || event.target.closest(CONTROLS)) return null;
  if (getSelection()?.type === "Range") return null;
  const cell = event.target.closest("th, td");
  return (cell && find("[data-open]", cell)) ?? find("[data-open]", row);
};
/** The link that a row opens. A button expands the row, and has no page for another tab. */
const linkOf = (event) => {
  const opener = openerOf(event);
  return opener?.href ? opener : null;
};

const openTab = (link) => window.open(link.href, "_blank", "noopener");

document.addEventListener("click", (event) => {
  const box = event.target.closest?.(".tick") && find("input[type=checkbox]", event.target.closest(".tick"));
  if (box && box !== event.target) return box.click();
  const opener = openerOf(event);
  if (opener?.href && (event.ctrlKey || event.metaKey)) openTab(opener);
  else opener?.click();
});
document.addEventListener("auxclick", (event) => {
  const link = event.button === 1 && linkOf(event);
  if (link) openTab(link);
});
/* Otherwise Shift with a click selects the text between, and the middle button starts to scroll. */
document.addEventListener("mousedown", (event) => {
  if (event.shiftKey && event.target.closest?.(".tick")) event.preventDefault();
  if (event.button === 1 && linkOf(event)) event.preventDefault();
});

const move = (step) => {
  const rows = all(ROW);
  if (!rows.length) return;
  const index = rows.indexOf(document.activeElement.closest?.(ROW));
  const first = step > 0 ? 0 : rows.length - 1;
  const next = index < 0 ? first : Math.min(Math.max(index + step, 0), rows.length - 1);
  rows[next].focus();
  rows[next].scrollIntoView({ block: "nearest" });
};

const tick = (row, shiftKey) => {
  const box = find("input[type=checkbox]", row);
  box?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey }));
};

/**
 * What keys do with rows, by the names in ui/layout/keys.py: they move between them, or act on the focused one. Those
 * that act return false without one, so that the key keeps what it does in the browser.
 */
export const ROW_ACTIONS = {
  "next-row": () => move(1),
  "previous-row": () => move(-1),
  "open-row": (row) => (row ? find("[data-open]", row)?.click() : false),
  "select-row": (row, event) => (row ? tick(row, event.shiftKey) : false),
  "edit-row": (row) =>
    row ? (find("[data-edit]", row) ?? find("[data-row-key=e]", row.closest(".table-scroll") ?? row))?.click() : false,
};
