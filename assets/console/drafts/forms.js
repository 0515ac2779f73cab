/* Drafts: what is typed into a form outlives an outage, a restart, a new version and the end of a session. */
import { onAction } from "../buttons.js";
import { afterChanges, all, find, here, OVERLAYS, watch } from "../dom.js";
import { viewerFormat } from "../times.js";
import { draftNames, draftsOf, dropDraft, forgetDrafts, readDraft, writeDraft } from "./store.js";

const LIFE_MS = 7 * 24 * 3600 * 1000;
const NOT_KEPT =
  "button, [type=hidden], [type=file], [type=password], [data-secret], [name^='keep.'], [name=confirm_name], " +
  "[autocomplete*=password], [autocomplete=one-time-code]";
let viewer = ""; // the id of who is signed in; nothing is kept without one
let isPutting = false;

const pathOf = new WeakMap(); // form to the page where it was drawn: after the browser's back the URL has changed
const nameOf = (what, path = here()) => `${draftsOf(viewer)}${what.form}:${what.mode}:${what.id || path}`;
const isKept = (input) => input.name && !input.matches(NOT_KEPT);
const keeperOf = (draft) => find(`form[data-draft-of="${CSS.escape(draft.form)}"]`);

/** What a form is about, as the server wrote it; null for a form without drafts, or one that is closing. */
const aboutForm = (form) => (form.dataset.draft ? JSON.parse(form.dataset.draft) : null);

/* Only the field that was changed: a form that is closing is empty in part, and its last field may still say "change". */
const keep = (event) => {
  const input = event.target;
  const about = viewer && input.form && isKept(input) && !isPutting ? aboutForm(input.form) : null;
  if (!about) return;
  const name = nameOf(about);
  const before = readDraft(name);
  // Until the server has put a draft back, the version and the base are still those of the draft.
  const { version, base, key } = before && before.key !== about.key ? before : about;
  const checked = input.checked ? "on" : "";
  const values = { ...(before?.values || base), [input.name]: input.type === "checkbox" ? checked : input.value };
  const isChanged = Object.entries(values).some(([field, typed]) => typed !== (base[field] ?? ""));
  if (!isChanged) return dropDraft(name);
  const { form, mode, id } = about;
  const drawn = before?.drawn;
  writeDraft(name, { form, mode, id, version, base, key, drawn, values, at: Date.now(), path: here(), isOpen: true });
};
document.addEventListener("input", keep);
document.addEventListener("change", keep);

/** A confirmation with a reason that is not kept as a draft. */
const hasReason = (form) =>
  form.closest("[role=alertdialog]") &&
  [...form.elements].some((input) => isKept(input) && input.value !== (input.defaultValue ?? input.value));

/** The forms on this page with typed text that is not saved, and not being saved. */
export const typedForms = () =>
  all("form[data-draft]").filter((form) => {
    const about = aboutForm(form);
    const isTyped = about ? readDraft(nameOf(about, pathOf.get(form))) : hasReason(form);
    return isTyped && !find("[type=submit][aria-busy=true]", form);
  });

export const dropTyped = (forms) => {
  for (const form of forms) if (aboutForm(form)) dropDraft(nameOf(aboutForm(form), pathOf.get(form)));
};

/** Whether anything typed in this tab is not saved, on any page. */
export const hasDrafts = () => draftNames().some((name) => name.startsWith(draftsOf(viewer)));

/* The banner of a new version says that typed text is kept while there is some. */
let newVersion = null;
const sayWhatIsKept = () => {
  if (!newVersion?.isConnected) return;
  const kept = find("span", newVersion);
  if (kept.hidden === hasDrafts()) kept.hidden = !kept.hidden;
};
watch("[data-new-version]", (banner) => {
  newVersion = banner;
  sayWhatIsKept();
});
afterChanges(sayWhatIsKept);
for (const type of ["input", "change"]) document.addEventListener(type, sayWhatIsKept);

/** Ends all drafts of this tab at sign-out. A field that loses the focus by that is not kept again. */
export const endDrafts = () => {
  viewer = "";
  forgetDrafts();
};

/** To the handler of a form that is drawn for this alone. */
const send = (draft, fields) => {
  const keeper = keeperOf(draft);
  const addFields = ({ formData }) => {
    for (const [name, value] of Object.entries({ mode: draft.mode, id: draft.id, ...fields }))
      formData.set(name, value);
  };
  keeper?.addEventListener("formdata", addFields, { once: true });
  keeper?.requestSubmit();
};

