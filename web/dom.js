// Changes to the page. Each function touches the page only if something differs, which keeps the focus and
// the selection, and does not make a screen reader speak.

import { visible } from './format.js';

export const byId = (id) => document.getElementById(id);

export function setText(node, text) {
  const wanted = visible(text);
  if (node.textContent !== wanted) node.textContent = wanted;
}

export function setAttribute(node, name, value) {
  const wanted = visible(value);
  if (node.getAttribute(name) !== wanted) node.setAttribute(name, wanted);
}

// showText fills a paragraph, or hides it if there is no text.
export function showText(node, text) {
  node.hidden = !text;
  setText(node, text || '');
}

export function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) setText(node, text);
  return node;
}

// keepChildren gives parent one child for each item, in order. It reuses the child with the same key, and
// moves only the children that are out of place.
export function keepChildren(parent, items, { key, create, update }) {
  const old = new Map(Array.from(parent.children, (node) => [node.dataset.key, node]));
  const wanted = items.map((item) => {
    const id = String(key(item));
    const node = old.get(id) ?? create(item);
    old.delete(id);
    node.dataset.key = id;
    update(node, item);
    return node;
  });
  for (const gone of old.values()) gone.remove();
  let place = parent.firstElementChild;
  for (const node of wanted) {
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
  }
}
