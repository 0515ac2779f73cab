/* The shape of the dashboard: its cards, and the height of "Needs attention", as this browser showed them last. */
import { find, watch } from "./dom.js";
import { recall, remember } from "./memory.js";

const CARDS = "tca-cards";
const ATTENTION = "tca-attention";
const root = document.documentElement;

const reserve = () => {
  const cards = recall(CARDS);
  if (cards !== null) root.dataset.shownCards = cards;
  const attention = recall(ATTENTION);
  if (!attention) return;
  root.dataset.attention = "";
  root.style.setProperty("--attention", `${attention}px`);
};

// When nothing else is to be done: the height has the browser lay everything out.
const whenIdle = window.requestIdleCallback ?? ((callback) => setTimeout(callback, 500));
const measure = () => {
  const shown = find(".attention:not(.waiting)");
  if (shown) remember(ATTENTION, shown.offsetHeight);
};

watch(".cards.waiting", reserve);
watch("[data-cards]", (page) => remember(CARDS, page.dataset.cards), { attributes: ["data-cards"] });
watch(".attention:not(.waiting)", () => whenIdle(measure), { inside: true });
