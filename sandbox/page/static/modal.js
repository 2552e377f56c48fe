// The modal of the user one acts as: labels, hints, what stands wrong at a field, and the keyboard.

import { blockNode } from "./blocks.js";
import { call } from "./calls.js";
import { inputNode } from "./controls.js";
import { byId, el } from "./dom.js";

let shown = null; // what the dialog was built from
let fields = new Map(); // of the inputs on show, by block id
let user = null;
let refresh = () => {};

export function startModal(refreshPage) {
  refresh = refreshPage;
  byId("modal").addEventListener("cancel", (event) => { event.preventDefault(); leave(); });
  byId("modal-leave").addEventListener("click", leave);
  byId("modal-close").addEventListener("click", leave);
  byId("modal-form").addEventListener("submit", (event) => { event.preventDefault(); send(); });
}

/** Show what this user has open; `surroundings` has `names` and `people`. */
export function showModal(modal, userId, surroundings) {
  user = userId;
  if (!modal) return hide();
  const version = `${userId}/${modal.view.id}/${modal.view.hash}`;
  if (shown !== version) build(modal, surroundings, version);
  showErrors(modal);
  if (byId("modal").open) return undefined;
  byId("modal").showModal();
  return focusFirst();
}

function hide() {
  shown = null;
  fields = new Map();
  if (byId("modal").open) byId("modal").close();
}

function build({ view }, surroundings, version) {
  const typed = shown?.startsWith(`${user}/${view.id}/`) ? values() : {};
  const marks = new Map([...fields].map(([id, field]) => [id, field.mark]));
  fields = new Map();
  shown = version;
  byId("modal-title").textContent = view.title.text;
  byId("modal-close").textContent = view.close?.text ?? "Cancel";
  byId("modal-submit").textContent = view.submit?.text ?? "Submit";
  byId("modal-submit").hidden = !view.submit;
  const had = document.activeElement?.dataset?.block;
  const place = placeOf(view, surroundings);
  byId("modal-blocks").replaceChildren(...view.blocks.map((block) => blockNode(block, place)));
  for (const [id, field] of fields) if (id in typed && marks.get(id) === field.mark) field.write(typed[id]);
  if (had) fields.get(had)?.focus.focus();
}

function placeOf(view, surroundings) {
  const states = Object.assign({}, ...Object.values(view.state.values));
  const act = (path, element, value) =>
    call("POST", `/act/slack/view/${path}`, { user_id: user, action_id: element.action_id, value, values: values() }).finally(refresh);
  const place = {
    ...surroundings,
    press: (element) => act("press", element, element.value),
    choose: (element, value) => act("choose", element, value),
    state: (element) => states[element.action_id],
  };
  place.input = (block) => field(block, { ...place, state: (element) => view.state.values[block.block_id]?.[element.action_id] });
  return place;
}

function field(block, place) {
  const { element } = block;
  const made = inputNode(element, place, block.label.text);
  if (made === null) return el("p", { class: "context" }, `(${element.type})`);
  const id = `field-${block.block_id}`;
  const error = el("p", { class: "error", id: `${id}-error`, role: "alert", hidden: true });
  const hint = block.hint ? el("p", { class: "hint", id: `${id}-hint` }, block.hint.text) : null;
  const label = el("label", { for: id }, block.label.text, block.optional ? el("small", {}, " (optional)") : null);
  made.focus.id = id;
  made.focus.dataset.block = block.block_id;
  made.node.setAttribute("aria-describedby", [hint && `${id}-hint`, `${id}-error`].filter(Boolean).join(" "));
  if (!block.optional) made.focus.setAttribute("aria-required", "true");
  if (made.node === made.focus) made.node.removeAttribute("aria-label"); // the label says it
  if (block.dispatch_action) made.node.addEventListener("change", () => place.choose(element, made.read()));
  fields.set(block.block_id, { ...made, error, mark: `${element.type}/${element.action_id}` });
  return el("div", { class: "field" }, label, made.node, hint, error);
}

function values() {
  return Object.fromEntries([...fields].map(([id, one]) => [id, one.read()]));
}

function showErrors({ errors, trouble }) {
  byId("modal-trouble").hidden = !trouble;
  byId("modal-trouble").textContent = trouble ?? "";
  for (const [id, { error, node }] of fields) {
    error.hidden = !(id in errors);
    if (error.textContent !== (errors[id] ?? "")) error.textContent = errors[id] ?? "";
    node.setAttribute("aria-invalid", String(id in errors));
  }
}

function focusFirst() {
  const wrong = [...fields.values()].find((one) => !one.error.hidden);
  const first = wrong ?? [...fields.values()][0];
  (first?.focus ?? byId("modal-leave")).focus();
}

async function send() {
  const button = byId("modal-submit");
  if (button.disabled) return;
  button.disabled = true;
  byId("modal").setAttribute("aria-busy", "true");
  const answer = await call("POST", "/act/slack/view/submit", { user_id: user, values: values() }).catch(() => null);
  button.disabled = false;
  byId("modal").removeAttribute("aria-busy");
  await refresh();
  const told = answer ? await answer.json() : null;
  if (told && (told.trouble || Object.keys(told.errors).length)) focusFirst();
}

function leave() {
  call("POST", "/act/slack/view/close", { user_id: user }).finally(refresh);
}
