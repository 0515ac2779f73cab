/* Passkeys (WebAuthn): asks the device, and gives its response to the form that wants it. */
import { find, watch } from "./dom.js";

const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");

const withBytes = (list) => (list ?? []).map((entry) => ({ ...entry, id: toBytes(entry.id) }));
const asJson = ({ id, rawId, type }, response) => ({ id, rawId: toText(rawId), type, response });

const ceremonies = {
  create: async (options) => {
    const publicKey = {
      ...options,
      challenge: toBytes(options.challenge),
      user: { ...options.user, id: toBytes(options.user.id) },
      excludeCredentials: withBytes(options.excludeCredentials),
    };
    const made = await navigator.credentials.create({ publicKey });
    const { clientDataJSON, attestationObject } = made.response;
    return asJson(made, { clientDataJSON: toText(clientDataJSON), attestationObject: toText(attestationObject) });
  },
  get: async (options) => {
    const publicKey = {
      ...options,
      challenge: toBytes(options.challenge),
      allowCredentials: withBytes(options.allowCredentials),
    };
    const used = await navigator.credentials.get({ publicKey });
    const { clientDataJSON, authenticatorData, signature, userHandle } = used.response;
    const response = { clientDataJSON, authenticatorData, signature, ...(userHandle && { userHandle }) };
    return asJson(used, Object.fromEntries(Object.entries(response).map(([name, value]) => [name, toText(value)])));
  },
};

/** The response of a passkey, as the API takes it. Rejects when the person cancels or the device has none. */
export const usePasskey = (options) => ceremonies.get(options);

/* Forms of the server: it writes the options into the form, and gets the response, or "" without one. */
const answered = new WeakMap();
const answer = async (form) => {
  const { options, passkey } = form.dataset;
  if (!options || answered.get(form) === options) return;
  answered.set(form, options);
  const credential = await ceremonies[passkey](JSON.parse(options)).catch(() => null);
  if (!form.isConnected) return;
  find("[name=credential]", form).value = credential ? JSON.stringify(credential) : "";
  form.requestSubmit();
};
watch("form[data-passkey]", answer, { attributes: ["data-options"] });
