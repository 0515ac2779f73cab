/* Relative times, and the viewer's time zone: the live connection brings the cookie along (ui/zone.py). */
import { watch } from "./dom.js";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
const secure = location.protocol === "https:" ? "; Secure" : "";
// biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is asynchronous, and needs a secure context.
document.cookie = `time_zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;

const UNITS = [
  ["year", 31536000],
  ["month", 2592000],
  ["week", 604800],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

const ago = (then) => {
  const seconds = Math.round((then - Date.now()) / 1000);
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? [];
  if (unit) return relative.format(Math.trunc(seconds / size), unit);
  return seconds > 10 ? "in less than a minute" : "just now"; // clocks differ by some seconds
};

const setTime = (element) => {
  const then = Date.parse(element.dateTime);
  if (Number.isNaN(then)) return;
  const text = ago(then);
  const title = exact.format(then);
  // The node stays: React writes into this very node when the row shows another time.
  const node = element.firstChild;
  if (node?.nodeType === Node.TEXT_NODE && node.nodeValue !== text) node.nodeValue = text;
  if (element.title !== title) element.title = title;
};

watch("time[data-relative]", setTime, { attributes: ["datetime"] });
