/*
 * Times, in the zone and the locale of the viewer: what they chose in Settings, else the browser's. The live connection
 * brings the browser's along in cookies (ui/zone.py).
 */
import { ago } from "./ago.js";
import { all, find, watch } from "./dom.js";
import { ownLocale } from "./language.js";

const remember = (name, value) => {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is asynchronous, and needs a secure context.
  document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
};
remember("time_zone", Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC");
remember("locale", navigator.language || "");

/** What the viewer chose, or "". */
const chosen = () => find("[data-time-zone]")?.dataset ?? {};
export const PARTS = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" };

/** Says the offset of a zone at a time: "UTC+1". */
export const offsetIn = (timeZone) => {
  const format = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "shortOffset" });
  const isOffset = ({ type }) => type === "timeZoneName";
  return (time) =>
    format
      .formatToParts(time)
      .find(isOffset)
      .value.replace("GMT", "UTC")
      .replace(/[+-]0$/, "");
};

/** How a zone and a locale write a time: "27/11/2026, 14:05:09 (Europe/Berlin, UTC+1)". Throws for unknown ones. */
export const writer = (zone, locale, parts = { ...PARTS, second: "2-digit" }) => {
  const format = new Intl.DateTimeFormat(locale || ownLocale, { ...parts, timeZone: zone || undefined });
  const timeZone = zone || format.resolvedOptions().timeZone; // a browser may know it by an older name
  const offset = offsetIn(timeZone);
  return (time) => {
    const words = offset(time);
    return `${format.format(time)} (${timeZone === words ? words : `${timeZone}, ${words}`})`;
  };
};

/** A format with the zone and the locale of the viewer; that of the browser where a setting is unknown to it. */
export const viewerFormat = (style) => {
  const { timeZone = "", locale = "" } = chosen();
  try {
    return new Intl.DateTimeFormat(locale || ownLocale, { ...style, timeZone: timeZone || undefined });
  } catch {
    return new Intl.DateTimeFormat(ownLocale, style);
  }
};

let known = {};
/** The writer for the viewer; that of the browser where a setting is unknown to it. */
const exact = (time) => {
  const { timeZone = "", locale = "" } = chosen();
  if (!known.write || known.timeZone !== timeZone || known.locale !== locale) {
    known = { timeZone, locale };
    try {
      known.write = writer(timeZone, locale);
    } catch {
      known.write = writer("", "");
    }
  }
  return known.write(time);
};

const setTime = (element) => {
  const then = Date.parse(element.dateTime);
  if (Number.isNaN(then)) return;
  const text = ago(then);
  const title = exact(then);
  // The node stays: React writes into this very node when the row shows another time.
  const node = element.firstChild;
  if (node?.nodeType === Node.TEXT_NODE && node.nodeValue !== text) node.nodeValue = text;
  if (element.title !== title) element.title = title;
};

watch("time[data-relative]", setTime, { attributes: ["datetime"] });
watch("[data-time-zone]", () => all("time[data-relative]").forEach(setTime), {
  attributes: ["data-time-zone", "data-locale"],
});
