/* The form of the logo: the image goes to the API as base64. */
import { call, find } from "./dom.js";
import { clearFaults, setBusy, showFaults, showProblem } from "./posted-form.js";

const MAX_BYTES = 64 * 1024;

const base64Of = (file) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result.split(",")[1] || ""));
    reader.addEventListener("error", reject);
    reader.readAsDataURL(file);
  });

/** Why this file cannot be sent, or "". The server checks again, by the content. */
const faultOf = (file) => {
  if (!file) return "Choose an image.";
  return file.size > MAX_BYTES ? "Use an image of at most 64 kB." : "";
};

const send = async (form) => {
  if (form.hasAttribute("data-busy")) return;
  clearFaults(form);
  const file = form.elements.namedItem("content").files[0];
  const fault = faultOf(file);
  if (fault) {
    showFaults(form, "", [{ pointer: "/content", detail: fault }]);
    return;
  }
  setBusy(form, true);
  const response = await call(form.dataset.logo, {
    method: "PUT",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ content: await base64Of(file) }),
  }).catch(() => null);
  setBusy(form, false);
  if (response?.ok) find("[data-uploaded]", form)?.click();
  else if (response) showProblem(form, response, await response.json().catch(() => ({})));
  else showFaults(form, "The console cannot be reached. Check your connection and try again.", []);
};

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target.closest("form[data-logo]");
    if (!form) return;
    event.preventDefault();
    event.stopPropagation();
    send(form);
  },
  true,
);
