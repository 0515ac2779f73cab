/*
 * Typed text is not discarded without a question: not by Esc, Cancel or a click beside the dialog, not by a link or the
 * browser's back, and not by closing the tab or signing out. The question is asked here, so it needs no connection.
 */
import { afterChanges, all, find, OVERLAYS } from "../dom.js";
import { t } from "../language.js";
import { dropTyped, hasDrafts, typedForms } from "./forms.js";

const SIGN_OUT = t("Signing out discards what you typed and did not save.");
const SIGN_OUT_OF_OTHERS = t("Signing out discards what you typed in another tab and did not save.");
const LEAVING = t("What you typed is not saved.");
const RELOADED_AT = "reflex_last_reloaded_on_error"; // Reflex reloads a page of another version by itself
const POINTER_AND_KEYS = ["keydown", "pointerdown", "mousedown", "focusin"];

let question = null; // the one that is asked
let passes = false; // what is done now was confirmed, or loses nothing

const element = (tag, className, text, ...children) => {
  const made = Object.assign(document.createElement(tag), { className });
  made.append(text, ...children);
  return made;
};

/** Asks above everything else. Resolves to whether to discard. */
const ask = (text) => {
  if (question) return Promise.resolve(false);
  const theme = find(".radix-themes").cloneNode(false); // its colours are variables of the theme
  theme.removeAttribute("data-is-root-theme");
  const keep = element("button", "btn", t("Keep editing"));
  const discard = element("button", "btn danger", t("Discard"));
  const title = element("h2", "", t("Discard changes?"));
  const foot = element("div", "dialog-foot", "", keep, discard);
  question = element("dialog", "question", "", title, element("p", "muted", text), foot);
  question.setAttribute("role", "alertdialog");
  question.setAttribute("aria-labelledby", "question-title");
  title.id = "question-title";
  theme.append(question);
  document.body.append(theme);
  return new Promise((answer) => {
    keep.addEventListener("click", () => question.close());
    discard.addEventListener("click", () => question.close("discard"));
    question.addEventListener("close", () => {
      const isDiscarded = question.returnValue === "discard";
      question = null;
      theme.remove();
      answer(isDiscarded);
    });
    question.showModal();
  });
};

const freely = (act) => {
  passes = true;
  act();
  passes = false;
};

/** Asks, then drops the drafts of the forms and continues. */
const askFor = async (forms, goOn) => {
  if (!(await ask(LEAVING))) return;
  dropTyped(forms);
  freely(goOn);
};

const stop = (event) => {
  event.preventDefault();
  event.stopImmediatePropagation();
};

/* The other tabs of this browser are signed out too, so they are asked whether something is typed there. */
const tabs = new BroadcastChannel("tca-drafts");
const [ANY, YES] = ["any?", "yes"];
const OTHERS_ANSWER_MS = 200;
tabs.addEventListener("message", ({ data }) => data === ANY && hasDrafts() && tabs.postMessage(YES));

const haveOthersDrafts = () =>
  new Promise((resolve) => {
    const onAnswer = ({ data }) => data === YES && resolve(true);
    tabs.addEventListener("message", onAnswer);
    tabs.postMessage(ANY);
    setTimeout(() => {
      tabs.removeEventListener("message", onAnswer);
      resolve(false);
    }, OTHERS_ANSWER_MS);
  });

/** Before sign-out: whether nothing is lost by it, or the person confirms the loss. */
export const mayForgetDrafts = async () => {
  if (hasDrafts()) return ask(SIGN_OUT);
  return (await haveOthersDrafts()) ? ask(SIGN_OUT_OF_OTHERS) : true;
};

/* A dialog below sees nothing of what happens in the question: it would take a click there for one beside itself. */
for (const name of POINTER_AND_KEYS)
  addEventListener(name, (event) => question?.contains(event.target) && event.stopImmediatePropagation(), true);

/** The dialog on top, with the typed form in it. */
const typedDialog = () => {
  const overlay = all(OVERLAYS)
    .filter((shown) => shown.dataset.state !== "closed")
    .at(-1);
  const form = overlay && typedForms().find((typed) => overlay.contains(typed));
  return form ? { overlay, form } : null;
};
const close = (form) => askFor([form], () => find("[data-closes]", form)?.click());

addEventListener(
  "keydown",
  (event) => {
    const shown = event.key === "Escape" && !question && typedDialog();
    if (!shown) return;
    stop(event);
    close(shown.form);
  },
  true,
);

addEventListener(
  "pointerdown",
  (event) => {
    const shown = !question && typedDialog();
    if (!shown || shown.overlay.contains(event.target) || shown.overlay.role === "alertdialog") return;
    stop(event);
    close(shown.form);
  },
  true,
);

/** A link that leads this tab to another page or tab of the console. */
export const leadsAway = (link, event) =>
  link.origin === location.origin &&
  !link.target &&
  !link.hasAttribute("download") &&
  !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button) &&
  link.pathname + link.search !== location.pathname + location.search;

addEventListener(
  "click",
  (event) => {
    if (passes || question) return;
    const control = event.target.closest?.("[data-closes], a[href], [data-action=reload]");
    if (!control) return;
    const forms = typedForms();
    if (!forms.length) return;
    if (control.dataset.action)
      passes = true; // the draft is there again after a reload
    else if (control.matches("[data-closes]")) {
      if (!forms.includes(control.form)) return;
      stop(event);
      close(control.form);
    } else if (leadsAway(control, event)) {
      stop(event);
      askFor(forms, () => control.click());
    }
  },
  true,
);

/* The browser's back has happened when it is seen: the page is put back, before React Router sees it, and then asks. */
let index = null;
let isReturning = false;
afterChanges(() => {
  if (!isReturning) index = history.state?.idx ?? null;
});
window.firstListeners.popstate = (event) => {
  const steps = index === null ? 0 : (history.state?.idx ?? 0) - index;
  const forms = typedForms();
  if (isReturning) {
    event.stopImmediatePropagation();
    isReturning = false;
  } else if (passes) passes = false;
  else if (steps && forms.length) {
    event.stopImmediatePropagation();
    isReturning = true;
    history.go(-steps);
    askFor(forms, () => {}).then(() => {
      if (typedForms().length) return;
      passes = true;
      history.go(steps);
    });
  }
};

/* Reflex closes its connection on this event even if the person stays, so it must not see it. */
const isReloadedByReflex = () => Date.now() - Number(sessionStorage.getItem(RELOADED_AT)) < 1000;
const reloadsItself = () => isReloadedByReflex() || "reloads" in document.documentElement.dataset; // ui/missing_files.js
window.firstListeners.beforeunload = (event) => {
  if (!passes && typedForms().length && !reloadsItself()) stop(event);
};
