/* The log of a deployment: read from the API as it grows, drawn here, so that no line passes the websocket. */

import { all, find, watch } from "../dom.js";
import { t } from "../language.js";
import { grow, linesWith, newLog, readAll, retry, showLine } from "./lines.js";

const logs = new WeakMap();
const panelOf = (element) => element.closest("[data-log]");
const isFollowed = (panel) => find("[data-log-follow]", panel)?.getAttribute("aria-pressed") === "true";

let lowered = null; // the box that a person scrolls down: at its end Follow goes on

const isAtEnd = (box) => box.scrollTop + box.clientHeight >= box.scrollHeight - 2; // pixels may be fractions
const toEnd = (box) => {
  box.scrollTop = box.scrollHeight;
};

const follow = (panel, isOn) => {
  const button = find("[data-log-follow]", panel);
  if (button && button.getAttribute("aria-pressed") !== String(isOn)) button.setAttribute("aria-pressed", String(isOn));
  const box = find("[data-log-lines]", panel);
  if (!isOn) lowered = null;
  if (!isOn || !box) return;
  toEnd(box);
  requestAnimationFrame(() => toEnd(box)); // what came into view has its real height only now: long lines are broken
};

const read = (panel) => {
  const box = find("[data-log-lines]", panel);
  if (!box) return;
  const url = panel.dataset.log;
  let log = logs.get(panel);
  if (log?.box !== box || log.url !== url) {
    log?.observer.disconnect();
    log = newLog(box, url);
    log.afterDraw = () => logs.get(panel) === log && isFollowed(panel) && follow(panel, true);
    logs.set(panel, log);
  }
  const isMore = Number(panel.dataset.lines) > log.total;
  grow(log, Number(panel.dataset.lines));
  if (isMore && isFollowed(panel)) follow(panel, true);
  else retry(log);
};

/** Marks the lines with the searched text and shows one of them: the next with a step of 1, the one before with -1. */
const mark = (panel, log, wanted, step) => {
  const hits = wanted ? linesWith(log, wanted) : [];
  const before = hits.indexOf(log.at);
  const index = before < 0 ? 0 : (before + step + hits.length) % hits.length;
  log.marked = new Set(hits);
  log.at = hits[index];
  for (const line of all("[data-seq]", log.box)) {
    line.classList.toggle("hit", log.marked.has(Number(line.dataset.seq)));
    line.classList.toggle("at", log.at === Number(line.dataset.seq));
  }
  if (hits.length) {
    follow(panel, false);
    showLine(log, log.at);
  }
  return hits.length ? t("{number} of {total}", { number: index + 1, total: hits.length }) : t("Not found");
};

const search = async (panel, step) => {
  const log = logs.get(panel);
  const field = find("[data-log-search]", panel);
  const found = find("[data-log-found]", panel);
  const wanted = field.value.toLowerCase();
  if (!log) return;
  const say = (words) => {
    found.textContent = words;
  };
  if (!wanted) {
    mark(panel, log, "", 0);
    return say("");
  }
  say(t("Searching"));
  try {
    await readAll(log);
  } catch {
    return say(t("Not all lines could be read"));
  }
  if (field.value.toLowerCase() === wanted && logs.get(panel) === log) say(mark(panel, log, wanted, step));
};

document.addEventListener("input", (event) => {
  if (event.target.matches?.("[data-log-search]")) search(panelOf(event.target), 0);
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-log-follow]");
  if (button) follow(panelOf(button), button.getAttribute("aria-pressed") !== "true");
});

/* Scrolling up stops Follow, and scrolling to the end resumes it: by wheel, keyboard, scroll bar, selection or finger. */
const UP = ["PageUp", "ArrowUp", "Home"];
const DOWN = ["PageDown", "ArrowDown", "End", " "];
const boxOf = (event) => event.target.closest?.("[data-log-lines]");
let held = null; // the box that a pointer drags, with where it was

const onPassive = (type, callback) => document.addEventListener(type, callback, { passive: true, capture: true });

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches?.("[data-log-search]"))
    search(panelOf(event.target), event.shiftKey ? -1 : 1);
  const box = boxOf(event);
  if (box && (UP.includes(event.key) || (event.key === " " && event.shiftKey))) follow(panelOf(box), false);
  else if (box && DOWN.includes(event.key)) lowered = box;
});
onPassive("wheel", (event) => {
  const box = boxOf(event);
  if (box && event.deltaY < 0) follow(panelOf(box), false);
  else if (box && event.deltaY > 0) lowered = box;
});
onPassive("pointerdown", (event) => {
  const box = boxOf(event);
  held = box && { box, top: box.scrollTop };
});
for (const type of ["pointerup", "pointercancel"])
  onPassive(type, (event) => {
    if (event.pointerType !== "touch") held = null;
  });
onPassive("touchend", () => {
  held = null;
});
const resume = (panel) => {
  const button = find("[data-log-follow]", panel);
  if (button && !button.hidden && !isFollowed(panel)) follow(panel, true);
};
onPassive("scroll", (event) => {
  const box = event.target;
  if (held?.box === box) {
    if (box.scrollTop < held.top) follow(panelOf(box), false);
    else if (box.scrollTop > held.top) lowered = box;
    held.top = box.scrollTop;
  }
  if (lowered === box && isAtEnd(box)) resume(panelOf(box));
});

watch("[data-log]", read, { attributes: ["data-log", "data-lines"] });
watch("[data-log-lines]", (box) => read(panelOf(box)));
