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

/* A refused save leads to the first field that has to change, unless the person has typed on since. */
let typedSince = false;
document.addEventListener("input", () => {
  typedSince = true;
});
document.addEventListener(
  "submit",
  () => {
    typedSince = false;
  },
  true,
);

const leadToFault = (form) => {
  const fault = find("[aria-invalid=true]", form);
  if (!fault || form.dataset.told === form.dataset.round) return;
  form.dataset.told = form.dataset.round;
  if (!typedSince) fault.focus();
};
watch("form[data-round]", leadToFault, { attributes: ["aria-invalid"], inside: true });

const followUrl = (box) => {
  const value = box.dataset.value || "";
  if (document.activeElement !== box && box.value !== value) box.value = value;
};
watch("input[data-value]", followUrl, { attributes: ["data-value"] });
