/* The forms that are sent by REST: what they hold, and what they say. */
import { all, call, find } from "./dom.js";
import { nt, t } from "./language.js";

export const readForm = (form) => {
  const query = new URLSearchParams(location.search);
  const names = (form.dataset.fromQuery || "").split(" ").filter(Boolean);
  return {
    ...Object.fromEntries(new FormData(form)),
    ...Object.fromEntries(names.map((name) => [name, query.get(name) || ""])),
  };
};

const say = (element, text) => {
  if (!element) return;
  element.textContent = text;
  element.hidden = !text;
};

/** A hint that the error repeats word for word stands aside. */
const setHint = (form, name, detail) => {
  const hint = find(`[id="${CSS.escape(name)}-hint"]`, form);
  if (hint) hint.hidden = hint.textContent === detail;
};

const nameOf = (fault) => (fault.pointer || "").split("/").pop();
const spotOf = (form, fault) => find(`[data-error-for="${CSS.escape(nameOf(fault))}"]`, form);

export const showFaults = (form, title, faults) => {
  let first = null;
  for (const fault of faults) {
    const spot = spotOf(form, fault);
    const input = form.elements.namedItem(nameOf(fault));
    say(spot, fault.detail);
    setHint(form, nameOf(fault), fault.detail);
    if (input && spot) input.setAttribute("aria-invalid", "true");
    first = first || (spot && input);
  }
  const elsewhere = faults.find((fault) => !spotOf(form, fault))?.detail;
  say(find("[data-form-error]", form), title || elsewhere || "");
  (first || find("[name=password]", form) || form).focus();
};

export const clearFaults = (form) => {
  for (const spot of all("[data-error-for], [data-form-error]", form)) say(spot, "");
  for (const input of all("[aria-invalid]", form)) {
    input.removeAttribute("aria-invalid");
    setHint(form, input.name, "");
  }
};

export const setBusy = (form, busy) => {
  form.toggleAttribute("data-busy", busy);
  for (const button of all("[type=submit]", form)) {
    button.disabled = busy;
    button.toggleAttribute("data-loading", busy);
    button.setAttribute("aria-busy", String(busy));
  }
};

const NO_RESPONSE_AFTER_MS = 5000;
const NO_RESPONSE = t("The server does not respond yet. Your request waits for it.");

/** The response to the form, or null if the server cannot be reached. A form that waits for long says so. */
export const send = async (form, url, options) => {
  const spot = find("[data-form-error]", form);
  const timer = setTimeout(() => say(spot, NO_RESPONSE), NO_RESPONSE_AFTER_MS);
  const response = await call(url, options).catch(() => null);
  clearTimeout(timer);
  say(spot, "");
  return response;
};

const waitText = (response, problem) => {
  const seconds = Number(response.headers.get("retry-after")) || 0;
  if (!seconds) return problem.detail || t("Too many attempts. Wait a moment and try again.");
  if (seconds >= 90) {
    return t("Too many attempts. Try again in {count} minutes.", { count: Math.ceil(seconds / 60) });
  }
  return nt(
    "Too many attempts. Try again in {count} second.",
    "Too many attempts. Try again in {count} seconds.",
    seconds,
  );
};

export const showProblem = (form, response, problem) => {
  const faults = Array.isArray(problem.errors) ? problem.errors : [];
  if (response.status === 429) return showFaults(form, waitText(response, problem), faults);
  const isPlaced = faults.length > 0 && faults.every((fault) => spotOf(form, fault));
  const text = problem.detail || problem.title || t("That did not work. Try again in a moment.");
  return showFaults(form, isPlaced ? "" : text, faults);
};

/** What follows the form in the page, in place of the form. */
export const showDone = (form) => {
  const done = form.nextElementSibling;
  form.hidden = true;
  done.hidden = false;
  find("a, button", done)?.focus();
};
