/* A button that destroys something can be pressed once the name that confirms it is typed. */
import { find, watch } from "./dom.js";
import { t } from "./language.js";

const mark = (form) => {
  const input = find("[data-confirm-name]", form);
  const button = find("[type=submit]", form);
  if (!input || !button) return;
  const isBlocked = button.dataset.blocked === "true" || input.value !== input.dataset.confirmName;
  if (button.disabled !== isBlocked) button.disabled = isBlocked;
};
watch("form[data-confirms]", mark, { attributes: ["disabled", "data-blocked", "data-confirm-name"], inside: true });

const showFault = (input, isShown) => {
  input.setAttribute("aria-invalid", String(isShown));
  find(".field-error", input.parentElement).textContent = isShown ? t("Type the name exactly as it is shown.") : "";
};

document.addEventListener("input", ({ target }) => {
  if (!target.matches("[data-confirm-name]")) return;
  mark(target.form);
  showFault(target, false);
});
document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-confirm-name]"))
    showFault(target, target.value !== "" && target.value !== target.dataset.confirmName);
});
