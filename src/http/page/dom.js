// Making and changing nodes. All text comes in as text: names are made up by strangers, and nothing
// here reads markup.

const SVG = "http://www.w3.org/2000/svg";

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

/** An element of HTML; strings among its children are text. */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** An element of SVG. */
export function s(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** One of the signs that stand in index.html: unavailable, degraded, unknown, healthy, circuit, info. */
export function sign(name) {
  return s("svg", { class: `sign sign-${name}`, "aria-hidden": "true" }, s("use", { href: `#sign-${name}` }));
}

/** Sets a text, and touches nothing if it is there already. */
export function text(node, value) {
  if (node.firstChild?.nodeType === Node.TEXT_NODE && !node.firstChild.nextSibling) {
    if (node.firstChild.data !== value) node.firstChild.data = value;
  } else if (value !== "" || node.firstChild) {
    node.textContent = value;
  }
}

/** Sets or removes an attribute, and touches nothing if it is so already. */
export function attribute(node, name, value) {
  if (value === null || value === undefined) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value)) {
    node.setAttribute(name, value);
  }
}

const shown = new WeakMap();

/** Fills a node anew, but only if what it shows has changed: a reader's selection and focus last. */
export function fill(node, key, build) {
  const known = typeof key === "string" ? key : JSON.stringify(key);
  if (shown.get(node) === known) return;
  shown.set(node, known);
  const focused = node.contains(document.activeElement) ? document.activeElement : null;
  const [href, id] = [focused?.getAttribute("href"), focused?.id];
  const scrolled = node.querySelector(".scroll")?.scrollTop;
  node.replaceChildren(...[build()].flat().filter((child) => child !== null && child !== ""));
  if (scrolled) node.querySelector(".scroll")?.scrollTo(0, scrolled);
  if (!focused || node.contains(focused)) return;
  const again = [...node.querySelectorAll("a, button")].find((it) =>
    id ? it.id === id : it.getAttribute("href") === href,
  );
  again?.focus({ preventScroll: true });
}
