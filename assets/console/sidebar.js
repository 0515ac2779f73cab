/* The sidebar: folded on a wide screen (remembered), open on a tablet (not remembered), a drawer on a phone. */
import { onAction } from "./buttons.js";
import { all, find, watch } from "./dom.js";

export const SIDEBAR = "tca-sidebar";
const BUTTON = "[data-action=sidebar]";
const root = document.documentElement;
const phone = window.matchMedia("(max-width: 767px)");
const tablet = window.matchMedia("(min-width: 768px) and (max-width: 1099px)");

const isFolded = () => (root.dataset.sidebar ?? (tablet.matches ? "folded" : "open")) === "folded";
const mark = (button) => {
  const open = phone.matches ? root.dataset.drawer === "open" : !isFolded();
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
  root.dataset.sidebar = isFolded() ? "open" : "folded";
  if (!tablet.matches) {
    try {
      localStorage.setItem(SIDEBAR, root.dataset.sidebar);
    } catch {
      /* storage may be off: not remembered */
    }
  }
  markAll();
};

const begin = () => {
  delete root.dataset.sidebar; // the stylesheet knows how it begins: a mark would have the page styled anew
  try {
    if (localStorage.getItem(SIDEBAR) === "folded") root.dataset.sidebar = "folded";
  } catch {
    /* as above */
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
tablet.addEventListener("change", begin);
watch(BUTTON, mark);
begin();
