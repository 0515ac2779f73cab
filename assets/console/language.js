/* Messages in the language of the page. Its catalogue is a script that comes before this one; English needs none. */

const catalogue = globalThis.messages;
export const language = catalogue?.language ?? "en";
/** The locale of a viewer who chose none: the browser's, unless the page has another language. English has many. */
export const ownLocale =
  language === "en" || navigator.language.split("-")[0] === language ? navigator.language : language;

const known = (message) => (catalogue && Object.hasOwn(catalogue.texts, message) ? catalogue.texts[message] : null);
const fill = (text, values) =>
  values ? text.replace(/\{(\w+)\}/g, (all, name) => (Object.hasOwn(values, name) ? (values[name] ?? "") : all)) : text;

/** The message, with the values in place of {name}. */
export const t = (message, values) => fill(known(message) ?? message, values);

/** The message in the plural form for a count. */
export const nt = (one, many, count, values) => {
  const forms = known(one);
  const text = forms ? forms[catalogue.plural(count)] : count === 1 ? one : many;
  return fill(text, { count, ...values });
};

/** The message as a list of texts and components, for React. */
export const parts = (message, values) =>
  (known(message) ?? message)
    .split(/(\{\w+\})/)
    .map((part) => (/^\{\w+\}$/.test(part) ? (values[part.slice(1, -1)] ?? "") : part));
