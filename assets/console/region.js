/* The form of the time zone: the list of zones with their offsets now, and a sample of what is chosen. */
import { find, watch } from "./dom.js";
import { ownLocale } from "./language.js";
import { offsetIn, PARTS, writer } from "./times.js";

/** Fills the list once it is asked for: some 400 zones take the browser 30 ms. */
const fill = (list) => {
  if (list.childElementCount) return;
  const at = new Date();
  for (const zone of ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")]) {
    const [area, ...city] = zone.split("/");
    const name = city.length ? `${city.reverse().join(", ").replaceAll("_", " ")} (${area})` : area;
    const option = document.createElement("option");
    option.value = zone;
    option.label = `${name}, ${offsetIn(zone)(at)}`;
    list.append(option);
  }
};

document.addEventListener("focusin", ({ target }) => {
  const list = target.matches("input[list=time-zones]") && target.list;
  if (list) fill(list);
});

const sampleOf = (form) => {
  const zone = find("[name=time_zone]", form).value.trim();
  const locale = find("[name=locale]", form).value;
  try {
    const amount = new Intl.NumberFormat(locale || ownLocale, { useGrouping: "always" }).format(1234.5);
    return `${writer(zone, locale, PARTS)(Date.now())}, ${amount}`;
  } catch {
    return "–"; // half a name, while it is typed
  }
};

const show = (sample) => {
  const text = sampleOf(sample.closest("form"));
  if (sample.textContent !== text) sample.textContent = text; // each change calls this again
};

watch("[data-region-sample]", show);
document.addEventListener("input", ({ target }) => {
  const sample = find("[data-region-sample]", target.form ?? target);
  if (sample) show(sample);
});
