// The helpdesk column: tickets, their comments, and a place to answer from.

import { call } from "./calls.js";
import { byId, clockTime, el, initials, keyed, options } from "./dom.js";

const DESKS = { zendesk: "Zendesk", freshdesk: "Freshdesk" };
let agents = [];
let chosen = null;
let refresh = () => {};

export function startHelpdesk(refreshPage) {
  refresh = refreshPage;
  const choices = Object.entries(DESKS).map(([key, label]) => {
    const radio = el("input", { type: "radio", name: "vendor", value: key });
    radio.addEventListener("change", () => { chosen = key; refresh(); });
    return el("label", {}, radio, label, el("b", { class: "count", hidden: true }));
  });
  byId("vendor").append(...choices);
}

export function showHelpdesk(state) {
  const shown = chosen ?? Object.keys(DESKS).find((key) => state[key]?.tickets.length) ?? "zendesk";
  for (const label of byId("vendor").querySelectorAll("label")) {
    const radio = label.querySelector("input");
    const tickets = state[radio.value]?.tickets.length ?? 0;
    radio.checked = radio.value === shown;
    label.querySelector("b").hidden = !tickets;
    label.querySelector("b").textContent = tickets;
  }
  showTickets(shown, state[shown] ?? { agents: [], tickets: [] });
}

function showTickets(vendor, desk) {
  agents = desk.agents.map((agent) => [String(agent.id), agent.name]);
  byId("desk-empty").hidden = desk.tickets.length > 0;
  byId("tickets").hidden = !desk.tickets.length;
  byId("desk-empty").textContent = `No tickets at ${DESKS[vendor]}. A handoff opens one; answer it here as the agent would.`;
  const tickets = desk.tickets.map((ticket, place) => ({ ...ticket, vendor, first: place === 0 }));
  keyed(byId("tickets"), tickets, (ticket) => `${vendor}/${ticket.id}`, makeTicket, fillTicket);
}

function makeTicket(ticket) {
  return el("details", { class: "ticket", open: ticket.first },
    el("summary"), el("div", { class: "facts" }), el("ol", { class: "comments" }), replyForm(ticket));
}

function fillTicket(place, ticket) {
  const [summary, facts, comments, form] = place.children;
  summary.replaceChildren(
    el("span", { class: "number" }, `#${ticket.id}`), el("span", { class: "subject", dir: "auto" }, ticket.subject),
    ticket.priority ? el("span", { class: `chip ${ticket.priority}` }, ticket.priority) : null,
    el("span", { class: `chip ${ticket.status}` }, ticket.status));
  facts.replaceChildren(...factNodes(ticket));
  keyed(comments, ticket.comments, (comment) => comment.id, () => el("li"), fillComment);
  options(form.querySelector("select"), agents);
  const assignee = agents.find(([, name]) => name === ticket.assignee);
  if (assignee && !form.dataset.chosen) form.querySelector("select").value = assignee[0];
}

function factNodes(ticket) {
  const facts = [["Requester", ticket.requester], ["Group", ticket.group], ["Assignee", ticket.assignee]];
  const fields = Object.entries(ticket.fields ?? {}).filter(([, value]) => value !== null && value !== "");
  return [
    el("dl", {}, ...facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value ?? "nobody yet")))),
    ticket.tags.length ? el("p", { class: "tags" }, ...ticket.tags.map((tag) => el("span", { class: "tag" }, tag))) : null,
    fields.length ? el("dl", { class: "fields" }, ...fields.map(([name, value]) =>
      el("div", {}, el("dt", {}, name), el("dd", { dir: "auto" }, String(value))))) : null,
  ].filter(Boolean);
}

function fillComment(row, comment) {
  row.className = `comment ${comment.role}${comment.public ? "" : " private"}`;
  row.replaceChildren(
    el("span", { class: "face", "aria-hidden": "true" }, initials(comment.author)),
    el("div", { class: "said" },
      el("p", { class: "by" }, el("b", {}, comment.author), el("time", {}, clockTime(comment.at)),
        el("span", { class: "chip" }, comment.public ? "public" : "private note")),
      el("p", { class: "prose", dir: "auto" }, comment.text)));
}

function replyForm(ticket) {
  const name = `public-${ticket.vendor}-${ticket.id}`;
  const select = el("select", { name: "agent" });
  const text = el("textarea", { name: "text", rows: 2, required: true, placeholder: "Write to the customer" });
  const choice = (value, label, checked) =>
    el("label", {}, el("input", { type: "radio", name, value, checked }), label);
  const form = el("form", { class: "reply" },
    el("div", { class: "row" },
      el("label", {}, "Answer as ", select),
      el("fieldset", { class: "switch" }, el("legend", { class: "unseen" }, "Who can read it"),
        choice("yes", "public", true), choice("no", "private", false))),
    el("label", { class: "grow" }, el("span", { class: "unseen" }, "Text"), text),
    el("button", { class: "primary" }, "Send"));
  const isPublic = () => form.querySelector(`input[name="${name}"]:checked`).value === "yes";
  select.addEventListener("change", () => { form.dataset.chosen = "yes"; });
  form.addEventListener("change", () => {
    form.classList.toggle("private", !isPublic());
    text.placeholder = isPublic() ? "Write to the customer" : "A note for colleagues";
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = { vendor: ticket.vendor, ticket_id: String(ticket.id), agent_id: select.value, text: text.value, public: isPublic() };
    await call("POST", "/act/reply", body);
    text.value = "";
    refresh();
  });
  return form;
}