const prefixed = (prefix, values) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));

const put = (form, values) => {
  const inputs = [...form.elements].filter((input) => isKept(input) && values[input.name] !== undefined);
  isPutting = true;
  for (const input of inputs) {
    if (input.type === "checkbox") input.checked = values[input.name] === "on";
    else input.value = values[input.name];
  }
  for (const input of inputs)
    if (input.tagName === "SELECT") input.dispatchEvent(new Event("change", { bubbles: true }));
  isPutting = false;
};

const showNote = (form, at) => {
  const note = find("[data-draft-note]", form);
  if (!note) return;
  const day = viewerFormat({ dateStyle: "short" });
  const isToday = day.format(at) === day.format(Date.now());
  const style = isToday ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" };
  find("time", note).textContent = viewerFormat(style).format(at);
  note.hidden = false;
};

/* A form that is drawn, or opened anew by the server, gets its draft back, once. */
const resumedKeys = new WeakMap();
const resume = (form) => {
  const about = aboutForm(form);
  if (!about || !viewer) return;
  if (!resumedKeys.has(form)) resumedKeys.set(form, new Set());
  const keys = resumedKeys.get(form);
  if (keys.has(about.key)) return;
  keys.add(about.key);
  pathOf.set(form, here());
  const draft = readDraft(nameOf(about));
  if (!draft) return;
  keys.add(draft.key);
  // Who saves before the server has put the draft back saves the form as it was drawn here.
  writeDraft(nameOf(about), { ...draft, drawn: about.key, path: here(), isOpen: true });
  put(form, draft.values);
  showNote(form, draft.at);
  const { version, key, base, values } = draft;
  send(draft, { version, key, ...prefixed("base.", base), ...prefixed("value.", values) });
};

onAction("discard-draft", (button) => {
  const form = button.closest("form[data-draft]");
  dropDraft(nameOf(aboutForm(form)));
  find("[data-draft-note]", form).hidden = true;
  form.reset(); // a form of the server is drawn anew, too
});

/* The server says which form was saved, and which was closed with what was typed. */
const endedForms = new WeakMap();
const end = (keeper) => {
  const ended = keeper.dataset.ended;
  if (endedForms.get(keeper) === ended) return;
  endedForms.set(keeper, ended);
  const [how, key] = ended.split(" ");
  for (const name of draftNames()) {
    const draft = readDraft(name);
    if (!key || (draft?.key !== key && draft?.drawn !== key)) continue;
    if (how === "saved") dropDraft(name);
    else writeDraft(name, { ...draft, isOpen: false });
  }
  if (how === "saved") for (const note of all("[data-draft-note]")) note.hidden = true;
};

/* A form that was open when its page was lost is opened again, when the page is there and nothing else is open. */
const reopen = () => {
  if (all(OVERLAYS).some((shown) => shown.dataset.state !== "closed")) return;
  const drafts = draftNames().map((name) => [name, readDraft(name)]);
  const open = drafts.filter(([, draft]) => draft?.isOpen && draft.path === here());
  const [name, draft] = open.sort(([, one], [, other]) => other.at - one.at)[0] || [];
  if (!draft || !keeperOf(draft) || find(`form[data-draft*='"form": "${draft.form}"']`)) return;
  writeDraft(name, { ...draft, isOpen: false });
  send(draft, {});
};

/* Another viewer in this tab ends the drafts of the one before. */
let shell = null;
const follow = (shown) => {
  shell = shown;
  if (!shown.dataset.viewer || shown.dataset.viewer === viewer) return;
  viewer = shown.dataset.viewer;
  forgetDrafts((name) => name.startsWith(draftsOf(viewer)) && readDraft(name)?.at > Date.now() - LIFE_MS);
};

let wasBusy = true;
const onProgress = (bar) => {
  const isReady = wasBusy && bar.dataset.busy === "false" && shell?.dataset.viewer;
  wasBusy = bar.dataset.busy !== "false";
  if (isReady) reopen();
};

watch("[data-viewer]", follow, { attributes: ["data-viewer"] });
watch("[data-ended]", end, { attributes: ["data-ended"] });
watch("form[data-draft]", resume, { attributes: ["data-draft"] });
watch(".progress", onProgress, { attributes: ["data-busy"] });
afterChanges(() => {
  if (!shell?.isConnected) wasBusy = true;
});
