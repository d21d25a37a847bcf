// Small things for working with the page. Data only ever becomes text, never markup.

export const $ = (selector, root = document) => root.querySelector(selector);

/** An element with attributes and children; a string among them becomes text. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Writes each value into the element whose `data-f` names it. */
export function fill(root, values) {
  for (const [name, value] of Object.entries(values)) {
    const node = root.querySelector(`[data-f="${name}"]`);
    if (node && node.textContent !== String(value ?? "")) node.textContent = value ?? "";
  }
  return root;
}

/** A copy of what the template holds. */
export function copy(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

export function show(node, visible) {
  if (node && node.hidden === visible) node.hidden = !visible;
}

/** Asks by a dialog; true when the answer was yes. */
export function ask(dialog) {
  return new Promise((resolve) => {
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });
}

/** Makes the list's elements those of `items`, by id: new ones are made, all are filled, the rest go. */
export function reconcile(list, items, make, update) {
  const known = new Map([...list.children].map((node) => [node.dataset.key, node]));
  let place = list.firstElementChild;
  for (const item of items) {
    let node = known.get(item.id);
    known.delete(item.id);
    if (!node) {
      node = make(item);
      node.dataset.key = item.id;
    }
    update(node, item);
    if (node === place) place = place.nextElementSibling;
    else list.insertBefore(node, place);
  }
  for (const node of known.values()) node.remove();
}

/** An amount as our pages write it: 1,234.50 EUR. */
export function money({ minor, currency }) {
  const digits = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;
  const text = new Intl.NumberFormat("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${text.format(minor / 10 ** digits)} ${currency}`;
}
