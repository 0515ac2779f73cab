/* A page that the viewer could not open last time is not shown until the server says that they may. */
import { find, watch } from "./dom.js";
import { recall, remember } from "./memory.js";

const GRANTS = "tca-grants";
const PAGE = ".of-permission";

watch(".shell[data-viewer]", (shell) => remember(GRANTS, shell.dataset.grants), {
  attributes: ["data-viewer", "data-grants"],
});
watch(PAGE, (page) => {
  const grants = recall(GRANTS);
  if (grants !== null && !find(".shell[data-viewer]")) {
    page.toggleAttribute("data-refused", !grants.split(" ").includes(page.dataset.permission));
  }
});
