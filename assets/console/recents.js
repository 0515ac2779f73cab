/*
 * The records that a viewer opened last, for the command palette. Only their paths are stored: the server names those
 * that the viewer may still see.
 */
import { find, here, watch } from "./dom.js";

const MAX = 7; // one more than are shown, because the page itself is left out
const RECORD = /^\/\w+\/\d+$/;

const read = (name) => {
  try {
    return (localStorage.getItem(name) || "").split(" ").filter((path) => RECORD.test(path));
  } catch {
    return []; // storage may be off
  }
};

const note = () => {
  const name = `tca-recent:${find("[data-viewer]")?.dataset.viewer || ""}`;
  const path = here();
  const others = read(name).filter((other) => other !== path);
  document.documentElement.dataset.recent = others.slice(0, MAX - 1).join(" ");
  if (!RECORD.test(path)) return;
  try {
    localStorage.setItem(name, [path, ...others].slice(0, MAX).join(" "));
  } catch {
    /* as above: not remembered */
  }
};

watch(".crumbs [aria-current=page]", note);
