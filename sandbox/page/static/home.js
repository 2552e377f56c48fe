// The two tabs of the Slack column, and the app's home as the chosen user sees it.

import { blockNode } from "./blocks.js";
import { call } from "./calls.js";
import { inputNode } from "./controls.js";
import { byId, el } from "./dom.js";

let shown = null;
let refresh = () => {};

export function startHome(refreshPage) {
  refresh = refreshPage;
  const tabs = [byId("tab-talk"), byId("tab-home")];
  for (const tab of tabs) {
    tab.addEventListener("click", () => turnTo(tab, tabs));
    tab.addEventListener("keydown", (event) => {
      if (event.key === "ArrowRight" || event.key === "ArrowLeft") turnTo(tabs.find((one) => one !== tab), tabs, true);
    });
  }
  byId("presser").addEventListener("change", () => { if (isOpen()) visit(); });
}

export function showHome(slack, userId, surroundings) {
  const home = slack.homes[userId] ?? null;
  const version = JSON.stringify([userId, home]);
  if (shown === version) return;
  shown = version;
  byId("home").replaceChildren(...(home ? nodes(home, userId, surroundings) : [empty(userId, surroundings)]));
}

function nodes(home, userId, surroundings) {
  const states = Object.assign({}, ...Object.values(home.state.values));
  const act = (path, element, value) =>
    call("POST", `/act/slack/view/${path}`, { user_id: userId, action_id: element.action_id, value, home: true }).finally(refresh);
  const place = {
    ...surroundings,
    press: (element) => act("press", element, element.value),
    choose: (element, value) => act("choose", element, value),
    state: (element) => states[element.action_id],
  };
  place.input = (block) => input(block, place);
  return home.blocks.map((block) => blockNode(block, place));
}

function input(block, place) {
  const made = inputNode(block.element, place, block.label.text);
  if (made === null) return el("p", { class: "context" }, `(${block.element.type})`);
  made.node.addEventListener("change", () => place.choose(block.element, made.read()));
  return el("label", { class: "field" }, block.label.text, made.node);
}

function empty(userId, surroundings) {
  return el("p", { class: "empty" }, `The app has shown ${surroundings.names.users[userId] ?? "this user"} no home tab yet.`);
}

function turnTo(tab, tabs, withFocus = false) {
  for (const one of tabs) {
    one.setAttribute("aria-selected", String(one === tab));
    one.tabIndex = one === tab ? 0 : -1;
    byId(one.getAttribute("aria-controls")).hidden = one !== tab;
  }
  if (withFocus) tab.focus();
  visit();
}

function isOpen() {
  return byId("tab-home").getAttribute("aria-selected") === "true";
}

function visit() {
  call("POST", "/act/slack/home", { user_id: byId("presser").value, tab: isOpen() ? "home" : "messages" }).finally(refresh);
}
