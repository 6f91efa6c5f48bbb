// Elements without markup: text from files only ever becomes text.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element.
 *
 * @param {string} name such as `p`, or `p.soft` with classes.
 * @param {Record<string, any> | null} [properties] attributes; `on…` are listeners; null, undefined and false are left out.
 * @param {...(Node | string | number | null | undefined | false)} children
 * @returns {HTMLElement & Record<string, any>}
 */
export function h(name, properties, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(properties ?? {})) set(element, key, value);
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false).map(node));
  return element;
}

/**
 * Make an SVG element.
 *
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {...Node} children
 * @returns {SVGElement}
 */
export function s(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** @param {Node | string | number} child */
function node(child) {
  return child instanceof Node ? child : String(child);
}

/** @param {HTMLElement} element @param {string} key @param {any} value */
function set(element, key, value) {
  if (value === null || value === undefined || value === false) return;
  if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
  else if (key === "value" || key === "hidden" || key === "checked") /** @type {any} */ (element)[key] = value;
  else element.setAttribute(key, value === true ? "" : String(value));
}

/**
 * Put new children in, and keep the focus where it was if what had it is still known by its `data-key`.
 *
 * @param {Element} parent
 * @param {...(Node | string | null | undefined | false)} children
 */
export function fill(parent, ...children) {
  const active = document.activeElement;
  const key = active && parent.contains(active) ? active.getAttribute("data-key") : null;
  parent.replaceChildren(.../** @type {(Node | string)[]} */ (children.filter((child) => child)));
  if (key) /** @type {HTMLElement | null} */ (parent.querySelector(`[data-key="${key}"]`))?.focus();
}

let counter = 0;

/** An id that no other element has. @param {string} prefix */
export function uniqueId(prefix) {
  counter += 1;
  return `${prefix}-${counter}`;
}
