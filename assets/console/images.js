/* An image that cannot be loaded is not shown as a broken one: below a picture of a person are the initials. */
document.addEventListener(
  "error",
  ({ target }) => {
    if (target.tagName === "IMG") target.hidden = true;
  },
  true,
);
document.addEventListener(
  "load",
  ({ target }) => {
    if (target.tagName === "IMG") target.hidden = false;
  },
  true,
);
