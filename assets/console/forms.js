/* Forms of the server: sent once, led to their first error, and search boxes that follow the URL. */
import { find, watch } from "./dom.js";

/* A second submit of a form that the server still works on is dropped (its nonce would refuse it too). */
document.addEventListener(
  "submit",
  (event) => {
    const form = event.target.closest("form[data-once]");
    if (!form) return;
    const sent = form.dataset.once + form.dataset.round;
    if (form.dataset.sent !== sent) {
      form.dataset.sent = sent;
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);

/* A refused form leads to the first field that has to change, once, unless the person has typed on since. */
let submitted = null;
document.addEventListener("input", () => {
  submitted = null;
});
document.addEventListener(
  "submit",
  ({ target }) => {
    submitted = target;
  },
  true,
);

const leadToFault = (form) => {
  const fault = form === submitted && find("[aria-invalid=true]", form);
  if (!fault) return;
  submitted = null;
  fault.focus();
};
watch("form", leadToFault, { attributes: ["aria-invalid"], inside: true });

let typedIn = null; // a box that is still typed in is ahead of the URL, until one goes back or forward
document.addEventListener("input", ({ target }) => {
  typedIn = target;
});
addEventListener("popstate", () => {
  typedIn = null;
});

const followUrl = (box) => {
  const value = box.dataset.value || "";
  const isAhead = box === typedIn && box === document.activeElement;
  if (!isAhead && box.value !== value) box.value = value;
};
watch("input[data-value]", followUrl, { attributes: ["data-value"] });
