/*
 * The charts of a component on /status: the figures of an hour or a day on hover and on focus, and a day that opens by a
 * click. Each strip is one stop of the keyboard: arrows, Home and End choose a bar, and Enter opens that of a day.
 */
import { barAt, zoomTo } from "./zoom.js";

const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };
const stripOf = (event) => event.target.closest?.("[data-strip]");
let shown = null; // the strip with the tip

const hide = () => {
  shown?.strip.querySelector(".tip")?.remove();
  shown?.strip.querySelector(".strip-mark")?.remove();
  shown = null;
};

const part = (strip, className) => {
  const found = strip.querySelector(`.${className}`) || document.createElement("span");
  found.className = className;
  strip.append(found);
  return found;
};

/** Shows the figures of a bar. */
const show = (strip, index) => {
  if (shown && shown.strip !== strip) hide();
  const list = strip.closest("[data-days]").dataset;
  const labels = (strip.dataset.strip === "day" ? list.dayLabels : list.hourLabels).split("|");
  const text = `${labels[index]}: ${strip.dataset.shares.split("|")[index] || list.unchecked}`;
  const [tip, mark] = [part(strip, "tip"), part(strip, "strip-mark")];
  tip.textContent = text;
  tip.dataset.side = index < labels.length / 4 ? "start" : index >= (labels.length * 3) / 4 ? "end" : "";
  tip.style.left = mark.style.left = `${(100 * (index + 0.5)) / labels.length}%`;
  mark.style.width = `${100 / labels.length}%`;
  shown = { strip, index };
  return text;
};

const open = (strip) => {
  const day = strip.closest("[data-days]").dataset.days.split("|")[shown?.strip === strip ? shown.index : -1];
  if (day) zoomTo(strip, day, day);
};

const countOf = (strip) => strip.dataset.shares.split("|").length;

const follow = (event) => {
  const strip = stripOf(event);
  if (strip) show(strip, barAt(strip, event.clientX, countOf(strip)));
  else if (shown && shown.strip !== document.activeElement) hide();
};
document.addEventListener("pointermove", follow);
document.addEventListener("pointerdown", follow);
document.addEventListener("click", (event) => {
  const strip = stripOf(event);
  if (strip?.dataset.strip !== "day") return;
  show(strip, barAt(strip, event.clientX, countOf(strip)));
  open(strip);
});

document.addEventListener("focusin", (event) => {
  const strip = stripOf(event);
  if (strip?.matches(":focus-visible")) show(strip, strip.getAttribute("aria-valuenow") - 1);
});
document.addEventListener("focusout", (event) => stripOf(event) && hide());
document.addEventListener("keydown", (event) => {
  const strip = stripOf(event);
  if (!strip || event.ctrlKey || event.metaKey || event.altKey) return;
  const last = countOf(strip) - 1;
  const now = shown?.strip === strip ? shown.index : last + 1;
  const targets = { Home: 0, End: last };
  if (event.key in STEPS) targets[event.key] = Math.min(Math.max(now + STEPS[event.key], 0), last);
  if (event.key in targets) {
    event.preventDefault();
    const index = targets[event.key];
    const text = show(strip, index);
    strip.setAttribute("aria-valuenow", index + 1);
    strip.setAttribute("aria-valuetext", text);
  } else if (strip.dataset.strip === "day" && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    if (shown?.strip !== strip) show(strip, last);
    open(strip);
  }
});
