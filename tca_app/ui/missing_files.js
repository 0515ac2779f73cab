/*
 * In the head of every page, before its files: when one is missing, the page is loaded again. After an upgrade the server
 * has the files of the new version only. Typed text is in its draft by then.
 */
(() => {
  const RELOADS = "tca-reloads";
  const MAX_RELOADS = 3;
  const WITHIN_MS = 60_000;
  const WAIT_MS = 2000; // the second time: the server may be restarting
  let isReloading = false;

  const reload = () => {
    if (isReloading || !navigator.onLine) return;
    const earlier = JSON.parse(sessionStorage.getItem(RELOADS) ?? "[]").filter((at) => Date.now() - at < WITHIN_MS);
    if (earlier.length >= MAX_RELOADS) return;
    sessionStorage.setItem(RELOADS, JSON.stringify([...earlier, Date.now()])); // fails without storage: no endless reload
    isReloading = true;
    document.documentElement.dataset.reloads = ""; // typed text is kept, so leaving asks nothing
    setTimeout(() => location.reload(), earlier.length * WAIT_MS);
  };

  /** An inline script fails when a file that it imports is missing. */
  const isFileOfBuild = ({ tagName, src, href }) =>
    tagName === "SCRIPT" && !src ? true : (src || href || "").startsWith(`${location.origin}/assets/`);

  addEventListener("error", ({ target }) => target !== window && isFileOfBuild(target) && reload(), true);
  addEventListener("vite:preloadError", reload); // of an import while the page is in use
})();
