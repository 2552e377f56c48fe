// Asks for the state every second and lets each column show it.

import { call } from "./calls.js";
import { showChat, startChat } from "./chat.js";
import { byId } from "./dom.js";
import { showFaults, startFaults } from "./faults.js";
import { showHelpdesk, startHelpdesk } from "./helpdesk.js";
import { refreshDates } from "./mrkdwn.js";
import { showSlack, startSlack } from "./slack.js";
import { showTimeline, startTimeline } from "./timeline.js";

const EVERY_MS = 1000;
let asking = false;

async function refresh() {
  if (asking) return;
  asking = true;
  const state = await fetch("/state").then((answer) => (answer.ok ? answer.json() : null)).catch(() => null);
  asking = false;
  byId("bridge").className = state ? (state.bridge ? "link good" : "link waiting") : "link bad";
  byId("bridge").textContent = state
    ? (state.bridge ? `bridge at ${state.bridge}` : "no bridge connected yet")
    : "the sandbox does not answer";
  if (state) show(state);
}

function show(state) {
  showChat(state.bot);
  showSlack(state.slack);
  showHelpdesk(state);
  showTimeline(state.journal);
  showFaults(state.faults);
  refreshDates();
}

function closeMenusOutside(event) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (event.key === "Escape" || (event.type === "click" && !menu.contains(event.target))) menu.open = false;
  }
}

for (const start of [startChat, startSlack, startHelpdesk, startTimeline, startFaults]) start(refresh);
byId("reset").addEventListener("click", () => call("POST", "/reset").finally(refresh));
document.addEventListener("click", closeMenusOutside);
document.addEventListener("keydown", closeMenusOutside);
setInterval(() => { if (!document.hidden) refresh(); }, EVERY_MS);
refresh();
