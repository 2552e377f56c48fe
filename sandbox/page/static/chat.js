// The customer's phone.

import { call } from "./calls.js";
import { byId, clockTime, el, followingEnd, keyed, options } from "./dom.js";

const SENDER = { bot: "Bot", notice: "Bot", person: "A person" };
let current = null;
let newest = null;

export function showChat(bot) {
  const talks = bot.conversations;
  byId("conversation-pick").hidden = talks.length < 2;
  options(byId("conversation"), talks.map((talk) => [talk.id, `${talk.customer ?? talk.id} · ${talk.state}`]));
  follow(talks.at(-1)?.id ?? null);
  const talk = talks.find((known) => known.id === byId("conversation").value);
  current = talk?.id ?? null;
  byId("chat-empty").hidden = Boolean(talk);
  byId("chat").hidden = byId("say").hidden = byId("chat-who").hidden = !talk;
  byId("example").hidden = !bot.connected;
  byId("another").hidden = !bot.connected || !talk;
  byId("chat-hint").textContent = bot.connected
    ? "Press the button, or let a bot POST to /v1/handoffs."
    : "Start the bridge with the settings that the sandbox printed, then let a bot POST to /v1/handoffs.";
  byId("chat-name").textContent = talk?.customer ?? talk?.id ?? "";
  byId("chat-state").textContent = talk ? `${talk.channel} · ${talk.state}` : "";
  showLines(talk?.lines ?? []);
}

/** A new conversation comes to the front; until then the reader's choice stands. */
function follow(last) {
  if (last === newest) return;
  newest = last;
  if (last !== null && byId("say-text").value === "") byId("conversation").value = last;
}

function showLines(lines) {
  const numbered = lines.map((line, number) => ({ ...line, number }));
  followingEnd(byId("chat"), () => {
    keyed(byId("chat"), numbered, (line) => `${current}/${line.number}`, () => el("li"), fillLine);
  });
}

function fillLine(row, line) {
  row.className = `line ${line.side}`;
  const sender = line.name ?? SENDER[line.side];
  row.replaceChildren(
    ...[
      sender && el("span", { class: "from" }, sender),
      el("p", { class: "bubble", dir: "auto" }, line.text),
      el("span", { class: "when" }, line.undelivered ? "not delivered to the bridge" : clockTime(line.at)),
    ].filter(Boolean),
  );
}

export function startChat(refresh) {
  byId("say").addEventListener("submit", async (event) => {
    event.preventDefault();
    const input = byId("say-text");
    const text = input.value.trim();
    if (!text || current === null) return;
    input.value = "";
    await call("POST", "/act/say", { conversation_id: current, text }).finally(refresh);
  });
  for (const button of [byId("example"), byId("another")]) {
    button.addEventListener("click", () => call("POST", "/act/example").finally(refresh));
  }
  byId("conversation").addEventListener("change", refresh);
}
