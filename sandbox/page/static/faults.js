// The panel that lets the next calls go wrong.

import { call } from "./calls.js";
import { byId, el } from "./dom.js";

export function startFaults(refresh) {
  const form = byId("fault-form");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const told = Object.fromEntries(new FormData(form));
    const fault = { ...told, times: Number(told.times), status: Number(told.status), seconds: Number(told.seconds) };
    await call("POST", "/faults", { ...fault, retry_after: told.retry_after || null });
    refresh();
  });
  byId("faults-clear").addEventListener("click", () => call("DELETE", "/faults").then(refresh));
}

export function showFaults(faults) {
  byId("faults-left").hidden = !faults.length;
  byId("faults-left").textContent = faults.length;
  byId("faults-list").replaceChildren(...faults.map((fault) =>
    el("li", {}, el("b", {}, fault.action.replace("_", " ")), ` ${fault.left}× ${fault.vendor} `, el("code", {}, fault.call))));
}
