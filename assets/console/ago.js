/* Relative times: how long ago something was, or in how long it will be. */
import { language, t } from "./language.js";

const UNITS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });

/**
 * "3 hours ago". Nothing is coarser than a day: six rows of "last month" are no order, and a moment has one name on all
 * pages. What is to come is rounded: an invitation for 24 hours says so when it is some minutes old.
 */
export const ago = (then, now = Date.now()) => {
  const seconds = Math.round((then - now) / 1000);
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? [];
  if (unit) return relative.format((seconds > 0 ? Math.round : Math.trunc)(seconds / size), unit);
  return seconds > 10 ? t("in less than a minute") : t("just now"); // clocks differ by some seconds
};
