/*
 * What the browser must do itself: sign in and out (the password never passes the websocket), shortcuts, the sidebar,
 * relative times. One plain script from our own origin, so that the page needs no inline script of ours.
 * Everything listens on the document, because React may replace any element at any time.
 */
(() => {
  "use strict";

  const root = document.documentElement;
  /* Under `reflex run` the page comes from another port than the API; the cookie belongs to the host, so it fits both. */
  const port = document.currentScript.dataset.apiPort;
  const api = port ? `${location.protocol}//${location.hostname}:${port}` : "";
  const call = (path, options) => fetch(api + path, { credentials: api ? "include" : "same-origin", ...options });
  const phone = window.matchMedia("(max-width: 767px)");
  const find = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  /* ---- forms that post JSON to the API: sign in, setup ---- */

  /** A path of this site, or the dashboard. "//host" and "/\host" lead elsewhere and are refused. */
  const safeNext = (value) => {
    if (!value || !/^\/(?![/\\])[^\x00-\x1f]*$/.test(value)) return "/dashboard";
    try {
      return new URL(value, location.origin).origin === location.origin ? value : "/dashboard";
    } catch {
      return "/dashboard";
    }
  };

  const say = (element, text) => {
    if (!element) return;
    element.textContent = text;
    element.hidden = !text;
  };

  const showFaults = (form, title, faults) => {
    let first = null;
    for (const fault of faults) {
      const name = (fault.pointer || "").split("/").pop();
      const spot = find(`[data-error-for="${CSS.escape(name)}"]`, form);
      const input = form.elements.namedItem(name);
      if (!spot) title = title || fault.detail;
      say(spot, fault.detail);
      if (input && spot) input.setAttribute("aria-invalid", "true");
      first = first || (spot && input);
    }
    say(find("[data-form-error]", form), title);
    (first || find("[name=password]", form) || form).focus();
  };

  const clearFaults = (form) => {
    for (const spot of all("[data-error-for], [data-form-error]", form)) say(spot, "");
    for (const input of all("[aria-invalid]", form)) input.removeAttribute("aria-invalid");
  };

  const setBusy = (form, busy) => {
    form.toggleAttribute("data-busy", busy);
    for (const button of all("[type=submit]", form)) {
      button.disabled = busy;
      button.toggleAttribute("data-loading", busy);
      button.setAttribute("aria-busy", String(busy));
    }
  };

  const readForm = (form) => {
    const body = Object.fromEntries(new FormData(form).entries());
    const query = new URLSearchParams(location.search);
    for (const name of (form.dataset.fromQuery || "").split(" ").filter(Boolean)) body[name] = query.get(name) || "";
    return body;
  };

  const waitText = (response, problem) => {
    const seconds = Number(response.headers.get("retry-after")) || 0;
    if (!seconds) return problem.detail || "Too many attempts. Wait a moment and try again.";
    const wait = seconds < 90 ? `${seconds} ${seconds === 1 ? "second" : "seconds"}` : `${Math.ceil(seconds / 60)} minutes`;
    return `Too many attempts. Try again in ${wait}.`;
  };

  /* The scripts of the page that comes next, as React Router lists them: fetched while the person still types. */
  let fetched = false;
  const fetchNext = () => {
    const routes = window.__reactRouterManifest?.routes;
    if (fetched || !routes) return;
    fetched = true;
    const path = new URL(nextPage(), location.origin).pathname;
    const next = Object.values(routes).find((route) => `/${route.path || ""}` === path.replace(/\/$/, ""));
    for (const href of next ? [next.module, ...(next.imports || [])] : []) {
      if (find(`link[href="${CSS.escape(href)}"]`)) continue;
      document.head.append(Object.assign(document.createElement("link"), { rel: "modulepreload", href }));
    }
  };

  /**
   * Into the console. The websocket's handshake must carry the new cookie, so it is closed and opened as if the tab had
   * been put away and fetched again; the sign-in page then leads on. However slow that is, the page is not loaded anew
   * in the meantime: that would start over. It is when no answer has come at all.
   */
  const NO_ANSWER_MS = 20_000;
  const enter = (form, next) => {
    if (form.dataset.connected !== "true" || document.hidden || form.dataset.post.endsWith("/setup")) return location.assign(next);
    setTimeout(() => form.isConnected && form.dataset.signedIn !== "true" && location.assign(next), NO_ANSWER_MS);
    window.dispatchEvent(new PageTransitionEvent("pagehide"));
    document.dispatchEvent(new Event("visibilitychange"));
  };

  /* ---- the other tabs of this browser: each is led back to its own page, where Gate decides what this person sees ---- */

  const tabs = new BroadcastChannel("tca-session");
  const isAtLogin = () => location.pathname.replace(/\/$/, "") === "/login";
  const nextPage = () => safeNext(new URLSearchParams(location.search).get("next"));
  tabs.addEventListener("message", (event) => {
    if (event.data === "signed-in" && isAtLogin()) location.assign(nextPage());
    if (event.data === "signed-out") forgetDrafts();
  });

  const post = async (form) => {
    if (form.hasAttribute("data-busy")) return;
    clearFaults(form);
    setBusy(form, true);
    let response;
    try {
      response = await call(form.dataset.post, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json", "x-requested-with": "tca-console" },
        body: JSON.stringify(readForm(form)),
      });
    } catch {
      setBusy(form, false);
      showFaults(form, "The console cannot be reached. Check your connection and try again.", []);
      return;
    }
    if (response.ok) {
      tabs.postMessage("signed-in");
      return enter(form, nextPage());  // the button stays busy
    }
    const problem = await response.json().catch(() => ({}));
    setBusy(form, false);
    const faults = Array.isArray(problem.errors) ? problem.errors : [];
    const placed = faults.length > 0 && faults.every((fault) =>
      find(`[data-error-for="${CSS.escape((fault.pointer || "").split("/").pop())}"]`, form));
    const text = response.status === 429 ? waitText(response, problem)
      : placed ? "" : problem.detail || problem.title || "That did not work. Try again in a moment.";
    showFaults(form, text, faults);
  };

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-post]");
    if (!form) return;
    event.preventDefault();
    post(form);
  }, true);

  document.addEventListener("input", (event) => event.target.closest("form[data-post]") && fetchNext());

  /* ---- buttons that act here ---- */

  const signOut = async (button) => {
    button.setAttribute("aria-busy", "true");
    /* The answer clears the site's storage; how the console looks is no secret and is put back. */
    const looks = [SIDEBAR, "theme"].map((name) => [name, localStorage.getItem(name)]).filter(([, value]) => value);
    forgetDrafts();
    tabs.postMessage("signed-out");
    try {
      await call("/api/auth/session", { method: "DELETE", headers: { "x-requested-with": "tca-console" } });
    } finally {
      for (const [name, value] of looks) localStorage.setItem(name, value);
      location.assign("/login");
    }
  };

  const togglePassword = (button) => {
    const input = document.getElementById(button.getAttribute("aria-controls"));
    const show = input.type === "password";
    input.type = show ? "text" : "password";
    button.textContent = show ? "Hide" : "Show";
    button.setAttribute("aria-label", `${button.textContent} password`);
  };

  /* The sidebar: folded on a wide screen (remembered), a drawer on a phone (never remembered). */
  const SIDEBAR = "tca-sidebar";
  const markSidebar = () => {
    const open = phone.matches ? root.dataset.drawer === "open" : root.dataset.sidebar !== "folded";
    for (const button of all("[data-action=sidebar]")) {
      if (button.getAttribute("aria-expanded") !== String(open)) button.setAttribute("aria-expanded", String(open));
    }
  };
  const closeDrawer = (focusBack) => {
    if (root.dataset.drawer !== "open") return;
    delete root.dataset.drawer;
    markSidebar();
    if (focusBack) find("[data-action=sidebar]")?.focus();
  };
  const toggleSidebar = () => {
    if (phone.matches) {
      if (root.dataset.drawer === "open") return closeDrawer(true);
      root.dataset.drawer = "open";
      find("#sidebar a")?.focus();
    } else {
      root.dataset.sidebar = root.dataset.sidebar === "folded" ? "open" : "folded";
      try { localStorage.setItem(SIDEBAR, root.dataset.sidebar); } catch { /* storage may be off: not remembered */ }
    }
    markSidebar();
  };
  try { root.dataset.sidebar = localStorage.getItem(SIDEBAR) === "folded" ? "folded" : "open"; } catch { /* as above */ }

  /* Without a secure context there is no clipboard of that name; the older way still works there. */
  const copy = async (button) => {
    const field = document.getElementById(button.dataset.from);
    field.select();
    try { await navigator.clipboard.writeText(field.value); } catch { document.execCommand("copy"); }
    button.dataset.copied = "";
    setTimeout(() => delete button.dataset.copied, 2000);
  };

  const ACTIONS = {
    copy,
    "sign-out": signOut,
    "toggle-password": togglePassword,
    sidebar: toggleSidebar,
    "close-drawer": () => closeDrawer(true),
    "discard-draft": (button) => discardDraft(button.closest("form[data-draft]")),
    reload: () => location.reload(),
    back: () => (history.length > 1 ? history.back() : location.assign("/dashboard")),
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-action]");
    if (button && ACTIONS[button.dataset.action]) ACTIONS[button.dataset.action](button);
    else if (event.target.closest("#sidebar a")) closeDrawer(false);
  });

  /* ---- keyboard ---- */

  const isTyping = (target) =>
    target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName) && target.type !== "checkbox";

  const moveRow = (step) => {
    const rows = all("tr[data-row]");
    if (!rows.length) return;
    const at = rows.indexOf(document.activeElement.closest?.("tr[data-row]"));
    const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1);
    rows[next].focus();
    rows[next].scrollIntoView({ block: "nearest" });
  };

  /*
   * A box with lines below it: the command palette, and the picker of people. Keys act on the lines only while these
   * answer what the box holds (`data-found-for`), and Enter waits for them.
   */
  const lineOf = new WeakMap();  // box to the place of the chosen line, and whether Enter was pressed
  const lineState = (palette) => lineOf.get(palette) || lineOf.set(palette, { at: 0, takes: false }).get(palette);
  const isClosing = (palette) => Boolean(palette.closest("[data-state=closed]"));

  const drawLines = (palette) => {
    const chosen = lineState(palette);
    const box = find("input", palette);
    const isFound = box && palette.dataset.foundFor === box.value;
    const lines = isFound ? all("a", palette) : [];
    palette.toggleAttribute("data-looking", !isFound);
    chosen.at = Math.max(0, Math.min(chosen.at, lines.length - 1));
    for (const line of all("a", palette)) line.setAttribute("aria-selected", String(line === lines[chosen.at]));
    box?.setAttribute("aria-activedescendant", lines[chosen.at]?.id || "");
    if (isClosing(palette)) chosen.takes = false;
    if (!isFound || !chosen.takes) return;
    chosen.takes = false;
    lines[chosen.at]?.click();
  };

  const onPaletteKey = (event, palette) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.isComposing || event.target.tagName !== "INPUT" || !(step || event.key === "Enter")) return;
    event.preventDefault();
    const chosen = lineState(palette);
    const count = palette.hasAttribute("data-looking") ? 0 : all("a", palette).length;
    if (!step) chosen.takes = true;
    else if (count) chosen.at = (chosen.at + step + count) % count;
    drawLines(palette);
    find("[aria-selected=true]", palette)?.scrollIntoView({ block: "nearest" });
  };

  document.addEventListener("input", (event) => {
    const palette = event.target.closest?.("[data-palette]");
    if (!palette) return;
    lineOf.delete(palette);
    drawLines(palette);
  });

  const onRowKey = (event) => {
    const row = event.target.closest?.("tr[data-row]");
    if (event.key === "ArrowDown" || event.key === "j") moveRow(1);
    else if (event.key === "ArrowUp" || event.key === "k") moveRow(-1);
    else if (row !== event.target) return;
    else if (event.key === "Enter") find("a[data-open]", row)?.click();
    else if (event.key === " " || event.key === "x") find("input[type=checkbox]", row)?.click();
    else return;
    event.preventDefault();
  };

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      const opener = find("[data-palette-open]");
      if (!opener) return;
      event.preventDefault();
      if (all("[data-palette]").every(isClosing)) opener.click();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const palette = event.target.closest?.("[data-palette]");
    if (palette) return onPaletteKey(event, palette);
    if (event.key === "Escape") return closeDrawer(true);
    if (isTyping(event.target) || find("[role=dialog], [role=alertdialog], [role=menu]")) return;
    if (event.key === "/") {
      const box = find("[data-hotkey-search]");
      if (!box) return;
      event.preventDefault();
      box.focus();
      box.select();
    } else onRowKey(event);
  });

  /* A second submit of a form that the server still works on is dropped (its nonce would refuse it too). */
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-once]");
    if (form && form.dataset.sent === form.dataset.once + form.dataset.round) {
      event.preventDefault();
      event.stopPropagation();
    } else if (form) form.dataset.sent = form.dataset.once + form.dataset.round;
  }, true);

  /* ---- the time zone: the live connection brings the cookie along (ui/zone.py) ---- */

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  document.cookie = `time_zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${location.protocol === "https:" ? "; Secure" : ""}`;

  /* ---- relative times, and search boxes that follow the URL ---- */

  const UNITS = [["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

  const ago = (then) => {
    const seconds = Math.round((then - Date.now()) / 1000);
    for (const [unit, size] of UNITS) {
      if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
    }
    return "just now";
  };

  const setTime = (element) => {
    const then = Date.parse(element.dateTime);
    if (Number.isNaN(then)) return;
    const text = ago(then);
    if (element.firstChild?.nodeType === Node.TEXT_NODE) {
      // The node stays: React writes into this very node when the row shows another time.
      if (element.firstChild.nodeValue !== text) element.firstChild.nodeValue = text;
    }
    const title = exact.format(then);
    if (element.title !== title) element.title = title;
  };

  const followUrl = (box) => {
    const value = box.dataset.value || "";
    if (document.activeElement !== box && box.value !== value) box.value = value;
  };

  /* A dialog that the server opened has no button of its own to go back to; without this the focus would be lost. */
  const OVERLAYS = "[role=dialog], [role=alertdialog], [role=menu]";
  let lastOutside = null;
  let hadOverlay = false;
  const noteOutside = (event) => {
    const control = event.target.closest?.("a, button, input, select, textarea, tr[data-row]");
    if (control && !control.closest(OVERLAYS)) lastOutside = control;
  };
  document.addEventListener("focusin", noteOutside);
  document.addEventListener("pointerdown", noteOutside, true);  // a press on a menu's button does not focus it
  const giveFocusBack = () => {
    const hasOverlay = Boolean(find(OVERLAYS));
    if (hadOverlay && !hasOverlay && document.activeElement === document.body) lastOutside?.focus({ preventScroll: true });
    hadOverlay = hasOverlay;
  };

  /* What is moved in a list is taken out and put back, and its button loses the focus by that. */
  let moves = "";
  document.addEventListener("click", (event) => { moves = event.target.closest?.("[data-moves]")?.dataset.moves || ""; });
  const followMoved = () => {
    if (moves && document.activeElement === document.body) find(`[data-moves="${CSS.escape(moves)}"]`)?.focus();
  };

  /* "Load more" presses itself when it comes into view. */
  const inView = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting && !entry.target.disabled) entry.target.click();
  }, { rootMargin: "200px" });
  const watchMore = () => all("[data-load-more]:not([data-watched])").forEach((button) => {
    button.dataset.watched = "";
    inView.observe(button);
  });

  /* A refused save leads to the first field that has to change, unless the person has typed on since. */
  let typedSince = false;
  document.addEventListener("input", () => { typedSince = true; });
  document.addEventListener("submit", () => { typedSince = false; }, true);
  const leadToFault = () => {
    for (const form of all("form[data-round]")) {
      const fault = find("[aria-invalid=true]", form);
      if (!fault || form.dataset.told === form.dataset.round) continue;
      form.dataset.told = form.dataset.round;
      if (!typedSince) fault.focus();
    }
  };

  /* ---- the log of a deployment: read from the API as it grows, drawn here, so that no line passes the websocket ---- */

  const LOG_BATCH = 1000;
  const LOG_PART = 100;  // lines that are laid out together, or not at all while they are out of view
  const LOG_SHAPES = { 1: "bold", 2: "dim", 3: "italic", 4: "underline" };
  const logs = new WeakMap();

  /** A line with its ANSI colours as spans; every other control sequence is left out. */
  const paintLine = (raw, look) => {
    const line = document.createElement("div");
    const text = raw.slice(raw.lastIndexOf("\r", raw.length - 2) + 1).replace(/\x1b\][^\x07\x1b]*(\x07|\x1b\\)|\x1b\[[0-9;?]*[A-Za-ln-z]/g, "");
    for (const [at, part] of text.split(/\x1b\[([0-9;]*)m/).entries()) {
      if (at % 2) {
        for (const code of (part || "0").split(";").map(Number)) {
          if (code === 0) look.clear();
          else if (LOG_SHAPES[code]) look.set(code, LOG_SHAPES[code]);
          else if (code === 22) { look.delete(1); look.delete(2); }
          else if (code === 23 || code === 24) look.delete(code - 20);
          else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) look.set("color", `ansi-${code % 10}`);
          else if (code === 39) look.delete("color");
        }
      } else if (part) {
        const piece = look.size ? document.createElement("span") : document.createTextNode(part);
        if (look.size) Object.assign(piece, { className: [...look.values()].join(" "), textContent: part });
        line.append(piece);
      }
    }
    return line;
  };

  const followLog = (panel, isOn) => {
    const button = find("[data-log-follow]", panel);
    if (button.getAttribute("aria-pressed") !== String(isOn)) button.setAttribute("aria-pressed", String(isOn));
    const box = find("[data-log-lines]", panel);
    if (!isOn || !box) return;
    box.scrollTop = box.scrollHeight;
    // What came into view has its real height only now: long lines are broken.
    requestAnimationFrame(() => { box.scrollTop = box.scrollHeight; });
  };

  const readLog = async (panel) => {
    const box = find("[data-log-lines]", panel);
    let log = logs.get(panel);
    if (!box || (log?.box === box && log.url === panel.dataset.log && log.isReading)) return;
    if (log?.box !== box || log.url !== panel.dataset.log) {
      log = { box, url: panel.dataset.log, last: 0, isReading: false, look: new Map(), hits: [] };
      logs.set(panel, log);
      box.replaceChildren();
    }
    log.isReading = true;
    try {
      while (log.last < Number(panel.dataset.lines) && logs.get(panel) === log) {
        const answer = await call(`${log.url}?after=${log.last}&limit=${LOG_BATCH}`);
        const lines = answer.ok ? await answer.json() : [];
        if (!lines.length || logs.get(panel) !== log) break;
        const drawn = document.createDocumentFragment();
        let part = box.lastElementChild;
        for (const entry of lines) {
          if (!part || part.childElementCount >= LOG_PART) {
            part = Object.assign(document.createElement("div"), { className: "log-part" });
            drawn.append(part);
          }
          const line = paintLine(entry.line, log.look);
          line.dataset.seq = entry.seq;
          part.append(line);
        }
        box.append(drawn);
        log.last = lines.at(-1).seq;
        if (find("[data-log-follow]", panel).getAttribute("aria-pressed") === "true") followLog(panel, true);
      }
    } catch { /* the next change of the page, or its clock, tries again */ }
    log.isReading = false;
  };

  /** Into the middle of the box; once more when what came into view has its real height. */
  const showLine = (box, line) => {
    const center = () => {
      box.scrollTop += line.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 2;
    };
    center();
    requestAnimationFrame(center);
  };

  const searchLog = (panel, step) => {
    const wanted = find("[data-log-search]", panel).value.toLowerCase();
    const lines = wanted ? all("[data-seq]", panel) : [];
    const hits = lines.filter((line) => line.textContent.toLowerCase().includes(wanted));
    const before = hits.findIndex((line) => line.classList.contains("at"));
    const log = logs.get(panel) || {};
    for (const line of log.hits || []) line.classList.remove("hit", "at");
    for (const line of hits) line.classList.add("hit");
    log.hits = hits;
    const at = before < 0 ? 0 : (before + step + hits.length) % hits.length;
    if (hits.length) {
      followLog(panel, false);
      hits[at].classList.add("at");
      showLine(find("[data-log-lines]", panel), hits[at]);
    }
    find("[data-log-found]", panel).textContent = !wanted ? "" : hits.length ? `${at + 1} of ${hits.length}` : "Not found";
  };

  document.addEventListener("input", (event) => {
    if (event.target.matches?.("[data-log-search]")) searchLog(event.target.closest("[data-log]"), 0);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches?.("[data-log-search]")) return;
    searchLog(event.target.closest("[data-log]"), event.shiftKey ? -1 : 1);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-log-follow]");
    if (button) followLog(button.closest("[data-log]"), button.getAttribute("aria-pressed") !== "true");
  });
  /* Who scrolls up wants to read; who comes back to the end wants to follow. */
  document.addEventListener("wheel", (event) => {
    const panel = event.target.closest?.("[data-log-lines]")?.closest("[data-log]");
    if (panel && event.deltaY < 0) followLog(panel, false);
  }, { passive: true });

  /* ---- drafts: what is typed into a form outlives an outage, a restart, a new version and the end of a session ---- */

  /*
   * In sessionStorage, by viewer, form and record: it lives as long as its tab, two tabs with the same form do not mix, and
   * nobody who opens the console in another tab of this machine finds it. Another viewer in this tab ends it.
   */
  const DRAFT = "tca-draft:";
  const DRAFT_LIFE_MS = 7 * 24 * 3600 * 1000;
  const here = () => location.pathname.replace(/\/$/, "");
  const draftName = (what) => `${DRAFT}${viewer}:${what.form}:${what.mode}:${what.id || here()}`;
  let viewer = "";  // the id of who is signed in
  let isPutting = false;

  const draftNames = () => {
    try { return Object.keys(sessionStorage).filter((name) => name.startsWith(DRAFT)); } catch { return []; }
  };
  const readDraft = (name) => {
    try { return JSON.parse(sessionStorage.getItem(name)); } catch { return null; }
  };
  const dropDraft = (name) => {
    try { sessionStorage.removeItem(name); } catch { /* storage may be off: there was none */ }
  };
  const writeDraft = (name, draft) => {
    try { sessionStorage.setItem(name, JSON.stringify(draft)); } catch { dropDraft(name); /* off or full: no old one then */ }
  };
  const forgetDrafts = (isWanted = () => false) => draftNames().forEach((name) => isWanted(name) || dropDraft(name));

  /** What a form is about, as the server wrote it; null for a form without drafts, or one that is closing. */
  const aboutForm = (form) => (form.dataset.draft ? JSON.parse(form.dataset.draft) : null);

  const isKept = (input) => input.name && !input.matches("button, [type=hidden], [type=file], [type=password], [data-secret], "
    + "[name^='keep.'], [name=confirm_name], [autocomplete*=password], [autocomplete=one-time-code]");

  /* Only the field that was changed: a form that is closing is empty in part, and its last field may still say "change". */
  const keepDraft = (event) => {
    const input = event.target;
    const about = input.form && isKept(input) && !isPutting ? aboutForm(input.form) : null;
    if (!about) return;
    const name = draftName(about);
    const before = readDraft(name);
    // Until the server has put a draft back, the version and the base are still those of the draft.
    const { version, base, key } = before && before.key !== about.key ? before : about;
    const value = input.type === "checkbox" ? (input.checked ? "on" : "") : input.value;
    const values = { ...(before?.values || base), [input.name]: value };
    const isChanged = Object.entries(values).some(([field, typed]) => typed !== (base[field] ?? ""));
    if (!isChanged) return dropDraft(name);
    const { form, mode, id } = about;
    writeDraft(name, { form, mode, id, version, base, key, values, at: Date.now(), path: here(), isOpen: true });
  };
  document.addEventListener("input", keepDraft);
  document.addEventListener("change", keepDraft);

  /** To the handler of a form that is drawn for this alone. */
  const sendDraft = (draft, fields) => {
    const keeper = find(`form[data-draft-of="${CSS.escape(draft.form)}"]`);
    keeper?.addEventListener("formdata", (event) => {
      for (const [name, value] of Object.entries({ mode: draft.mode, id: draft.id, ...fields })) event.formData.set(name, value);
    }, { once: true });
    keeper?.requestSubmit();
  };

  const prefixed = (prefix, values) => Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));

  const showDraft = (form, draft) => {
    const inputs = [...form.elements].filter((input) => isKept(input) && draft.values[input.name] !== undefined);
    isPutting = true;
    for (const input of inputs) {
      const value = draft.values[input.name];
      if (input.type === "checkbox") input.checked = value === "on";
      else input.value = value;
    }
    for (const input of inputs) if (input.tagName === "SELECT") input.dispatchEvent(new Event("change", { bubbles: true }));
    isPutting = false;
    const note = find("[data-draft-note]", form);
    if (!note) return;
    const isToday = new Date(draft.at).toDateString() === new Date().toDateString();
    find("time", note).textContent = new Intl.DateTimeFormat(undefined, isToday ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" }).format(draft.at);
    note.hidden = false;
  };

  /* A form that is drawn, or opened anew by the server, gets its draft back, once. */
  const resumedKeys = new WeakMap();
  const resumeDraft = (form) => {
    const about = aboutForm(form);
    if (!about) return;
    if (!resumedKeys.has(form)) resumedKeys.set(form, new Set());
    const keys = resumedKeys.get(form);
    if (keys.has(about.key)) return;
    keys.add(about.key);
    const draft = readDraft(draftName(about));
    if (!draft) return;
    keys.add(draft.key);
    writeDraft(draftName(about), { ...draft, path: here(), isOpen: true });
    showDraft(form, draft);
    const { version, key, base, values } = draft;
    sendDraft(draft, { version, key, ...prefixed("base.", base), ...prefixed("value.", values) });
  };

  const discardDraft = (form) => {
    dropDraft(draftName(aboutForm(form)));
    find("[data-draft-note]", form).hidden = true;
    form.reset();  // a form of the server is drawn anew, too
  };

  /* The server says which form was saved, and which was closed with what was typed. */
  const endedForms = new WeakMap();
  const endDrafts = (keeper) => {
    const ended = keeper.dataset.ended;
    if (endedForms.get(keeper) === ended) return;
    endedForms.set(keeper, ended);
    const [how, key] = ended.split(" ");
    for (const name of draftNames()) {
      const draft = readDraft(name);
      if (!key || draft?.key !== key) continue;
      if (how === "saved") dropDraft(name);
      else writeDraft(name, { ...draft, isOpen: false });
    }
    if (how === "saved") for (const note of all("[data-draft-note]")) note.hidden = true;
  };

  /* A form that was open when its page was lost is opened again, when the page is there and nothing else is open. */
  let wasBusy = true;
  const reopenForm = () => {
    const isBusy = !find(".progress[data-busy=false]");
    const isReady = wasBusy && !isBusy;
    wasBusy = isBusy;
    if (!isReady || find(OVERLAYS)) return;
    const open = draftNames().map((name) => [name, readDraft(name)]).filter(([, draft]) => draft?.isOpen && draft.path === here());
    const [name, draft] = open.sort(([, one], [, other]) => other.at - one.at)[0] || [];
    if (!draft || !find(`form[data-draft-of="${CSS.escape(draft.form)}"]`) || find(`form[data-draft*='"form": "${draft.form}"']`)) return;
    writeDraft(name, { ...draft, isOpen: false });
    sendDraft(draft, {});
  };

  const followDrafts = () => {
    const now = find("[data-viewer]")?.dataset.viewer;
    if (!now) { wasBusy = true; return; }
    if (now !== viewer) {
      viewer = now;
      forgetDrafts((name) => name.startsWith(`${DRAFT}${viewer}:`) && readDraft(name)?.at > Date.now() - DRAFT_LIFE_MS);
    }
    all("[data-ended]").forEach(endDrafts);
    all("form[data-draft]").forEach(resumeDraft);
    reopenForm();
  };

  /* ---- the first connection: a page that waits for it says so in words when it fails; a slow one is no error ---- */

  const FAILED_AFTER_MS = { refused: 6000, silent: 20000 };
  const waitingSince = new WeakMap();
  const sayNoConnection = async () => {
    const help = find("[data-no-connection][hidden]");
    if (!help) return;
    if (!waitingSince.has(help)) waitingSince.set(help, performance.now());
    if (performance.now() - waitingSince.get(help) < FAILED_AFTER_MS[help.dataset.noConnection]) return;
    help.hidden = false;
    // What the proxy makes of it reaches the server as a plain request: the log has its id.
    const answer = await call("/_event/").catch(() => null);
    const reference = answer?.headers.get("x-request-id");
    const code = find("[data-reference]", help);
    if (!reference || !code) return;
    code.textContent = reference;
    code.parentElement.hidden = false;
  };
  setInterval(sayNoConnection, 1000);

  const refresh = () => {
    giveFocusBack();
    followDrafts();
    followMoved();
    leadToFault();
    watchMore();
    all("time[data-relative]").forEach(setTime);
    all("input[data-value]").forEach(followUrl);
    all("[data-log]").forEach(readLog);
    all("[data-palette]").forEach(drawLines);
    markSidebar();
  };

  // Runs before the next paint, so nobody sees the exact time turn into a relative one.
  new MutationObserver(refresh).observe(document, {
    subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["datetime", "data-value", "aria-invalid", "data-lines", "data-found-for", "data-draft", "data-ended", "data-busy", "data-viewer"],
  });
  setInterval(() => document.hidden || refresh(), 20000);
  document.addEventListener("visibilitychange", refresh);
  phone.addEventListener("change", () => { delete root.dataset.drawer; markSidebar(); });
  refresh();
})();
