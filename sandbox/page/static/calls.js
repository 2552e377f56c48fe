// Calls to the sandbox's own server. Trouble is shown for a while and thrown on.

import { byId } from "./dom.js";

let hiding;

export function trouble(text) {
  const place = byId("trouble");
  place.textContent = text;
  place.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { place.hidden = true; }, 8000);
}

export async function call(method, path, body) {
  const options = { method };
  if (body !== undefined) {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(path, options).catch(() => null);
  if (answer?.ok) return answer;
  const text = answer ? (await answer.text()).slice(0, 300) : "the sandbox does not answer";
  trouble(text);
  throw new Error(text);
}
