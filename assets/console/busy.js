/*
 * A page that loads for long is seen to. The style sheet cannot wait: a transition makes a layer of what it changes when it
 * starts, also with a delay, and so of the table at each click.
 */
import { watch } from "./dom.js";

const SHOWN_AFTER_MS = 150;
let timer = null;

const show = () => document.documentElement.setAttribute("data-slow", "");

const onProgress = (bar) => {
  if (bar.dataset.busy === "true") {
    timer ??= setTimeout(show, SHOWN_AFTER_MS);
    return;
  }
  clearTimeout(timer);
  timer = null;
  document.documentElement.removeAttribute("data-slow");
};

watch(".progress", onProgress, { attributes: ["data-busy"] });
