// Small helpers that touch the page only where something really changed,
// so that focus, selection and screen readers are left in peace.

import { shown } from './format.js';

export const byId = (id) => document.getElementById(id);

export function setText(node, text) {
  const wanted = shown(text);
  if (node.textContent !== wanted) node.textContent = wanted;
}

export function setAttribute(node, name, value) {
  const wanted = shown(value);
  if (node.getAttribute(name) !== wanted) node.setAttribute(name, wanted);
}

// showText fills a paragraph, or hides it where there is nothing to say.
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

// keepChildren makes parent's children the nodes of items, in order: it reuses the node with the
// same key, and moves only those that are out of place.
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
