/* The whole of a text that its line cuts off, as a tooltip while the pointer is on it: the text may change afterwards. */

const isCut = (element) => {
  const { textOverflow, webkitLineClamp } = getComputedStyle(element);
  return (
    (textOverflow === "ellipsis" && element.scrollWidth > element.clientWidth) ||
    (webkitLineClamp !== "none" && element.scrollHeight > element.clientHeight)
  );
};

document.addEventListener("mouseover", ({ target }) => {
  if (!(target instanceof HTMLElement) || target.closest("[title]")) return;
  const line = [target, target.parentElement].find((element) => element && isCut(element));
  if (!line) return;
  line.title = line.textContent;
  line.addEventListener("mouseleave", () => line.removeAttribute("title"), { once: true });
});
