// Removes the rules and variables that no built page uses from the stylesheets of a build, in place. Prints their names.
// node purge.mjs CLIENT PALETTE…, in the folder whose node_modules hold PurgeCSS.
// CLIENT: the folder with the built pages; PALETTE: a colour of Radix that the pages show.
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const { PurgeCSS } = createRequire(`${process.cwd()}/`)("purgecss");
const [client, ...palettes] = process.argv.slice(2);
const radix =
  "gray mauve slate sage olive sand gold bronze brown yellow amber orange tomato red ruby crimson pink plum purple " +
  "violet iris indigo blue cyan teal jade green grass lime mint sky";
const unused = new Set(radix.split(" ").filter((color) => color !== "gray" && !palettes.includes(color)));
const text = (path) => readFileSync(path, "utf8");
const named = (css) => css.match(/--[a-zA-Z][\w-]*/g) ?? [];
const pages = globSync(`${client}/**/*.{js,html}`);
const files = globSync(`${client}/assets/*.css`);
const judged = ["data-accent-color$", "data-gray-color$", ...[...unused].map((color) => `${color}$`)];
const attributes = files.flatMap((file) => [...text(file).matchAll(/\[([\w-]+)/g)].map((match) => match[1]));
const sheets = await new PurgeCSS().purge({
  content: pages,
  css: files,
  // Radix names all palettes in its scripts, so a word is no sign that a page shows one.
  defaultExtractor: (page) => (page.match(/[\w-]+/g) ?? []).filter((word) => !unused.has(word)),
  // Only components and palettes of Radix are judged. It makes the classes of sizes and variants at run time, as
  // assets/console does with some of ours; no page has a size for one screen width only.
  safelist: { standard: [new RegExp(`^(?!${["rt-[A-Z]", "(xs|sm|md|lg|xl):", ...judged].join("|")})`)] },
  dynamicAttributes: attributes.filter((name) => !name.endsWith("-color")),
});

// Which variables are used is followed here: PurgeCSS loses those that only another variable refers to.
const css = sheets.map((sheet) => sheet.css).join("");
const parts = new Map();
for (const [, name, value] of css.matchAll(/(--[\w-]+)\s*:([^;}]*)/g)) {
  parts.set(name, [...(parts.get(name) ?? []), ...named(value)]);
}
const kept = new Set();
const keep = (name) => {
  if (kept.has(name) || unused.has(name.split("-")[2])) return;
  kept.add(name);
  (parts.get(name) ?? []).forEach(keep);
};
named(css.replace(/--[\w-]+\s*:[^;}]*/g, "")).forEach(keep);
pages.flatMap((page) => named(text(page))).forEach(keep);

// A root that has something sets only the colour scheme, which the page has; every change would style the page anew.
const ROOT_HAS = /,:root:where\(:has\(\.radix-themes\[[^{]*(?=\{)/g;
for (const { css: before, file } of sheets) {
  const after = before
    .replace(ROOT_HAS, "")
    .replace(/(--[\w-]+)\s*:[^;{}]*(;|(?=\}))/g, (whole, name) => (kept.has(name) ? whole : ""));
  writeFileSync(file, after);
  console.log(file);
}
