/* Buttons that act in the browser: `data-action` names what they do. */
import { t } from "./language.js";

const actions = {};
/** Registers what the buttons with this `data-action` do. */
export const onAction = (name, act) => {
  actions[name] = act;
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  actions[button?.dataset.action]?.(button);
});

onAction("reload", () => location.reload());
onAction("back", () => (history.length > 1 ? history.back() : location.assign("/dashboard")));

/* Without a secure context there is no clipboard of that name; the older way still works there. */
onAction("copy", async (button) => {
  const field = document.getElementById(button.dataset.from);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    document.execCommand("copy");
  }
  button.dataset.copied = "";
  setTimeout(() => delete button.dataset.copied, 2000);
});

onAction("toggle-password", (button) => {
  const input = document.getElementById(button.getAttribute("aria-controls"));
  const show = input.type === "password";
  input.type = show ? "text" : "password";
  button.textContent = show ? t("Hide") : t("Show");
  button.setAttribute("aria-label", show ? t("Hide password") : t("Show password"));
});
