/* The sidebar: folded on a wide screen (remembered), a drawer on a phone (never remembered). */
import { onAction } from "./buttons.js";
import { all, find, watch } from "./dom.js";

export const SIDEBAR = "tca-sidebar";
const BUTTON = "[data-action=sidebar]";
const root = document.documentElement;
const phone = window.matchMedia("(max-width: 767px)");

const mark = (button) => {
  const open = phone.matches ? root.dataset.drawer === "open" : root.dataset.sidebar !== "folded";
  button.setAttribute("aria-expanded", String(open));
};
const markAll = () => all(BUTTON).forEach(mark);

export const closeDrawer = (focusBack) => {
  if (root.dataset.drawer !== "open") return;
  delete root.dataset.drawer;
  markAll();
  if (focusBack) find(BUTTON)?.focus();
};

const fold = () => {
  root.dataset.sidebar = root.dataset.sidebar === "folded" ? "open" : "folded";
  try {
    localStorage.setItem(SIDEBAR, root.dataset.sidebar);
  } catch {
    /* storage may be off: not remembered */
  }
  markAll();
};

const openDrawer = () => {
  root.dataset.drawer = "open";
  find("#sidebar a")?.focus();
  markAll();
};

onAction("close-drawer", () => closeDrawer(true));
onAction("sidebar", () => {
  if (!phone.matches) fold();
  else if (root.dataset.drawer === "open") closeDrawer(true);
  else openDrawer();
});

document.addEventListener("click", (event) => event.target.closest("#sidebar a") && closeDrawer(false));
phone.addEventListener("change", () => {
  delete root.dataset.drawer;
  markAll();
});
watch(BUTTON, mark);

try {
  root.dataset.sidebar = localStorage.getItem(SIDEBAR) === "folded" ? "folded" : "open";
} catch {
  /* as above */
}
