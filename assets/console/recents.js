/*
 * The records that a viewer opened last, for the command palette. Only their paths are stored: the server names those
 * that the viewer may still see.
 */
import { find, here, watch } from "./dom.js";

const MAX = 7; // one more than are shown, because the page itself is left out
const RECORD = /^\/\w+\/[1-9]\d*$/;

const read = (name) => {
  try {
    return (localStorage.getItem(name) || "").split(" ").filter((path) => RECORD.test(path));
  } catch {
    return []; // storage may be off
  }
};

const note = (path) => {
  const name = `tca-recent:${find("[data-viewer]")?.dataset.viewer || ""}`;
  const isRecord = RECORD.test(path);
  const paths = isRecord ? [path, ...read(name).filter((other) => other !== path)].slice(0, MAX) : read(name);
  const others = paths.filter((other) => other !== here());
  document.documentElement.dataset.recent = others.slice(0, MAX - 1).join(" ");
  if (!isRecord) return;
  try {
    localStorage.setItem(name, paths.join(" "));
  } catch {
    /* as above: not remembered */
  }
};

watch(".crumbs [aria-current=page]", () => note(here()));
watch("[data-record]", (dialog) => note(dialog.dataset.record), { attributes: ["data-record"] }); // has no page
