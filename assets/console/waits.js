/*
 * What is pressed is seen to wait until the server has it: at once while the connection is lost, otherwise after a second.
 * Reflex keeps what is pressed without a connection, and sends it when there is one. A link is kept here, because its page
 * may not have been fetched yet.
 */
import { find } from "./dom.js";
import { leadsAway } from "./drafts/leaving.js";
import { ask, askNow, isConnected, isLost, onConnection } from "./live-socket.js";

const SHOWN_AFTER_MS = 1000;
const PRESSED_MS = 1000; // a search box waits for more letters, and a page for its script
const FOR_SERVER = "reflex___state";
const TYPED = "input:not([type=checkbox], [type=radio]), textarea";
const AGAIN = `${TYPED}, [aria-haspopup=dialog]`; // pressed again it opens, in the browser, what was closed meanwhile
const CONTROLS = "a[href], button, select, summary, input, textarea, [role^=menuitem], [role=option]";

let pressed = { control: null, at: 0 };
let typed = pressed; // the last press that was typing
let followed = null; // the link that is followed when the connection is back
let unconfirmed = 0; // actions that were sent on a connection that ended without an answer
const waiting = new Map();
const listeners = [];

/** Calls back when more or less waits. */
export const onWaits = (callback) => listeners.push(callback);
/** How many actions wait. The link that is followed afterwards is none: it changes nothing. */
export const countWaits = () => [...waiting.keys()].filter(isAction).length;

const isAction = (control) => !control.matches(`a, ${TYPED}`);

const mark = (control, isWaiting) => {
  control.toggleAttribute("data-waits", isWaiting);
  if (isWaiting) control.setAttribute("aria-busy", "true");
  else if (control.dataset.loading === undefined) control.removeAttribute("aria-busy"); // otherwise the page shows it so
};

const publish = () => {
  const isShown = Boolean(followed) || [...waiting.values()].some((wait) => wait.isShown);
  document.documentElement.toggleAttribute("data-waits", isShown);
  for (const callback of listeners) callback();
};

const hold = (control) => {
  const wait = { at: performance.now(), isSent: isConnected(), isShown: false };
  const show = () => {
    if (waiting.get(control) !== wait) return;
    wait.isShown = true;
    mark(control, true);
    publish();
  };
  waiting.set(control, wait);
  if (isLost()) show();
  else setTimeout(show, SHOWN_AFTER_MS);
  ask();
};

const release = (control) => {
  waiting.delete(control);
  mark(control, false);
};

const follow = (link) => {
  if (followed) mark(followed, false);
  followed = link;
  mark(link, true);
  publish();
};

const goOn = () => {
  const link = followed;
  if (!link) return;
  followed = null;
  mark(link, false);
  if (link.isConnected) link.click();
  else location.assign(link.href); // its menu was closed
};

onConnection("answer", (question) => {
  for (const [control, { at, isSent }] of waiting) if (isSent && at <= question) release(control);
  goOn();
  publish();
  if (waiting.size) ask();
});

/* What was sent may or may not have arrived, so it is not sent again. Its form can be. */
onConnection("lost", () => {
  for (const [control, { isSent }] of waiting) {
    if (!isSent) continue;
    release(control);
    if (!isAction(control)) continue;
    unconfirmed += 1;
    delete control.form?.dataset.sent;
  }
  publish();
});

onConnection("back", () => {
  for (const wait of waiting.values()) wait.isSent = true;
  ask();
});

/** How many actions were not confirmed; the next time it starts from zero. */
export const takeUnconfirmed = () => {
  const count = unconfirmed;
  unconfirmed = 0;
  return count;
};

/** The control that a press is about: an item of a menu is gone with its menu, whose button stays. */
const controlOf = (target) => {
  const control = target.closest?.(CONTROLS);
  const menu = control?.closest("[role=menu]");
  return (menu && document.getElementById(menu.getAttribute("aria-labelledby"))) ?? control;
};

const press = (control) => {
  if (!control) return;
  pressed = { control, at: performance.now() };
  if (control.matches(TYPED)) typed = pressed;
};

addEventListener(
  "click",
  (event) => {
    const link = event.target.closest?.("a[href]");
    const control = link ?? controlOf(event.target);
    if (!control) return;
    const isWaiting = control.dataset.waits !== undefined && !control.matches(AGAIN);
    const isPage = Boolean(link) && leadsAway(link, event);
    if (isWaiting || (isPage && isLost())) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!isWaiting) follow(link);
      return;
    }
    press(controlOf(event.target));
    if (isPage && !link.pathname.startsWith("/api/")) hold(controlOf(link));
    ask();
  },
  true,
);
for (const name of ["input", "change"]) addEventListener(name, ({ target }) => press(controlOf(target)), true);
addEventListener("submit", ({ target, submitter }) => press(submitter ?? find("[type=submit]", target)), true);

/* What waits for more letters is sent later, perhaps after a press of something else. */
addEventListener("queued-events", ({ detail }) => {
  const events = detail.filter(({ name }) => name?.startsWith(FOR_SERVER));
  const { control, at } = events.every((event) => event.event_actions?.debounce) ? typed : pressed;
  if (events.length && control && performance.now() - at < PRESSED_MS) hold(control);
});
addEventListener("sent-event", () => waiting.size && askNow());
