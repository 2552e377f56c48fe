// Building and keeping elements. Text only ever goes in as text, so nothing a customer writes can become markup.

export const byId = (id) => document.getElementById(id);

/** Make an element; `children` are nodes or strings, and empty ones are left out. */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

/**
 * Let `container` show one element per item, in order. An item keeps its element for as long as its key stays,
 * so what one types, opens or focuses in it is not lost. `fill(element, item)` runs only when the item changed.
 */
export function keyed(container, items, keyOf, make, fill) {
  const known = new Map([...container.children].map((child) => [child.dataset.key, child]));
  items.forEach((item, place) => {
    const key = String(keyOf(item));
    const element = known.get(key) ?? make(item);
    known.delete(key);
    element.dataset.key = key;
    const told = JSON.stringify(item);
    if (element.told !== told) {
      element.told = told;
      fill(element, item);
    }
    if (container.children[place] !== element) container.insertBefore(element, container.children[place] ?? null);
  });
  known.forEach((element) => element.remove());
}

/** Refill a <select> with [value, label] pairs, keeping the choice where it is still there. */
export function options(select, pairs) {
  const told = JSON.stringify(pairs);
  if (select.told === told) return;
  select.told = told;
  const chosen = select.value;
  select.replaceChildren(...pairs.map(([value, label]) => el("option", { value }, label)));
  if (pairs.some(([value]) => value === chosen)) select.value = chosen;
}

/** Run `change`; a reader who was at the end of `box` stays at the end. */
export function followingEnd(box, change) {
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40
    && box.scrollWidth - box.scrollLeft - box.clientWidth < 40;
  change();
  if (atEnd) box.scrollTo(box.scrollWidth, box.scrollHeight);
}

export function clockTime(iso) {
  return new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

export function initials(name) {
  return (name ?? "?").split(/\s+/).slice(0, 2).map((word) => word[0] ?? "").join("").toUpperCase();
}
