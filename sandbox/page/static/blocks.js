// Slack's blocks as nodes. A `place` says what the blocks stand in: `names`, and `press` and `choose` for what one does.

import { control } from "./controls.js";
import { el } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";

export function words(object, names) {
  return object?.type === "plain_text" ? [object.text] : mrkdwn(object?.text ?? "", names);
}

/** Turn one block into a node; `place.input(block)` makes input blocks where there are any. */
export function blockNode(block, place) {
  switch (block.type) {
    case "header": return el("h4", { dir: "auto" }, ...words(block.text, place.names));
    case "section": return section(block, place);
    case "context": return el("p", { class: "context", dir: "auto" }, ...block.elements.flatMap((part, number) => contextPart(part, number, place)));
    case "actions": return el("div", { class: "actions" }, ...block.elements.map((one) => control(one, block, place)));
    case "divider": return el("hr");
    case "markdown": return el("p", { dir: "auto", class: "prose" }, block.text);
    case "image": return el("p", { class: "context", dir: "auto" }, block.alt_text ?? "(image)");
    case "input": return place.input ? place.input(block) : el("p", { class: "context" }, "(input)");
    default: return el("p", { class: "context" }, `(${block.type})`);
  }
}

function section(block, place) {
  const fields = (block.fields ?? []).map((field) => el("p", { dir: "auto" }, ...words(field, place.names)));
  const text = el("div", { class: "section" },
    block.text ? el("p", { dir: "auto" }, ...words(block.text, place.names)) : null,
    fields.length ? el("div", { class: "fields" }, ...fields) : null);
  if (!block.accessory) return text;
  return el("div", { class: "beside" }, text, control(block.accessory, block, place));
}

function contextPart(part, number, place) {
  const shown = part.type === "image" ? [part.alt_text ?? ""] : words(part, place.names);
  return number ? [el("span", { class: "dot" }, " · "), ...shown] : shown;
}
