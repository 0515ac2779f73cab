/* Tables: a click on a row opens it, and the keys of its rows. */
import { all, find } from "./dom.js";

const ROW = "tr[data-row]";
const CONTROLS = "a, button, input, select, textarea, label, summary, details, [role=menuitem]";

/** The link that a row opens, unless the click was for something else in the row, or ended a selection of text. */
const linkOf = (event) => {
  const row = event.target.closest?.(ROW);
  if (!row || event.defaultPrevented || event.target.closest(CONTROLS)) return null;
  if (getSelection()?.type === "Range") return null;
  return find("a[data-open]", row);
};

const openTab = (link) => window.open(link.href, "_blank", "noopener");

document.addEventListener("click", (event) => {
  const box = event.target.closest?.(".tick") && find("input[type=checkbox]", event.target.closest(".tick"));
  if (box && box !== event.target) return box.click();
  const link = linkOf(event);
  if (!link) return;
  if (event.ctrlKey || event.metaKey) openTab(link);
  else link.click();
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

const tick = (row, shiftKey) =>
  find("input[type=checkbox]", row)?.dispatchEvent(
    new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey }),
  );

/** A key on a page: moving between rows, or acting on the focused one. Shift and x select all rows from the last one. */
export const onGridKey = (event) => {
  const row = event.target.closest?.(ROW);
  if (event.key === "ArrowDown" || event.key === "j") move(1);
  else if (event.key === "ArrowUp" || event.key === "k") move(-1);
  else if (!row || row !== event.target) return;
  else if (event.key === "Enter") find("a[data-open]", row)?.click();
  else if ([" ", "x", "X"].includes(event.key)) tick(row, event.shiftKey);
  else if (event.key === "e") find("[data-row-key=e]")?.click();
  else return;
  event.preventDefault();
};
