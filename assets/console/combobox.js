/*
 * A choice of one of many: a box to type into, and below it the options of the select beside it that have what is typed.
 * The hidden select remains the field of the form. Escape closes a list alone, not the dialog around it; that is also so
 * for the picker of people, whose list the server fills (palette.js).
 */
import { all, find, watch } from "./dom.js";
import { t } from "./language.js";

const CHOICE = "[data-choice]";
const PICKER = ".picker [data-palette]";
let open = null; // the choice with a list: { root, box, select, list, index }

const partsOf = (root) => ({
  root,
  box: find("[role=combobox]", root),
  select: find("select", root),
  list: find("[role=listbox]", root),
});
const chosenText = (select) => select.selectedOptions[0]?.text ?? "";
/** Without case and accents, so that "muller" finds "Müller". */
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

const close = () => {
  if (!open) return;
  const { box, select, list } = open;
  open = null;
  list.hidden = true;
  list.replaceChildren();
  box.setAttribute("aria-expanded", "false");
  box.removeAttribute("aria-activedescendant");
  box.value = chosenText(select);
};

const mark = (index) => {
  const { box, list } = open;
  const lines = all("[data-index]", list);
  open.index = lines.length ? (index + lines.length) % lines.length : 0;
  for (const line of lines) line.setAttribute("aria-selected", String(line === lines[open.index]));
  lines[open.index]?.scrollIntoView({ block: "nearest" });
  box.setAttribute("aria-activedescendant", lines[open.index]?.id ?? "");
};

const lineOf = (option, id) => {
  const line = Object.assign(document.createElement("div"), { id, textContent: option.text });
  line.setAttribute("role", "option");
  line.dataset.index = option.index;
  return line;
};

const nothing = () => {
  const line = Object.assign(document.createElement("div"), { className: "none", textContent: t("No matches.") });
  line.setAttribute("role", "option");
  line.setAttribute("aria-disabled", "true");
  return line;
};

/** Shows the options that have the text, or with "" all, from the one that is chosen. */
const show = (root, text) => {
  if (open?.root !== root) close();
  open = { ...partsOf(root), index: 0 };
  const { box, select, list } = open;
  const words = plain(text).split(/\s+/).filter(Boolean);
  const options = [...select.options].filter((option) => words.every((word) => plain(option.text).includes(word)));
  const lines = options.map((option, number) => lineOf(option, `${list.id}-${number}`));
  list.replaceChildren(...(lines.length ? lines : [nothing()]));
  list.hidden = false;
  box.setAttribute("aria-expanded", "true");
  mark(words.length ? 0 : Math.max(0, options.indexOf(select.selectedOptions[0])));
};

const take = (line) => {
  const { select, box } = open;
  const isOther = select.selectedIndex !== Number(line.dataset.index);
  select.selectedIndex = Number(line.dataset.index);
  close();
  box.select();
  if (isOther) select.dispatchEvent(new Event("change", { bubbles: true })); // React and the draft listen to it
};

const onKey = (event, root) => {
  const isOpen = open?.root === root;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) isOpen ? mark(open.index + step) : show(root, "");
  else if (event.key === "Escape" && isOpen) close();
  else if (event.key === "Enter") {
    const line = isOpen && find("[aria-selected=true]", open.list);
    if (line) take(line);
    else if (!isOpen) show(root, "");
  } else return;
  event.preventDefault();
  event.stopImmediatePropagation();
};

/* Before what a dialog, and the question about typed text, do with these keys. */
addEventListener(
  "keydown",
  (event) => {
    if (event.isComposing || event.target.role !== "combobox") return;
    const root = event.target.closest(CHOICE);
    if (root) return onKey(event, root);
    const picker = event.key === "Escape" && event.target.closest(PICKER);
    if (!picker || picker.hasAttribute("data-closed") || !find("[role=listbox]", picker)) return;
    picker.setAttribute("data-closed", "");
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);

document.addEventListener("input", ({ target }) => {
  const root = target.role === "combobox" && target.closest(CHOICE);
  if (root) show(root, target.value);
  target.closest?.(PICKER)?.removeAttribute("data-closed");
});
document.addEventListener("click", ({ target }) => {
  const root = target.closest?.(CHOICE);
  if (!root) return;
  const line = open?.root === root && target.closest("[data-index]");
  if (line) return take(line);
  if (target.role !== "combobox") return;
  const { box, select } = partsOf(root);
  if (box.value !== chosenText(select)) return; // something is typed: the press moves the caret
  if (open?.root === root) return close();
  show(root, "");
  box.select();
});
/* A press on a line must not take the focus out of the box. */
document.addEventListener("mousedown", (event) => {
  if (event.target.closest?.(`${CHOICE} [role=listbox]`)) event.preventDefault();
});
document.addEventListener("focusout", ({ target }) => {
  if (open?.box === target) close();
});

/* The box says what is chosen: when it is drawn, when its options come, and when a draft is put back. */
const showChosen = (root) => {
  if (open && !open.root.isConnected) open = null;
  const { box, select } = partsOf(root);
  if (open?.root !== root && box && select && box.value !== chosenText(select)) box.value = chosenText(select);
};
watch(CHOICE, showChosen, { inside: true });
document.addEventListener("change", ({ target }) => {
  const root = target.tagName === "SELECT" && target.closest(CHOICE);
  if (root) showChosen(root);
});
