/*
 * Commands press a control of the page, which is named by its `data-command`. A control that the page has not drawn yet
 * is pressed when it is there: a command may open another page, and the HTML of a page lacks what needs the viewer.
 */
import { find, watch } from "./dom.js";

const WAIT_MS = 20_000; // as long as a first connection may take (connection.js)
let awaited = { name: "", until: 0 };

export const press = (name) => {
  const control = find(`[data-command="${CSS.escape(name)}"]`);
  awaited = { name: control ? "" : name, until: performance.now() + WAIT_MS };
  control?.click();
};

watch("[data-command]", (control) => {
  if (control.dataset.command === awaited.name && performance.now() < awaited.until) press(awaited.name);
});

document.addEventListener("click", (event) => {
  const name = event.target.closest?.("[data-press]")?.dataset.press;
  // Afterwards: the click itself closes the palette or the menu, and opens the page.
  if (name) setTimeout(() => press(name));
  else if (event.isTrusted) awaited = { name: "", until: 0 };
});
