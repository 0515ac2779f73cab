/*
 * Drafts in sessionStorage, by viewer, form and record: a draft lives as long as its tab, two tabs with the same form do
 * not mix, and nobody who opens the console in another tab of this machine finds it.
 */

const DRAFT = "tca-draft:";

/** Runs an access to the storage, which may be off or full. */
const attempt = (access, otherwise) => {
  try {
    return access();
  } catch {
    return otherwise;
  }
};

export const draftsOf = (viewer) => `${DRAFT}${viewer}:`;
export const draftNames = () => attempt(() => Object.keys(sessionStorage).filter((name) => name.startsWith(DRAFT)), []);
export const readDraft = (name) => attempt(() => JSON.parse(sessionStorage.getItem(name)), null);
export const dropDraft = (name) => attempt(() => sessionStorage.removeItem(name));

/** Stores a draft, or else removes it: an old one would be wrong. */
export const writeDraft = (name, draft) => {
  dropDraft(name);
  attempt(() => sessionStorage.setItem(name, JSON.stringify(draft)));
};

export const forgetDrafts = (isWanted = () => false) => {
  for (const name of draftNames()) if (!isWanted(name)) dropDraft(name);
};
