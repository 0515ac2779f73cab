/* The lines of a log: read from the API in batches when they are needed, and drawn in parts while they are near the
   view. A log of 100,000 lines is a thousand empty boxes and a screenful of text. */

import { call } from "../dom.js";
import { t } from "../language.js";
import { paintLine, plainText } from "./ansi.js";

const BATCH = 1000;
const PART = 100; // lines that are drawn together
const LINE_PX = 18; // of the stylesheet; what is drawn has its real height
const NEAR = "1500px 0px";
const AT_ONCE = 4;

export const newLog = (box, url) => {
  const log = { box, url, total: 0, lines: [], parts: [], looks: [], reading: new Map(), hits: [], marked: new Set() };
  log.observer = new IntersectionObserver((entries) => onSeen(log, entries), { root: box, rootMargin: NEAR });
  box.replaceChildren();
  return log;
};

const countIn = (log, index) => Math.min(PART, log.total - index * PART);

/** Makes room for as many lines as there are now, and reads on where the end is in view. */
export const grow = (log, total) => {
  if (total <= log.total) return;
  log.total = total;
  const last = Math.ceil(total / PART);
  for (let index = Math.max(0, log.parts.length - 1); index < last; index += 1) {
    const part = log.parts[index] ?? addPart(log, index);
    if (!part.childElementCount) part.style.height = `${countIn(log, index) * LINE_PX}px`;
    else if (part.isSeen) fill(log, part);
  }
};

const addPart = (log, index) => {
  const part = Object.assign(document.createElement("div"), { className: "log-part", index });
  log.parts[index] = part;
  log.box.append(part);
  log.observer.observe(part);
  return part;
};

const onSeen = (log, entries) => {
  for (const { target: part, isIntersecting } of entries) {
    part.isSeen = isIntersecting;
    if (isIntersecting) fill(log, part);
    else if (part.childElementCount) clear(part);
  }
};

const clear = (part) => {
  part.style.height = `${part.offsetHeight}px`;
  part.replaceChildren();
};

const fill = async (log, part) => {
  try {
    await readBatch(log, Math.floor((part.index * PART) / BATCH));
  } catch {
    return showFailure(log); // the next change of the page, or its clock, tries again as well
  }
  log.failure?.remove();
  if (part.isSeen) draw(log, part);
  log.afterDraw?.();
};

/** Says above the lines that some are missing, with a button that reads them again. */
const showFailure = (log) => {
  log.failure ??= newFailure(log);
  if (!log.failure.isConnected) log.box.prepend(log.failure);
};

const newFailure = (log) => {
  const again = { type: "button", className: "btn small", textContent: t("Try again"), onclick: () => retry(log) };
  const failure = Object.assign(document.createElement("div"), { className: "log-failure" });
  failure.append(t("Loading failed"), Object.assign(document.createElement("button"), again));
  return failure;
};

/** Reads again what could not be read while it was in view. */
export const retry = (log) => {
  for (const part of log.parts) if (part.isSeen && part.childElementCount < countIn(log, part.index)) fill(log, part);
};

/** Reads the lines of a batch that are not here yet. */
const readBatch = (log, batch) => {
  const end = Math.min(log.total, (batch + 1) * BATCH);
  let start = batch * BATCH;
  while (start < end && log.lines[start] !== undefined) start += 1;
  if (start === end) return Promise.resolve();
  const before = log.reading.get(batch);
  if (before) return before.then(() => readBatch(log, batch));
  const reading = fetchLines(log, start, end).finally(() => log.reading.delete(batch));
  log.reading.set(batch, reading);
  return reading;
};

const fetchLines = async (log, start, end) => {
  const answer = await call(`${log.url}?after=${start}&limit=${end - start}`);
  const entries = answer.ok ? await answer.json() : [];
  if (!entries.length) throw new Error("No lines");
  for (const { seq, line } of entries) log.lines[seq - 1] = line;
};

/** Draws the lines of a part that are here and not drawn yet. What is read stays where it is on the screen. */
export const draw = (log, part) => {
  const first = part.index * PART;
  const from = part.childElementCount;
  const look = new Map(from ? part.look : log.looks[part.index]);
  const drawn = document.createDocumentFragment();
  for (let offset = from; offset < countIn(log, part.index); offset += 1) {
    const text = log.lines[first + offset];
    if (text === undefined) break;
    drawn.append(lineOf(log, text, first + offset + 1, look));
  }
  if (!drawn.childElementCount) return;
  part.look = look;
  log.looks[part.index + 1] = look;
  const { box } = log;
  const height = part.offsetHeight;
  const isAbove = part.offsetTop + height <= box.scrollTop;
  part.append(drawn);
  part.style.height = "";
  if (isAbove) box.scrollTop += part.offsetHeight - height;
};

const lineOf = (log, text, seq, look) => {
  const line = paintLine(text, look);
  line.dataset.seq = seq;
  line.classList.toggle("hit", log.marked.has(seq));
  line.classList.toggle("at", log.at === seq);
  return line;
};

/** Reads the whole log, for a search. */
export const readAll = async (log) => {
  const batches = [...Array(Math.ceil(log.total / BATCH)).keys()];
  const worker = async () => {
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) await readBatch(log, batch);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
};

/** The numbers of the lines with a text, of those that are here. */
export const linesWith = (log, wanted) => {
  const found = [];
  for (let index = 0; index < log.total; index += 1) {
    const text = log.lines[index];
    if (text !== undefined && plainText(text).toLowerCase().includes(wanted)) found.push(index + 1);
  }
  return found;
};

/** Shows a line that is here in the middle of the box; once more when what came into view has its real height. */
export const showLine = (log, seq) => {
  const { box } = log;
  const part = log.parts[Math.floor((seq - 1) / PART)];
  const center = () => {
    part.isSeen = true;
    draw(log, part);
    const line = part.children[(seq - 1) % PART];
    if (line)
      box.scrollTop += line.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 2;
  };
  center();
  requestAnimationFrame(center);
};
