/*
 * A box with lines below it: the command palette, and the picker of people. Keys act on the lines only while these
 * answer what the box holds (`data-found-for`), and Enter waits for them.
 */
import { press } from "./commands.js";
import { all, find, watch } from "./dom.js";

const PALETTE = "[data-palette]";
const LINE = "[role=option]";
const chosenIn = new WeakMap(); // palette to the index of the chosen line, and whether Enter was pressed
const isClosing = (palette) => Boolean(palette.closest("[data-state=closed]"));

const choiceOf = (palette) => {
  if (!chosenIn.has(palette)) chosenIn.set(palette, { index: 0, takes: false });
  return chosenIn.get(palette);
};

const draw = (palette) => {
  const chosen = choiceOf(palette);
  const box = find("input", palette);
  const isFound = box && palette.dataset.foundFor === box.value;
  const lines = isFound ? all(LINE, palette) : [];
  palette.toggleAttribute("data-looking", !isFound);
  chosen.index = Math.max(0, Math.min(chosen.index, lines.length - 1));
  for (const line of all(LINE, palette)) line.setAttribute("aria-selected", String(line === lines[chosen.index]));
  box?.setAttribute("aria-activedescendant", lines[chosen.index]?.id || "");
  if (isClosing(palette)) {
    chosen.takes = false;
    if (box) box.value = ""; // Radix may draw the same box again when it is opened before it was gone
  }
  if (!isFound || !chosen.takes) return;
  chosen.takes = false;
  lines[chosen.index]?.click();
};

/** Moves over the lines, or takes the chosen one. */
export const onPaletteKey = (event, palette) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.isComposing || event.target.tagName !== "INPUT" || !(step || event.key === "Enter")) return;
  event.preventDefault();
  const chosen = choiceOf(palette);
  const count = palette.hasAttribute("data-looking") ? 0 : all(LINE, palette).length;
  if (!step) chosen.takes = true;
  else if (count) chosen.index = (chosen.index + step + count) % count;
  draw(palette);
  find("[aria-selected=true]", palette)?.scrollIntoView({ block: "nearest" });
};

/** Opens the command palette, as soon as this page has drawn its button. Returns whether this page has one. */
export const openPalette = () => {
  if (!find(".shell")) return false;
  if (all(PALETTE).every(isClosing)) {
    press("palette");
    setTimeout(() => find(".palette input")?.focus()); // the same box, if it was not gone yet, gets no focus from Radix
  }
  return true;
};

document.addEventListener("input", (event) => {
  const palette = event.target.closest?.(PALETTE);
  if (!palette) return;
  chosenIn.delete(palette);
  draw(palette);
});

/* A line that types into the box leaves the palette open: Radix closes it only on a click that is not prevented. */
const typeInto = (box, text) => {
  // Past React's own setter, which would take the value for one that it knows.
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(box, text);
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.focus();
};
document.addEventListener(
  "click",
  (event) => {
    const line = event.target.closest?.("[data-fill]:not([data-fill=''])");
    if (!line) return;
    event.preventDefault();
    typeInto(find("input", line.closest(PALETTE)), line.dataset.fill);
  },
  true,
);

watch(PALETTE, draw, { attributes: ["data-found-for"], inside: true });
watch("[role=dialog][data-state=closed]", (dialog) => all(PALETTE, dialog).forEach(draw), {
  attributes: ["data-state"],
});
