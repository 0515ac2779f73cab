/* The log of a deployment: read from the API as it grows, drawn here, so that no line passes the websocket. */

import { all, call, find, watch } from "../dom.js";
import { paintLine } from "./ansi.js";

const BATCH = 1000;
const PART = 100; // lines that are laid out together, or not at all while they are out of view
const logs = new WeakMap();
const panelOf = (element) => element.closest("[data-log]");

const follow = (panel, isOn) => {
  const button = find("[data-log-follow]", panel);
  if (button.getAttribute("aria-pressed") !== String(isOn)) button.setAttribute("aria-pressed", String(isOn));
  const box = find("[data-log-lines]", panel);
  if (!isOn || !box) return;
  const toEnd = () => {
    box.scrollTop = box.scrollHeight;
  };
  toEnd();
  requestAnimationFrame(toEnd); // what came into view has its real height only now: long lines are broken
};

const append = (box, entries, look) => {
  const drawn = document.createDocumentFragment();
  let part = box.lastElementChild;
  for (const entry of entries) {
    if (!part || part.childElementCount >= PART) {
      part = Object.assign(document.createElement("div"), { className: "log-part" });
      drawn.append(part);
    }
    const line = paintLine(entry.line, look);
    line.dataset.seq = entry.seq;
    part.append(line);
  }
  box.append(drawn);
};

const readOn = async (panel, log) => {
  const isCurrent = () => logs.get(panel) === log;
  while (isCurrent() && log.last < Number(panel.dataset.lines)) {
    const answer = await call(`${log.url}?after=${log.last}&limit=${BATCH}`);
    const entries = answer.ok ? await answer.json() : [];
    if (!entries.length || !isCurrent()) return;
    append(log.box, entries, log.look);
    log.last = entries.at(-1).seq;
    if (find("[data-log-follow]", panel).getAttribute("aria-pressed") === "true") follow(panel, true);
  }
};

const read = async (panel) => {
  const box = find("[data-log-lines]", panel);
  if (!box) return;
  const url = panel.dataset.log;
  let log = logs.get(panel);
  if (log?.box !== box || log.url !== url) {
    log = { box, url, last: 0, isReading: false, look: new Map(), hits: [] };
    logs.set(panel, log);
    box.replaceChildren();
  }
  if (log.isReading) return;
  log.isReading = true;
  try {
    await readOn(panel, log);
  } catch {
    /* the next change of the page, or its clock, tries again */
  }
  log.isReading = false;
};

/** Into the middle of the box; once more when what came into view has its real height. */
const show = (box, line) => {
  const center = () => {
    box.scrollTop += line.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 2;
  };
  center();
  requestAnimationFrame(center);
};

const search = (panel, step) => {
  const wanted = find("[data-log-search]", panel).value.toLowerCase();
  const lines = wanted ? all("[data-seq]", panel) : [];
  const hits = lines.filter((line) => line.textContent.toLowerCase().includes(wanted));
  const before = hits.findIndex((line) => line.classList.contains("at"));
  const index = before < 0 ? 0 : (before + step + hits.length) % hits.length;
  const log = logs.get(panel) || {};
  for (const line of log.hits || []) line.classList.remove("hit", "at");
  for (const line of hits) line.classList.add("hit");
  log.hits = hits;
  if (hits.length) {
    follow(panel, false);
    hits[index].classList.add("at");
    show(find("[data-log-lines]", panel), hits[index]);
  }
  const count = hits.length ? `${index + 1} of ${hits.length}` : "Not found";
  find("[data-log-found]", panel).textContent = wanted ? count : "";
};

document.addEventListener("input", (event) => {
  if (event.target.matches?.("[data-log-search]")) search(panelOf(event.target), 0);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches?.("[data-log-search]")) return;
  search(panelOf(event.target), event.shiftKey ? -1 : 1);
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-log-follow]");
  if (button) follow(panelOf(button), button.getAttribute("aria-pressed") !== "true");
});
/* Who scrolls up wants to read. */
document.addEventListener(
  "wheel",
  (event) => {
    const box = event.target.closest?.("[data-log-lines]");
    if (box && event.deltaY < 0) follow(panelOf(box), false);
  },
  { passive: true },
);

watch("[data-log]", read, { attributes: ["data-log", "data-lines"] });
watch("[data-log-lines]", (box) => read(panelOf(box)));
