/*
 * Charts by day: dragging over days, with a pointer or a finger, fills in the form below the chart and sends it. Esc ends
 * a drag, and a zoom. Without a pointer the form does the same.
 */
import { all, find, OVERLAYS } from "./dom.js";

const LEAST = 8; // pixels; less is a click
let drag = null;

const end = () => {
  drag?.area?.remove();
  drag = null;
};

/** The bars between the start of the drag and this place. */
const chosen = (x) => {
  const { left, width } = drag.plot.getBoundingClientRect();
  const bars = all("[data-day]", drag.plot);
  const indexOf = (at) => Math.min(Math.max(Math.floor(((at - left) / width) * bars.length), 0), bars.length - 1);
  const [first, last] = [indexOf(drag.x), indexOf(x)].sort((one, other) => one - other);
  return { first, last, bars };
};

const draw = (x) => {
  if (!drag.area) {
    drag.area = document.createElement("span");
    drag.area.className = "zoom-area";
    drag.plot.append(drag.area);
  }
  const { first, last, bars } = chosen(x);
  drag.area.style.left = `${(100 * first) / bars.length}%`;
  drag.area.style.width = `${(100 * (last - first + 1)) / bars.length}%`;
};

document.addEventListener("pointerdown", (event) => {
  const plot = event.button === 0 && event.isPrimary && event.target.closest?.(".day-bars .plot");
  const form = plot && find("form[data-zoom]", plot.closest(".day-bars"));
  if (form) drag = { plot, form, x: event.clientX };
});
document.addEventListener("pointermove", ({ clientX }) => {
  if (drag && (drag.area || Math.abs(clientX - drag.x) >= LEAST)) draw(clientX);
});
document.addEventListener("pointerup", ({ clientX }) => {
  if (!drag?.area) return end();
  const { first, last, bars } = chosen(clientX);
  const { form } = drag;
  end();
  // The click that follows would open the rows of a day.
  const ignore = (event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  addEventListener("click", ignore, { capture: true, once: true });
  setTimeout(() => removeEventListener("click", ignore, { capture: true }));
  if (first === last) return;
  form.elements.namedItem("from").value = bars[first].dataset.day;
  form.elements.namedItem("to").value = bars[last].dataset.day;
  form.requestSubmit();
});
document.addEventListener("pointercancel", end);
/* A bar is a link, which the browser would drag instead. */
document.addEventListener("dragstart", (event) => drag && event.preventDefault());
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  if (drag) return end();
  if (!find(OVERLAYS) && !event.target.closest?.("input, select, textarea")) find("[data-zoom-reset]")?.click();
});
