/* A line of a log with its ANSI colours as spans; every other control sequence is left out. */

const SHAPES = { 1: "bold", 2: "dim", 3: "italic", 4: "underline" };
// biome-ignore lint/suspicious/noControlCharactersInRegex: ANSI sequences begin with one. Titles of terminals, and all but colours.
const OTHER_SEQUENCES = /\u001b\][^\u0007\u001b]*(\u0007|\u001b\\)|\u001b\[[0-9;?]*[A-Za-ln-z]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: ANSI sequences begin with one.
const COLOURS = /\u001b\[([0-9;]*)m/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: ANSI sequences begin with one.
const ALL_COLOURS = /\u001b\[[0-9;]*m/g;

const isColour = (code) => (code >= 30 && code <= 37) || (code >= 90 && code <= 97);

/** Changes `look`, the classes of what follows, by one code. */
const apply = (look, code) => {
  if (code === 0) look.clear();
  else if (SHAPES[code]) look.set(code, SHAPES[code]);
  else if (code === 22) for (const shape of [1, 2]) look.delete(shape);
  else if (code === 23 || code === 24) look.delete(code - 20);
  else if (isColour(code)) look.set("color", `ansi-${code % 10}`);
  else if (code === 39) look.delete("color");
};

const pieceOf = (text, look) => {
  if (!look.size) return document.createTextNode(text);
  return Object.assign(document.createElement("span"), { className: [...look.values()].join(" "), textContent: text });
};

/** What a progress bar wrote over is left out, and so is every sequence but colours. */
const shownText = (raw) => raw.slice(raw.lastIndexOf("\r", raw.length - 2) + 1).replace(OTHER_SEQUENCES, "");

/** A line without its colours, as a search reads it. */
export const plainText = (raw) =>
  raw.includes("\u001b") || raw.includes("\r") ? shownText(raw).replace(ALL_COLOURS, "") : raw;

/** Draws a line. `look` lasts beyond it: a colour ends where the program ends it. */
export const paintLine = (raw, look) => {
  const line = document.createElement("div");
  for (const [index, part] of shownText(raw).split(COLOURS).entries()) {
    if (index % 2) for (const code of (part || "0").split(";").map(Number)) apply(look, code);
    else if (part) line.append(pieceOf(part, look));
  }
  return line;
};
