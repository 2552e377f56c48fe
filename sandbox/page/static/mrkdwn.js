// Slack's mrkdwn as nodes: mentions, dates, links and the few marks it knows.

import { el } from "./dom.js";

const EMOJI = {
  white_check_mark: "✅", large_green_circle: "🟢", large_yellow_circle: "🟡", large_orange_circle: "🟠",
  red_circle: "🔴", large_red_circle: "🔴", large_blue_circle: "🔵", warning: "⚠️", hourglass: "⌛",
  hourglass_flowing_sand: "⏳", alarm_clock: "⏰", bell: "🔔", rotating_light: "🚨", ticket: "🎫", wave: "👋",
  eyes: "👀", tada: "🎉", link: "🔗", x: "❌", heavy_check_mark: "✔️", speech_balloon: "💬", bust_in_silhouette: "👤",
};
const TOKEN = /<([^<>\n]+)>|```([\s\S]+?)```|`([^`\n]+)`|(?<![\w*])\*([^*\n]+)\*(?![\w*])|(?<![\w_])_([^_\n]+)_(?![\w_])|(?<![\w~])~([^~\n]+)~(?![\w~])|:([a-z0-9_+-]+):/g;

/** Turn `text` into nodes; `names` has `users` and `groups`, id to name. */
export function mrkdwn(text, names) {
  return text.split("\n").flatMap((line, number) => {
    const quote = line.startsWith("&gt;");
    const nodes = spans(quote ? line.replace(/^&gt; ?/, "") : line, names);
    const shown = quote ? [el("blockquote", {}, ...nodes)] : nodes;
    return number === 0 || quote ? shown : [el("br"), ...shown];
  });
}

/** Slack draws emoji in plain text too. */
export function withEmoji(text) {
  return text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => EMOJI[name] ?? whole);
}

function spans(text, names) {
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(TOKEN)) {
    nodes.push(plain(text.slice(end, found.index)), mark(found, names));
    end = found.index + found[0].length;
  }
  nodes.push(plain(text.slice(end)));
  return nodes.filter((node) => node !== "");
}

function mark([whole, token, block, code, bold, italic, struck, emoji], names) {
  if (token !== undefined) return angle(token, names);
  if (block !== undefined) return el("pre", {}, plain(block));
  if (code !== undefined) return el("code", {}, plain(code));
  if (bold !== undefined) return el("strong", {}, ...spans(bold, names));
  if (italic !== undefined) return el("em", {}, ...spans(italic, names));
  if (struck !== undefined) return el("s", {}, ...spans(struck, names));
  return EMOJI[emoji] ?? whole;
}

function angle(token, names) {
  const [target, label] = token.split(/\|(.*)/s);
  if (target.startsWith("@")) return mention(names.users?.[target.slice(1)] ?? target.slice(1), names.users?.[target.slice(1)]);
  if (target.startsWith("!subteam^")) return mention(names.groups?.[target.slice(9)] ?? label ?? target.slice(9), true);
  if (target.startsWith("!date^")) return slackDate(target, label);
  if (target.startsWith("!")) return el("mark", { class: "loud" }, `@${target.slice(1)}`);
  if (target.startsWith("#")) return mention(label ?? target.slice(1), true, "#");
  if (/^https?:/.test(target)) {
    return el("a", { href: target, target: "_blank", rel: "noreferrer" }, plain(label ?? target));
  }
  return plain(label ?? target);
}

function mention(name, known, sign = "@") {
  return el("mark", { class: known ? "mention" : "mention unknown" }, sign + name.replace(/^[@#]/, ""));
}

function slackDate(target, fallback) {
  const [, seconds, pattern] = target.split("^");
  const moment = new Date(Number(seconds) * 1000);
  if (Number.isNaN(moment.getTime())) return plain(fallback ?? "");
  const told = { datetime: moment.toISOString(), title: moment.toLocaleString(), "data-pattern": pattern };
  return el("time", told, inPattern(pattern, moment));
}

function inPattern(pattern, moment) {
  return pattern.replace(/\{(\w+)\}/g, (whole, name) => dateFormats(moment)[name] ?? whole);
}

/** Words such as "today" and "4 minutes ago" grow old while nothing else changes. */
export function refreshDates() {
  for (const time of document.querySelectorAll("time[data-pattern]")) {
    const text = inPattern(time.dataset.pattern, new Date(time.dateTime));
    if (time.textContent !== text) time.textContent = text;
  }
}

function dateFormats(moment) {
  const date = (options) => moment.toLocaleDateString([], options);
  const time = (options) => moment.toLocaleTimeString([], options);
  const days = Math.round((new Date(moment).setHours(0, 0, 0, 0) - new Date().setHours(0, 0, 0, 0)) / 864e5);
  const near = { 0: "today", 1: "tomorrow", [-1]: "yesterday" }[days];
  const long = date({ weekday: "long", year: "numeric", month: "long", day: "numeric" });
  const short = date({ year: "numeric", month: "short", day: "numeric" });
  const middle = date({ year: "numeric", month: "long", day: "numeric" });
  return {
    date_num: moment.toISOString().slice(0, 10), date_slash: date(), date: middle, date_short: short, date_long: long,
    date_pretty: near ?? middle, date_short_pretty: near ?? short, date_long_pretty: near ?? long,
    time: time({ hour: "2-digit", minute: "2-digit" }), time_secs: time(), ago: ago(moment),
  };
}

function ago(moment) {
  const minutes = Math.round((moment - Date.now()) / 60000);
  return new Intl.RelativeTimeFormat([], { numeric: "auto" }).format(minutes, "minute");
}

function plain(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
