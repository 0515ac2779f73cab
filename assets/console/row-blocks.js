/* The rows of a long table, in blocks: those near the view are drawn, each of the others is an empty box of their height. */
import { createElement, memo, useEffect, useMemo, useRef, useState } from "react";

const SIZE = 20; // rows of a block
const ROW_PX = 68; // of a row that was never drawn
const NEAR = "1000px 0px";
/* On a phone the page scrolls, on larger screens the frame of the table: see "matrix" in console.css. */
const LARGE = "(min-width: 768px)";

const useIsLarge = () => {
  const [isLarge, setLarge] = useState(true);
  useEffect(() => {
    const media = matchMedia(LARGE);
    const onChange = () => setLarge(media.matches);
    onChange();
    media.addEventListener("change", onChange);
    return () => media.removeEventListener("change", onChange);
  }, []);
  return isLarge;
};

const frameOf = (bodies) => bodies.current[0]?.closest(".table-scroll") ?? null;

/** The numbers of the blocks near the view. A block with the focus stays, so that j and k go on from it. */
const useNear = (bodies, heights, count) => {
  const [near, setNear] = useState(() => new Set([0]));
  const isLarge = useIsLarge();
  useEffect(() => {
    const seen = new Set();
    const onSeen = (entries) => {
      for (const { target, isIntersecting } of entries) {
        const block = Number(target.dataset.block);
        if (isIntersecting) seen.add(block);
        else if (seen.has(block) && !target.contains(document.activeElement)) {
          heights.current.set(block, target.offsetHeight);
          seen.delete(block);
        }
      }
      setNear(new Set(seen));
    };
    const root = isLarge ? frameOf(bodies) : null;
    const observer = new IntersectionObserver(onSeen, { root, rootMargin: NEAR });
    for (const body of bodies.current.slice(0, count)) if (body) observer.observe(body);
    return () => observer.disconnect();
  }, [bodies, heights, count, isLarge]);
  return near;
};

const Rows = memo(({ rows, start, draw }) => rows.map((row, index) => draw(row, start + index)));

const emptyRow = (height) =>
  createElement("tr", { "aria-hidden": true }, createElement("td", { style: { height, padding: 0 } }));

const blocksOf = (rows, changes) => {
  const newest = changes ? rows.map((row) => changes[row.id] ?? row) : rows;
  const count = Math.max(1, Math.ceil(rows.length / SIZE));
  return Array.from({ length: count }, (_, block) => newest.slice(block * SIZE, (block + 1) * SIZE));
};

/** `draw` makes a row, `changes` are newer rows by their id, and the view begins at the top for another `order`. */
export const RowBlocks = ({ rows, changes, draw, order }) => {
  const bodies = useRef([]);
  const heights = useRef(new Map());
  const blocks = useMemo(() => blocksOf(rows, changes), [rows, changes]);
  const near = useNear(bodies, heights, blocks.length);
  const shownOrder = useRef(order);
  useEffect(() => {
    if (shownOrder.current === order) return; // to scroll has the browser lay everything out at once
    shownOrder.current = order;
    frameOf(bodies)?.scrollTo(0, 0); // its result must not be returned: it may be a promise, and is no clean-up
  }, [order]);
  return blocks.map((part, block) => {
    const isNear = near.has(block);
    const height = heights.current.get(block) ?? part.length * ROW_PX;
    const keepBody = (body) => {
      bodies.current[block] = body;
    };
    return createElement(
      "tbody",
      { key: block, ref: keepBody, role: isNear ? "rowgroup" : undefined, "data-block": block },
      isNear ? createElement(Rows, { rows: part, start: block * SIZE, draw }) : emptyRow(height),
    );
  });
};
