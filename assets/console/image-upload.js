/* The forms that upload an image: it goes to the API as base64, a photo as a small square. */
import { find } from "./dom.js";
import { t } from "./language.js";
import { clearFaults, send, setBusy, showFaults, showProblem } from "./posted-form.js";

export const base64Of = (file) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result.split(",")[1] || ""));
    reader.addEventListener("error", reject);
    reader.readAsDataURL(file);
  });

/** The middle of an image, as a square of at most `side` pixels. */
const squareOf = async (file, side) => {
  const image = await createImageBitmap(file);
  const edge = Math.min(image.width, image.height);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.min(edge, side);
  const [left, top] = [(image.width - edge) / 2, (image.height - edge) / 2];
  canvas.getContext("2d").drawImage(image, left, top, edge, edge, 0, 0, canvas.width, canvas.width);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/webp", 0.92));
};

/** What is sent, and why it cannot be. The server checks again, by the content. */
const imageOf = async (form) => {
  const [file] = form.elements.namedItem("content").files;
  if (!file) return [null, t("Choose an image.")];
  const side = Number(form.dataset.side);
  const image = side ? await squareOf(file, side).catch(() => null) : file;
  if (!image) return [null, t("Use a PNG, JPEG or WebP image.")];
  const most = form.dataset.maxKb;
  return [image, image.size > most * 1024 ? t("Use an image of at most {most} kB.", { most }) : ""];
};

const upload = async (form) => {
  if (form.hasAttribute("data-busy")) return;
  clearFaults(form);
  setBusy(form, true);
  const [image, fault] = await imageOf(form);
  if (fault) {
    setBusy(form, false);
    showFaults(form, "", [{ pointer: "/content", detail: fault }]);
    return;
  }
  const response = await send(form, form.dataset.image, {
    method: "PUT",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ content: await base64Of(image) }),
  });
  setBusy(form, false);
  if (response?.ok) find("[data-uploaded]", form)?.click();
  else if (response) showProblem(form, response, await response.json().catch(() => ({})));
  else showFaults(form, t("The console cannot be reached. Check your connection and try again."), []);
};

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target.closest("form[data-image]");
    if (!form) return;
    event.preventDefault();
    event.stopPropagation();
    upload(form);
  },
  true,
);
