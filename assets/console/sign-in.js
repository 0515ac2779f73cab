/* Signing in, setting up and signing out: by REST, so that no password passes the websocket. */
import { onAction } from "./buttons.js";
import { call, find, here, watch } from "./dom.js";
import { endDrafts } from "./drafts/forms.js";
import { mayForgetDrafts } from "./drafts/leaving.js";
import { t } from "./language.js";
import { isOtherLanguage } from "./language-choice.js";
import { usePasskey } from "./passkeys.js";
import { clearFaults, readForm, send, setBusy, showDone, showFaults, showProblem } from "./posted-form.js";
import { SIDEBAR } from "./sidebar.js";

const NO_ANSWER_MS = 20_000;
const DASHBOARD = "/dashboard";
const SECOND_FACTOR = "/login/second-factor";
const OURS = { "x-requested-with": "tca-console" };

/** The path as the server reads it. */
const decoded = (path) => {
  try {
    return decodeURIComponent(path);
  } catch {
    return "/api/"; // the server reads it in another way than we do
  }
};

/** A page of this site, or the dashboard. "//host" and "/\host" lead elsewhere and are refused; /api/ has no pages. */
const safeNext = (value) => {
  const isPath = /^\/(?![/\\])\P{Cc}*$/u.test(value ?? "");
  const url = isPath && new URL(value, location.origin);
  return url && url.origin === location.origin && !/^\/+api\//.test(decoded(url.pathname)) ? value : DASHBOARD;
};
const nextPage = () => safeNext(new URLSearchParams(location.search).get("next"));

/* ---- the other tabs of this browser: each is led back to its own page, where Gate decides what this person sees ---- */

const tabs = new BroadcastChannel("tca-session");
tabs.addEventListener("message", (event) => {
  if (event.data === "signed-in" && ["/login", SECOND_FACTOR].includes(here())) location.assign(nextPage());
  if (event.data === "signed-out") endDrafts();
});

/* A sign-in at a provider comes back as a page of the console: the first one that is drawn wakes the other tabs. */
let isAnnounced = false;
watch(".shell[data-viewer]", () => {
  if (!isAnnounced) tabs.postMessage("signed-in");
  isAnnounced = true;
});

/* ---- into the console ---- */

/** The scripts of the page that comes next, as React Router lists them: fetched while the person still types. */
const fetchNext = () => {
  const path = new URL(nextPage(), location.origin).pathname.replace(/\/$/, "");
  const route = Object.values(window.__reactRouterManifest?.routes ?? {}).find(
    ({ path: of }) => `/${of || ""}` === path,
  );
  for (const href of route ? [route.module, ...(route.imports || [])] : []) {
    if (find(`link[href="${CSS.escape(href)}"]`)) continue;
    document.head.append(Object.assign(document.createElement("link"), { rel: "modulepreload", href }));
  }
};

/**
 * The websocket's handshake must carry the new cookie, so it is closed and opened as if the tab had been put away and
 * fetched again; the sign-in page then leads on. However slow that is, the page is not loaded anew in the meantime: that
 * would start over. It is when no answer has come at all.
 */
const enter = (form, next) => {
  if (isOtherLanguage()) return location.assign(next);
  if (form.dataset.connected !== "true" || document.hidden || !form.dataset.post.startsWith("/api/auth/session"))
    return location.assign(next);
  setTimeout(() => form.isConnected && form.dataset.signedIn !== "true" && location.assign(next), NO_ANSWER_MS);
  window.dispatchEvent(new PageTransitionEvent("pagehide"));
  document.dispatchEvent(new Event("visibilitychange"));
};

/** To a provider. The form is usable again for somebody who comes back with the browser's button. */
const leave = (form, url) => {
  window.addEventListener("pageshow", () => setBusy(form, false), { once: true });
  location.assign(url);
};

const HEADERS = { "content-type": "application/json", accept: "application/json", ...OURS };
const UNREACHABLE = t("The console cannot be reached. Check your connection and try again.");
const NO_PASSKEY = t("No passkey was used. Try again, or use your password.");

/** What the form sends. With a passkey it is the response to the options that the page, or a call, has for it. */
const bodyOf = async (form) => {
  const { passkeyOptions: given, passkeyOptionsFrom: url } = form.dataset;
  if (!given && !url) return readForm(form);
  const response = given ? null : await call(url, { method: "POST", headers: HEADERS });
  const options = given ? JSON.parse(given) : (await response.json()).publicKey;
  return { credential: await usePasskey(options) };
};

const post = async (form) => {
  if (form.hasAttribute("data-busy")) return;
  clearFaults(form);
  setBusy(form, true);
  const body = await bodyOf(form).catch(() => null);
  if (!body) {
    setBusy(form, false);
    return showFaults(form, NO_PASSKEY, []);
  }
  const response = await send(form, form.dataset.post, {
    method: "POST",
    headers: HEADERS,
    body: JSON.stringify(body),
  });
  if (response?.ok && form.dataset.done) return showDone(form);
  if (response?.ok && form.dataset.leadsAway) return leave(form, (await response.json()).url);
  if (response?.ok) {
    tabs.postMessage("signed-in");
    return enter(form, nextPage()); // the button stays busy
  }
  const problem = await response?.json().catch(() => ({}));
  // The page reads the challenge from the cookies of its own connection, so it is loaded anew.
  if (problem?.code === "second_factor_required") return location.assign(SECOND_FACTOR + location.search);
  setBusy(form, false);
  if (response) showProblem(form, response, problem);
  else showFaults(form, UNREACHABLE, []);
};

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target.closest("form[data-post]");
    if (!form) return;
    event.preventDefault();
    post(form);
  },
  true,
);

document.addEventListener("input", (event) => event.target.closest("form[data-post]") && fetchNext());

/* The answer clears the site's storage; how the console looks is no secret and is put back. */
onAction("sign-out", async (button) => {
  if (!(await mayForgetDrafts())) return;
  button.setAttribute("aria-busy", "true");
  const looks = [SIDEBAR, "theme"].map((name) => [name, localStorage.getItem(name)]).filter(([, value]) => value);
  const response = await call("/api/auth/session", { method: "DELETE", headers: OURS }).catch(() => null);
  button.removeAttribute("aria-busy");
  if (!response) return; // the person is still signed in, and the banner of a lost connection says why
  endDrafts();
  tabs.postMessage("signed-out");
  for (const [name, value] of looks) localStorage.setItem(name, value);
  location.assign("/login");
});
