// The strip at the bottom: every call that came or went.

import { byId, el, followingEnd, keyed } from "./dom.js";

const SHOWN = 80;

export function startTimeline(refresh) {
  byId("reads").addEventListener("change", refresh);
}

export function showTimeline(journal) {
  const reads = byId("reads").checked;
  const entries = journal.filter((entry) => reads || entry.method !== "GET" || entry.fault).slice(-SHOWN);
  followingEnd(byId("timeline"), () => {
    keyed(byId("timeline"), entries, (entry) => entry.number, () => el("li"), fillEntry);
  });
  if (!entries.length) byId("timeline").replaceChildren(el("li", { class: "none" }, "Nothing yet. Calls appear here as they happen."));
}

function fillEntry(row, entry) {
  const good = entry.status !== null && entry.status < 400;
  row.className = `${entry.vendor}${good ? "" : " bad"}${entry.fault ? " spoiled" : ""}`;
  const when = new Date(entry.at).toLocaleTimeString([], { hour12: false });
  const result = entry.status === null ? "no answer" : entry.status;
  row.replaceChildren(
    el("span", { class: "head" }, el("b", {}, entry.vendor), el("time", {}, when)),
    el("code", { title: `${entry.method} ${entry.path}` }, `${entry.method === "WEBHOOK" ? "→" : entry.method} ${shorter(entry.path)}`),
    el("span", { class: "foot" }, `${result} · ${entry.milliseconds} ms`, entry.fault ? el("i", {}, entry.fault.replace("_", " ")) : null));
}

function shorter(path) {
  return path.replace(/^\/api\/(v2\/)?/, "").replace(/\.json$/, "");
}
