/* The document: finding elements, watching what is drawn, and calling the API. */

export const find = (selector, from = document) => from.querySelector(selector);
export const all = (selector, from = document) => [...from.querySelectorAll(selector)];
export const OVERLAYS = "[role=dialog], [role=alertdialog], [role=menu]";

/* Under `reflex run` the page comes from another port than the API; the cookie belongs to the host, so it fits both. */
const port = find("script[data-api-port]")?.dataset.apiPort;
const api = port ? `${location.protocol}//${location.hostname}:${port}` : "";
export const call = (path, options) => fetch(api + path, { credentials: api ? "include" : "same-origin", ...options });

/** This page's path, in one spelling. */
export const here = () => location.pathname.replace(/\/$/, "");

const elementOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement);
const watches = [];
const endings = [];
const REFRESH_MS = 20_000;

/**
 * Calls back with each element of a selector when it is drawn, when one of these attributes or its own text changes, and
 * every 20 s. With `inside` also when something within it changes. React may replace any element at any time, so a
 * callback must stand being called again.
 */
export const watch = (selector, callback, { attributes = [], inside = false } = {}) =>
  watches.push({ selector, callback, attributes, inside });

/** Calls back after each batch of changes. It must not search the document. */
export const afterChanges = (callback) => endings.push(callback);

const visit = (elements) => {
  for (const { selector, callback, inside } of watches) {
    const found = [...elements].map((element) =>
      inside ? element.closest(selector) : element.matches(selector) && element,
    );
    for (const element of new Set(found)) if (element) callback(element);
  }
  for (const callback of endings) callback();
};

/** Starts to watch; the callbacks of one batch run in the order in which they were registered. */
export const startWatching = () => {
  const watched = watches.map(({ selector, inside }) => (inside ? `${selector}, ${selector} *` : selector)).join();
  const refresh = () => visit(new Set(all(watched)));
  const onChanges = (records) => {
    const elements = new Set();
    const add = (element) => element?.isConnected && element.matches(watched) && elements.add(element);
    for (const { target, addedNodes } of records) {
      add(elementOf(target));
      for (const node of addedNodes) {
        if (node.nodeType !== Node.ELEMENT_NODE) continue;
        add(node);
        all(watched, node).forEach(add);
      }
    }
    visit(elements);
  };
  // Runs before the next paint, so nobody sees the exact time turn into a relative one.
  new MutationObserver(onChanges).observe(document, {
    subtree: true,
    childList: true,
    characterData: true,
    attributeFilter: [...new Set(watches.flatMap(({ attributes }) => attributes))],
  });
  setInterval(() => document.hidden || refresh(), REFRESH_MS);
  document.addEventListener("visibilitychange", refresh);
  refresh();
};
