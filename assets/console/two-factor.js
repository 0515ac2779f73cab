/* Two-factor authentication: the QR code of a new app, and recovery codes as a file. Neither passes through a state. */
import { onAction } from "./buttons.js";
import { watch } from "./dom.js";

/* The server writes the image into an output, because that is what it can set without a state. */
const showImage = (output) => {
  const image = document.getElementById(output.dataset.image);
  const data = output.textContent;
  if (!image || image.getAttribute("src") === data) return;
  if (data.startsWith("data:image/svg+xml")) image.setAttribute("src", data);
  else image.removeAttribute("src");
};
watch("output[data-image]", showImage, { inside: true });

onAction("download", (button) => {
  const text = new Blob([`${document.getElementById(button.dataset.from).value}\n`], { type: "text/plain" });
  const href = URL.createObjectURL(text);
  const link = Object.assign(document.createElement("a"), { href, download: button.dataset.file });
  link.click();
  setTimeout(() => URL.revokeObjectURL(href), 1000);
});
