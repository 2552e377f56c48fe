// The Slack column: channels, messages with their blocks, threads, and everything one may do as any of the users.

import { blockNode } from "./blocks.js";
import { call } from "./calls.js";
import { byId, clockTime, el, initials, keyed, options } from "./dom.js";
import { showHome, startHome } from "./home.js";
import { showModal, startModal } from "./modal.js";
import { mrkdwn } from "./mrkdwn.js";
import { showWriting, startWriting, tools } from "./writing.js";

const SOON_MS = [250, 700]; // what one does comes back by way of the bridge
const TROUBLE_MS = 20000;
let names = {};
let people = {};
let shortcuts = [];
let refresh = () => {};

export function startSlack(refreshPage) {
  refresh = () => {
    for (const wait of SOON_MS) setTimeout(refreshPage, wait);
    return refreshPage();
  };
  byId("presser").addEventListener("change", refresh);
  for (const start of [startHome, startModal, startWriting]) start(refresh);
}

export function showSlack(slack) {
  names = { users: slack.users, groups: slack.groups };
  people = Object.fromEntries(Object.entries(slack.users).filter(([id]) => id !== slack.app_user));
  shortcuts = slack.shortcuts;
  options(byId("presser"), Object.entries(people));
  const busy = slack.channels.filter((channel) => talks(channel));
  const quiet = slack.channels.filter((channel) => !talks(channel));
  byId("slack-empty").hidden = busy.length > 0;
  byId("channels").hidden = !busy.length;
  byId("quiet").hidden = !quiet.length;
  byId("quiet").textContent = `Quiet: ${quiet.map(nameOf).join(", ")}`;
  keyed(byId("channels"), busy, (channel) => channel.id, makeChannel, fillChannel);
  const user = byId("presser").value;
  showWriting(slack, user);
  showHome(slack, user, { names, people });
  showModal(slack.modals[user], user, { names, people });
  showTrouble(slack.troubles, user);
}

function talks(channel) {
  return channel.messages.length > 0 || channel.whispers?.length > 0;
}

function showTrouble(troubles, user) {
  const last = troubles.filter((one) => one.user_id === user && Date.now() - one.at * 1000 < TROUBLE_MS).at(-1);
  byId("slack-trouble").hidden = !last;
  if (last && byId("slack-trouble").textContent !== last.text) byId("slack-trouble").textContent = last.text;
}

function makeChannel() {
  return el("section", { class: "channel" }, el("h3"), el("ol", { class: "whispers" }), el("ol", { class: "messages" }));
}

function fillChannel(place, channel) {
  const [title, whispers, messages] = place.children;
  title.textContent = nameOf(channel);
  const said = (channel.whispers ?? []).slice(-3).map((one) => ({ ...one, channel: channel.id }));
  keyed(whispers, said, (one) => one.ts, () => el("li"), fillWhisper);
  const posts = [...channel.messages].reverse().map((post) => ({ ...post, channel: channel.id }));
  keyed(messages, posts, (post) => post.ts, makePost, fillPost);
}

function nameOf(channel) {
  if (channel.id.startsWith("D")) return `${channel.name} (direct message)`;
  return `# ${channel.name}${channel.archived ? " (archived)" : ""}`;
}

/** Only one user sees it, so what is pressed in it is pressed as that user. */
function fillWhisper(row, post) {
  const body = post.blocks?.length ? blocks(post, () => post.user) : [paragraph(post.text)];
  row.replaceChildren(el("p", { class: "context" }, `Only ${names.users[post.user] ?? post.user} sees this`), ...body);
}

function makePost() {
  const row = el("li", { class: "post" }, el("div", { class: "message" }), el("ol", { class: "thread" }));
  row.append(tools(shortcuts, () => row.post));
  return row;
}

function fillPost(row, post) {
  row.post = post;
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
  const body = post.blocks?.length ? blocks(post, () => byId("presser").value) : [paragraph(post.text)];
  return [
    el("span", { class: "face", "aria-hidden": "true" }, initials(post.author)),
    el("div", { class: "said" },
      el("p", { class: "by" }, el("b", {}, post.author), el("time", {}, when), post.edited ? el("i", {}, "edited") : null),
      ...body,
      ...Object.values(post.unfurls ?? {}).map((shown) => unfurl(shown, post)),
      post.told?.length ? el("p", { class: "told" }, `notifies ${post.told.join(", ")}`) : null),
  ];
}

function unfurl(shown, post) {
  return el("div", { class: "unfurl" }, ...blocks({ ...post, blocks: shown.blocks ?? [] }, () => byId("presser").value));
}

function paragraph(text) {
  return el("p", { dir: "auto" }, ...mrkdwn(text ?? "", names));
}

function blocks(post, actor) {
  const act = (path, element, value) => {
    const told = { channel: post.channel, ts: post.ts, action_id: element.action_id, user_id: actor(), value };
    return call("POST", path, told).finally(refresh);
  };
  const place = {
    names,
    people,
    press: (element) => act("/act/press", element, element.value),
    choose: (element, value) => act("/act/slack/choose", element, value),
  };
  return post.blocks.map((block) => blockNode(block, place));
}
