/*
 * Charts by day or week: dragging over them, with a pointer or a finger, fills in the form below the chart and sends it.
 * Esc ends a drag, and a zoom. Without a pointer the form does the same.
 */
import { all, find, OVERLAYS } from "./dom.js";

const LEAST = 8; // pixels; less is a click
const PLOTS = ".day-bars .plot, [data-strip=day]";
let drag = null;

const end = () => {
  drag?.area?.remove();
  drag = null;
};

/** The first and the last day of each bar of a chart; those of a strip stand at its list. */
const daysOf = (plot) =>
  plot.dataset.strip
    ? plot
        .closest("[data-days]")
        .dataset.days.split("|")
        .map((day) => [day, day])
    : all("[data-day]", plot).map(({ dataset: { day, until } }) => [day, until || day]);

/** The number of the bar at this place. */
export const barAt = (plot, x, count) => {
  const { left, width } = plot.getBoundingClientRect();
  return Math.min(Math.max(Math.floor(((x - left) / width) * count), 0), count - 1);
};

const formOf = (plot) => find("form[data-zoom]", plot.closest(":is(.day-bars, .panel, .dora):has(form[data-zoom])"));

/** Fills in the form below a chart and sends it. */
export const zoomTo = (plot, from, to) => {
  const form = formOf(plot);
  if (!form) return;
  form.elements.namedItem("from").value = from;
  form.elements.namedItem("to").value = to;
  form.requestSubmit();
};

/** The bars between the start of the drag and this place. */
const chosen = (x) => {
  const days = daysOf(drag.plot);
  const [first, last] = [drag.x, x].map((at) => barAt(drag.plot, at, days.length)).sort((one, other) => one - other);
  return { first, last, days };
};

const draw = (x) => {
  if (!drag.area) {
    drag.area = document.createElement("span");
    drag.area.className = "zoom-area";
    drag.plot.append(drag.area);
  }
  const { first, last, days } = chosen(x);
  drag.area.style.left = `${(100 * first) / days.length}%`;
  drag.area.style.width = `${(100 * (last - first + 1)) / days.length}%`;
};

document.addEventListener("pointerdown", (event) => {
  const plot = event.button === 0 && event.isPrimary && event.target.closest?.(PLOTS);
  if (plot && formOf(plot)) drag = { plot, x: event.clientX };
});
document.addEventListener("pointermove", ({ clientX }) => {
  if (drag && (drag.area || Math.abs(clientX - drag.x) >= LEAST)) draw(clientX);
});
document.addEventListener("pointerup", ({ clientX }) => {
  if (!drag?.area) return end();
  const { first, last, days } = chosen(clientX);
  const { plot } = drag;
  end();
  // The click that follows would open the rows of a day.
  const ignore = (event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  addEventListener("click", ignore, { capture: true, once: true });
  setTimeout(() => removeEventListener("click", ignore, { capture: true }));
  if (first !== last) zoomTo(plot, days[first][0], days[last][1]);
});
document.addEventListener("pointercancel", end);
/* A bar is a link, which the browser would drag instead. */
document.addEventListener("dragstart", (event) => drag && event.preventDefault());
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  if (drag) return end();
  if (!find(OVERLAYS) && !event.target.closest?.("input, select, textarea")) find("[data-zoom-reset]")?.click();
});
