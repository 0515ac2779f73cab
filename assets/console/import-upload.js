/* The forms that upload a CSV file to import: it goes to the API as base64, which says what is wrong with it. */
import { find } from "./dom.js";
import { base64Of } from "./image-upload.js";
import { t } from "./language.js";
import { clearFaults, send, setBusy, showFaults, showProblem } from "./posted-form.js";

const faultOf = (form, file) => {
  if (!file) return t("Choose a CSV file.");
  if (!file.size) return t("The file is empty.");
  const most = Number(form.dataset.maxMb);
  return file.size > most * 1024 * 1024 ? t("Use a file of at most {most} MB.", { most }) : "";
};

const upload = async (form) => {
  if (form.hasAttribute("data-busy")) return;
  clearFaults(form);
  const [file] = form.elements.namedItem("content").files;
  const fault = faultOf(form, file);
  if (fault) {
    showFaults(form, "", [{ pointer: "/content", detail: fault }]);
    return;
  }
  setBusy(form, true);
  const project = Number(form.dataset.project) || null;
  const body = { kind: form.dataset.kind, project_id: project, file_name: file.name.slice(0, 200), dry_run: true };
  const response = await base64Of(file)
    .then((content) =>
      send(form, form.dataset.import, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json" },
        body: JSON.stringify({ ...body, content }),
      }),
    )
    .catch(() => null);
  const answer = await response?.json().catch(() => ({}));
  setBusy(form, false);
  if (response?.ok) {
    form.dataset.uploaded = answer.id;
    find("[data-uploaded-button]", form)?.click();
  } else if (response) showProblem(form, response, answer);
  else showFaults(form, t("The file cannot be sent. Check your connection and try again."), []);
};

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target.closest("form[data-import]");
    if (!form) return;
    event.preventDefault();
    event.stopPropagation();
    upload(form);
  },
  true,
);
