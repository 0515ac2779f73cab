/*
 * The length of a field that is nearly full, below it: the browser drops what is typed or pasted beyond without a word.
 * Short fields, such as those of codes, are full as a rule and say nothing.
 */
import { find, watch } from "./dom.js";
import { t } from "./language.js";

const FIELDS = ".field :is(input, textarea)[maxlength]";
const SHORTEST = 20;
const NEARLY_FULL = 0.9;

const hintOf = (field) => find(`[data-length-of="${CSS.escape(field.name)}"]`, field.closest(".field"));

const addHint = (field) => {
  const hint = document.createElement("span");
  hint.className = "hint num";
  hint.id = `length-${field.id || field.name}`;
  hint.dataset.lengthOf = field.name;
  field.closest(".field").append(hint);
  return hint;
};

const describeBy = (field, { id }) => {
  const ids = (field.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean);
  if (!ids.includes(id)) field.setAttribute("aria-describedby", [...ids, id].join(" "));
};

const showLength = (field) => {
  const { maxLength: most, value } = field;
  const isNear = most >= SHORTEST && value.length >= most * NEARLY_FULL;
  const hint = hintOf(field) ?? (isNear ? addHint(field) : null);
  if (!hint) return;
  const text = isNear ? t("{count} of {most} characters", { count: value.length, most }) : "";
  if (hint.textContent !== text) hint.textContent = text;
  describeBy(field, hint);
};

watch(FIELDS, showLength);
document.addEventListener("input", ({ target }) => {
  if (target.matches(FIELDS)) showLength(target);
});
