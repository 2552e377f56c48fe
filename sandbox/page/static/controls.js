// Interactive elements: buttons, menus, selects, dates, choices, and the inputs of modals.

import { el } from "./dom.js";
import { sure } from "./sure.js";

/** Turn an element of a section or an actions block into a node that acts at once. */
export function control(element, block, place) {
  if (element.type === "button") return button(element, block, place);
  if (element.type === "overflow") return overflow(element, block, place);
  const made = inputNode(element, place, element.placeholder?.text ?? element.action_id ?? element.type);
  if (made === null) return el("span", { class: "context" }, `(${element.type})`);
  made.node.dataset.action = mark(element);
  made.node.addEventListener("change", () => acting(element, place, () => place.choose(element, made.read(), block)));
  return made.node;
}

function button(element, block, place) {
  const kind = element.style ?? "";
  if (element.url) {
    const safe = /^https?:/.test(element.url) ? element.url : null;
    return el("a", { class: `button ${kind}`, href: safe, target: "_blank", rel: "noreferrer" }, element.text.text);
  }
  const made = el("button", { type: "button", class: kind, "data-action": mark(element), "aria-label": element.accessibility_label }, element.text.text);
  made.addEventListener("click", () => acting(element, place, () => pressed(made, () => place.press(element, block))));
  return made;
}

async function pressed(made, act) {
  made.classList.add("pressed");
  await act().finally(() => setTimeout(() => made.classList.remove("pressed"), 600));
}

function overflow(element, block, place) {
  const summary = el("summary", { "aria-label": "More actions", "data-action": mark(element) }, "⋯");
  const menu = el("details", { class: "menu more" }, summary);
  const entries = element.options.map((option) => {
    const entry = el("button", { type: "button", class: "plain" }, option.text.text);
    entry.addEventListener("click", () => {
      menu.open = false;
      summary.focus();
      acting(element, place, () => place.choose(element, option.value, block));
    });
    return entry;
  });
  menu.append(el("div", { class: "panel choices" }, ...entries));
  return menu;
}

/** Names an element among its neighbours, so that focus can come back to it. */
function mark(element) {
  return `${element.action_id}/${element.value ?? ""}`;
}

async function acting(element, place, act) {
  if (element.confirm && !(await sure(element.confirm, place.names))) return;
  await act();
}

/**
 * Make the node of an input, how to read its value and how to put one in: text, a list of texts for checkboxes,
 * null for nothing. Unknown kinds give null.
 */
export function inputNode(element, place, label) {
  const value = valueOf(place.state?.(element));
  switch (element.type) {
    case "plain_text_input": return textInput(element, value);
    case "number_input": return simple(el("input", { inputmode: "decimal", autocomplete: "off" }), element, value);
    case "datepicker": return simple(el("input", { type: "date", "aria-label": label }), element, value ?? element.initial_date);
    case "timepicker": return simple(el("input", { type: "time", "aria-label": label }), element, value ?? element.initial_time);
    case "static_select": return select(element, optionNodes(element), value ?? element.initial_option?.value, label);
    case "users_select": return select(element, userNodes(place), value ?? element.initial_user, label);
    case "radio_buttons": return choices(element, "radio", [value ?? element.initial_option?.value], label);
    case "checkboxes": return choices(element, "checkbox", value ?? element.initial_options?.map((one) => one.value) ?? [], label);
    default: return null;
  }
}

/** The value in what Slack holds of an element, in the shape in which it is given back. */
function valueOf(state) {
  if (!state) return null;
  if (state.selected_options) return state.selected_options.map((one) => one.value);
  return state.selected_option?.value ?? state.value ?? state.selected_user ?? state.selected_date ?? state.selected_time ?? null;
}

function textInput(element, value) {
  const shape = { maxlength: 3000, autocomplete: "off", dir: "auto" };
  return simple(element.multiline ? el("textarea", { ...shape, rows: 4 }) : el("input", shape), element, value);
}

function simple(node, element, value) {
  node.value = value ?? "";
  if (element.placeholder) node.placeholder = element.placeholder.text;
  return { node, focus: node, read: () => node.value || null, write: (other) => { node.value = other ?? ""; } };
}

function select(element, nodes, value, label) {
  const empty = el("option", { value: "" }, element.placeholder?.text ?? "Choose…");
  const node = el("select", { "aria-label": label }, empty, ...nodes);
  node.value = value ?? "";
  return { node, focus: node, read: () => node.value || null, write: (other) => { node.value = other ?? ""; } };
}

function optionNodes(element) {
  const nodes = (options) => (options ?? []).map((one) => el("option", { value: one.value }, one.text.text));
  const groups = (element.option_groups ?? []).map((group) => el("optgroup", { label: group.label.text }, ...nodes(group.options)));
  return [...nodes(element.options), ...groups];
}

function userNodes(place) {
  return Object.entries(place.people ?? {}).map(([id, name]) => el("option", { value: id }, name));
}

let groupsMade = 0;

function choices(element, type, chosen, label) {
  const name = `choice-${groupsMade++}`;
  const boxes = element.options.map((option) => el("input", { type, name, value: option.value }));
  const rows = boxes.map((box, number) => el("label", { class: "choice" }, box, el("span", {}, element.options[number].text.text,
    element.options[number].description ? el("small", {}, element.options[number].description.text) : null)));
  const node = el("div", { class: "choice-list", role: type === "radio" ? "radiogroup" : "group", "aria-label": label }, ...rows);
  const write = (values) => boxes.forEach((box) => { box.checked = [values].flat().includes(box.value); });
  write(chosen);
  const read = () => {
    const picked = boxes.filter((box) => box.checked).map((box) => box.value);
    return type === "radio" ? picked[0] ?? null : picked;
  };
  return { node, focus: boxes[0], read, write };
}
