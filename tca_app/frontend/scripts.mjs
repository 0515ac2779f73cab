// Makes one minified file of the modules in CLIENT/console, in place: node scripts.mjs CLIENT, where node_modules hold Vite.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const { build } = createRequire(`${process.cwd()}/`)("vite");
const folder = `${process.argv[2]}/console`;
const { output } = await build({
  configFile: false,
  root: folder,
  publicDir: false,
  logLevel: "error",
  build: { write: false, modulePreload: false, rolldownOptions: { input: `${folder}/main.js` } },
});
rmSync(folder, { recursive: true });
mkdirSync(folder);
writeFileSync(`${folder}/main.js`, output[0].code);
