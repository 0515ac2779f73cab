/* What this browser showed last, so that the next page has its shape before the server answers. */
export const recall = (name) => {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null; // storage may be off
  }
};

export const remember = (name, value) => {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    /* as above: not remembered */
  }
};
