/*
 * People to mention while a text is typed: "@an" offers those whose name begins with it, below the field. Arrow keys and
 * the mouse choose, Enter and Tab take, Escape closes the list.
 */
import { call, find } from "./dom.js";
import { t } from "./language.js";

const FIELD = "[data-mentions]";
const LIST = ".mention-list";
const BEFORE_CARET = /(?:^|[^\w@./+-])@([A-Za-z0-9]{0,50})$/;
const DELAY_MS = 120;
let open = null; // the field with a list: { field, box, list, people, index, from }
let timer = 0;
let asked = 0;

const typedName = (box) => BEFORE_CARET.exec(box.value.slice(0, box.selectionStart))?.[1];

const close = () => {
  clearTimeout(timer);
  asked += 1;
  if (!open) return;
  open.list.hidden = true;
  open.list.replaceChildren();
  open.box.removeAttribute("aria-activedescendant");
  open = null;
};

const choose = (index) => {
  open.index = (index + open.people.length) % open.people.length;
  [...open.list.children].forEach((line, number) => {
    line.setAttribute("aria-selected", String(number === open.index));
    if (number === open.index) line.scrollIntoView({ block: "nearest" });
  });
  open.box.setAttribute("aria-activedescendant", open.list.children[open.index].id);
};

const take = (index) => {
  const { box, people } = open;
  const end = box.selectionStart;
  const start = end - typedName(box).length;
  box.setRangeText(`${people[index].username} `, start, end, "end");
  close();
  box.dispatchEvent(new Event("input", { bubbles: true })); // so that the draft has it
  box.focus();
};

const lineOf = (person, id) => {
  const line = Object.assign(document.createElement("div"), { id, className: "mention-line" });
  line.setAttribute("role", "option");
  const name = Object.assign(document.createElement("span"), { className: "truncate" });
  name.textContent = person.full_name || person.username;
  const username = Object.assign(document.createElement("span"), { className: "mono muted" });
  username.textContent = `@${person.username}`;
  line.append(name, username);
  return line;
};

const nobody = () => {
  const line = Object.assign(document.createElement("div"), {
    className: "mention-none",
    textContent: t("No member matches."),
  });
  line.setAttribute("role", "option");
  line.setAttribute("aria-disabled", "true");
  return line;
};

const offer = async (field, box) => {
  const name = typedName(box);
  asked += 1;
  const round = asked;
  const answer = await call(`${field.dataset.mentions}?search=${encodeURIComponent(name)}`).catch(() => null);
  const people = answer?.ok ? await answer.json() : null;
  if (round !== asked || document.activeElement !== box || typedName(box) !== name) return;
  if (!people) return close();
  const list = find(LIST, field);
  list.id = `${box.id}-people`;
  const lines = people.map((person, number) => lineOf(person, `${list.id}-${number}`));
  list.replaceChildren(...(lines.length ? lines : [nobody()]));
  list.hidden = false;
  // Above a field at the end of the window.
  list.classList.toggle("above", box.getBoundingClientRect().bottom + list.offsetHeight > innerHeight);
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-controls", list.id);
  open = { field, box, list, people };
  if (lines.length) choose(0);
  else box.removeAttribute("aria-activedescendant");
};

document.addEventListener("input", ({ target }) => {
  const field = target.tagName === "TEXTAREA" && target.closest(FIELD);
  if (!field) return;
  if (typedName(target) === undefined) return close();
  clearTimeout(timer);
  timer = setTimeout(() => offer(field, target), DELAY_MS);
});

const onListKey = (event) => {
  if (!open.people.length && event.key !== "Escape") return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) choose(open.index + step);
  else if (event.key === "Escape") close();
  else if (["Enter", "Tab"].includes(event.key) && !event.shiftKey && typedName(open.box) !== undefined)
    take(open.index);
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
};

/* Before what a dialog does with these keys. */
addEventListener(
  "keydown",
  (event) => {
    const box = event.target;
    if (event.isComposing || box.tagName !== "TEXTAREA" || !box.closest(FIELD)) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      close();
      event.preventDefault();
      box.form.requestSubmit();
    } else if (open?.box === box) onListKey(event);
  },
  true,
);

/* A press on a line must not take the focus out of the field. */
document.addEventListener("pointerdown", (event) => {
  const line = open && event.target.closest?.(".mention-line");
  if (!line || !open.list.contains(line)) return;
  event.preventDefault();
  take([...open.list.children].indexOf(line));
});
document.addEventListener("mousedown", (event) => {
  if (event.target.closest?.(LIST)) event.preventDefault();
});
document.addEventListener("focusout", ({ target }) => {
  if (open?.box === target) close();
});
