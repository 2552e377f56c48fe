// Slack's confirm dialog: asks once more before something is done.

import { byId } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";

/** Ask and resolve to whether the person said yes; Esc is no. */
export function sure(confirm, names) {
  const dialog = byId("sure");
  byId("sure-title").textContent = confirm.title.text;
  byId("sure-text").replaceChildren(...(confirm.text.type === "plain_text" ? [confirm.text.text] : mrkdwn(confirm.text.text, names)));
  byId("sure-no").textContent = confirm.deny.text;
  byId("sure-yes").textContent = confirm.confirm.text;
  byId("sure-yes").className = confirm.style === "danger" ? "danger" : "primary";
  return new Promise((resolve) => {
    dialog.returnValue = "";
    byId("sure-no").onclick = () => dialog.close("no");
    byId("sure-yes").onclick = () => dialog.close("yes");
    dialog.onclose = () => resolve(dialog.returnValue === "yes");
    dialog.showModal();
  });
}
