/*
 * A menu that is made when its button is first pressed: until then it is the button alone. Of twenty-five rows with a menu
 * each, the menus took longer to draw than the rows.
 */
import { cloneElement, createElement, useLayoutEffect, useRef, useState } from "react";

const OPENS = new Set(["Enter", " ", "ArrowDown"]);

/** `children` are the button and the menu, which has such a button of its own. */
export const MenuOnDemand = ({ children: [button, menu] }) => {
  const [pressed, setPressed] = useState(null);
  const place = useRef(null);
  useLayoutEffect(() => {
    if (!pressed) return;
    const trigger = place.current.querySelector("[aria-haspopup=menu]");
    trigger.focus();
    // Not now: the menu listens to the keyboard once it is mounted.
    queueMicrotask(() => trigger.dispatchEvent(new pressed.constructor(pressed.type, pressed)));
  }, [pressed]);
  if (pressed) return createElement("span", { ref: place, className: "menu-place" }, menu);
  const press = (event) => {
    event.preventDefault();
    setPressed(event.nativeEvent);
  };
  return createElement(
    "span",
    { className: "menu-place" },
    cloneElement(button, {
      "aria-haspopup": "menu",
      "aria-expanded": false,
      "data-state": "closed",
      onPointerDown: (event) => event.button === 0 && !event.ctrlKey && press(event),
      onKeyDown: (event) => OPENS.has(event.key) && press(event),
    }),
  );
};
