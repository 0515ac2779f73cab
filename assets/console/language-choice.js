/*
 * The language of this browser: a cookie, which the server reads with each page and live connection. A page that is of
 * another language than what the server sends is loaded anew.
 */
import { find, watch } from "./dom.js";
import { language } from "./language.js";

const RELOADED = "tca-language-reload";
const AGAIN_AFTER_MS = 10_000; // a browser without cookies would load the page for ever
const YEAR_S = 31536000;
const secure = location.protocol === "https:" ? "; Secure" : "";

/** Stores the language, or with "" that of the browser's settings. */
const store = (chosen) => {
  const life = chosen ? YEAR_S : 0;
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is asynchronous, and needs a secure context.
  document.cookie = `language=${chosen}; Path=/; Max-Age=${life}; SameSite=Lax${secure}`;
};

document.addEventListener(
  "click",
  (event) => {
    const choice = event.target.closest?.("button[data-language]");
    if (!choice) return;
    store(choice.dataset.language);
    if (!find(".shell")) location.reload(); // in the console the server stores it first
  },
  true,
);

watch(
  ".shell[data-speaks]",
  ({ dataset }) => {
    if (!dataset.speaks || dataset.speaks === language) return;
    if (Date.now() - Number(sessionStorage.getItem(RELOADED)) < AGAIN_AFTER_MS) return;
    sessionStorage.setItem(RELOADED, String(Date.now()));
    store(dataset.chosen);
    location.reload();
  },
  { attributes: ["data-speaks"] },
);

/** The language that a sign-in has set, when it is another one than that of the page. */
export const isOtherLanguage = () => {
  const chosen = /(?:^|; )language=(\w+)/.exec(document.cookie)?.[1];
  return Boolean(chosen) && chosen !== language;
};
