// Writing in Slack: messages, answers in threads, commands, and shortcuts.

import { call } from "./calls.js";
import { byId, el, options } from "./dom.js";

let refresh = () => {};

export function startWriting(refreshPage) {
  refresh = refreshPage;
  byId("write").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = byId("write-text").value.trim();
    if (!text) return;
    byId("write-text").value = "";
    (text.startsWith("/") ? command(text) : write(byId("write-where").value, text)).finally(refresh);
  });
}

export function showWriting(slack, userId) {
  const mine = slack.channels.filter((one) => !one.archived && !one.im_with && one.members.includes(userId));
  const direct = slack.channels.find((one) => one.im_with === userId)?.id ?? userId;
  options(byId("write-where"), [
    ...mine.map((one) => [one.id, `# ${one.name}`]),
    [direct, `${slack.users[slack.app_user] ?? "The app"} (direct)`],
  ]);
  options(byId("commands"), slack.commands.map((one) => [`${one.name} ${one.hint}`.trim(), one.description]));
  const everywhere = slack.shortcuts.filter((one) => !one.on_messages);
  byId("shortcuts").hidden = !everywhere.length;
  const told = JSON.stringify(everywhere);
  if (byId("shortcut-list").told === told) return;
  byId("shortcut-list").told = told;
  byId("shortcut-list").replaceChildren(...everywhere.map((one) => shortcutButton(one, () => ({}), "plain")));
}

/** The row of small things one can do with a post: answer in its thread, use a shortcut on it. */
export function tools(shortcuts, post) {
  const reply = el("button", { type: "button", class: "small", "aria-expanded": "false" }, "Reply");
  const form = replyForm(post);
  reply.addEventListener("click", () => {
    form.hidden = !form.hidden;
    reply.setAttribute("aria-expanded", String(!form.hidden));
    if (!form.hidden) form.elements[0].focus();
  });
  const on = shortcuts.filter((one) => one.on_messages);
  const place = () => ({ channel: post().channel, ts: post().ts });
  return el("div", { class: "tools" }, reply, ...on.map((one) => shortcutButton(one, place, "small")), form);
}

function replyForm(post) {
  const input = el("input", { autocomplete: "off", maxlength: 4000, "aria-label": "Reply in the thread" });
  const form = el("form", { class: "thread-reply", hidden: true }, input, el("button", { class: "primary" }, "Send"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (!text) return;
    input.value = "";
    write(post().channel, text, post().ts).finally(refresh);
  });
  return form;
}

function shortcutButton(shortcut, place, kind) {
  const button = el("button", { type: "button", class: kind }, shortcut.name);
  button.addEventListener("click", () => {
    byId("shortcuts").open = false;
    const told = { user_id: byId("presser").value, callback_id: shortcut.callback_id, ...place() };
    call("POST", "/act/slack/shortcut", told).finally(refresh);
  });
  return button;
}

function write(channel, text, thread_ts = null) {
  return call("POST", "/act/slack/write", { user_id: byId("presser").value, channel, text, thread_ts });
}

function command(text) {
  const [name, ...rest] = text.split(" ");
  const told = { user_id: byId("presser").value, channel: byId("write-where").value, command: name, text: rest.join(" ").trim() };
  return call("POST", "/act/slack/command", told);
}
