// The Slack column: channels, messages with their blocks, threads, and buttons one may press.

import { call } from "./calls.js";
import { byId, clockTime, el, initials, keyed, options } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";

const BRIDGE_USER = "U0BRIDGE"; // the bridge's own user presses nothing
let names = {};
let refresh = () => {};

export function startSlack(refreshPage) {
  refresh = refreshPage;
}

export function showSlack(slack) {
  names = { users: slack.users, groups: slack.groups };
  options(byId("presser"), Object.entries(slack.users).filter(([id]) => id !== BRIDGE_USER));
  const busy = slack.channels.filter((channel) => talks(channel));
  const quiet = slack.channels.filter((channel) => !talks(channel));
  byId("slack-empty").hidden = busy.length > 0;
  byId("channels").hidden = !busy.length;
  byId("quiet").hidden = !quiet.length;
  byId("quiet").textContent = `Quiet: ${quiet.map(nameOf).join(", ")}`;
  keyed(byId("channels"), busy, (channel) => channel.id, makeChannel, fillChannel);
}

function talks(channel) {
  return channel.messages.length > 0 || channel.whispers?.length > 0;
}

function makeChannel() {
  return el("section", { class: "channel" }, el("h3"), el("ol", { class: "whispers" }), el("ol", { class: "messages" }));
}

function fillChannel(place, channel) {
  const [title, whispers, messages] = place.children;
  title.textContent = nameOf(channel);
  whispers.replaceChildren(...(channel.whispers ?? []).slice(-3).map(whisper));
  const posts = [...channel.messages].reverse().map((post) => ({ ...post, channel: channel.id }));
  keyed(messages, posts, (post) => post.ts, makePost, fillPost);
}

function nameOf(channel) {
  if (channel.id.startsWith("D")) return `${channel.name} (direct message)`;
  return `# ${channel.name}${channel.archived ? " (archived)" : ""}`;
}

function whisper(post) {
  const who = names.users[post.user] ?? post.user;
  return el("li", { class: "context" }, `Only ${who} sees: `, ...mrkdwn(post.text, names));
}

function makePost() {
  return el("li", { class: "post" }, el("div", { class: "message" }), el("ol", { class: "thread" }));
}

function fillPost(row, post) {
  keepingFocus(row, () => row.children[0].replaceChildren(...message(post)));
  const replies = post.replies.map((reply) => ({ ...reply, channel: post.channel }));
  row.children[1].replaceChildren(...replies.map((reply) => el("li", { class: "message" }, ...message(reply))));
}

/** Filling a message anew must not take the focus off its button. */
function keepingFocus(row, fill) {
  const focused = row.contains(document.activeElement) ? document.activeElement.dataset.action : undefined;
  fill();
  if (focused) row.querySelector(`[data-action="${CSS.escape(focused)}"]`)?.focus();
}

function message(post) {
  const when = clockTime(Number(post.ts) * 1000);
  const body = post.blocks?.length ? post.blocks.map((block) => blockNode(block, post)) : [paragraph(post.text)];
  return [
    el("span", { class: "face", "aria-hidden": "true" }, initials(post.author)),
    el("div", { class: "said" },
      el("p", { class: "by" }, el("b", {}, post.author), el("time", {}, when), post.edited ? el("i", {}, "edited") : null),
      ...body,
      post.told?.length ? el("p", { class: "told" }, `notifies ${post.told.join(", ")}`) : null),
  ];
}

function paragraph(text) {
  return el("p", { dir: "auto" }, ...mrkdwn(text ?? "", names));
}

function words(object) {
  return object?.type === "plain_text" ? [object.text] : mrkdwn(object?.text ?? "", names);
}

function blockNode(block, post) {
  switch (block.type) {
    case "header": return el("h4", { dir: "auto" }, ...words(block.text));
    case "section": return section(block, post);
    case "context": return el("p", { class: "context", dir: "auto" }, ...block.elements.flatMap(contextPart));
    case "actions": return el("div", { class: "actions" }, ...block.elements.map((one) => control(one, post)));
    case "divider": return el("hr");
    case "markdown": return el("p", { dir: "auto", class: "prose" }, block.text);
    default: return el("p", { class: "context" }, `(${block.type})`);
  }
}

function section(block, post) {
  const fields = (block.fields ?? []).map((field) => el("p", { dir: "auto" }, ...words(field)));
  return el("div", { class: "section" },
    block.text ? el("p", { dir: "auto" }, ...words(block.text)) : null,
    fields.length ? el("div", { class: "fields" }, ...fields) : null,
    block.accessory ? control(block.accessory, post) : null);
}

function contextPart(part, number) {
  const shown = part.type === "image" ? [part.alt_text ?? ""] : words(part);
  return number ? [el("span", { class: "dot" }, " · "), ...shown] : shown;
}

function control(element, post) {
  if (element.type !== "button") return el("span", { class: "context" }, `(${element.type})`);
  const kind = element.style ?? "";
  if (element.url) {
    const safe = /^https?:/.test(element.url) ? element.url : null;
    return el("a", { class: `button ${kind}`, href: safe, target: "_blank", rel: "noreferrer" }, element.text.text);
  }
  const button = el("button", { type: "button", class: kind, "data-action": element.action_id }, element.text.text);
  button.addEventListener("click", () => press(button, element, post));
  return button;
}

async function press(button, element, post) {
  const user_id = byId("presser").value;
  button.classList.add("pressed");
  await call("POST", "/act/press", { channel: post.channel, ts: post.ts, action_id: element.action_id, user_id })
    .finally(() => setTimeout(() => button.classList.remove("pressed"), 600));
  refresh();
}
