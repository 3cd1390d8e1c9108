// @ts-check
/**
 * What an author adds to a signed note, or the reason for which it was an error: sent, then shown anew as the server has it.
 * @module
 */

import { load } from "../fragment.js";
import { word } from "../words.js";
import { ask, Refused } from "./api.js";

/** @param {HTMLFormElement} form */
async function correct(form) {
  const { amend, strike, cancel, replace } = form.dataset;
  const given = new FormData(form);
  const button = form.querySelector("button");
  const wrong = /** @type {HTMLElement} */ (form.querySelector(".wrong"));
  wrong.hidden = true;
  if (button) button.disabled = true;
  try {
    if (amend) await ask("POST", `/api/encounters/${amend}/note/addenda`, { words: given.get("words") });
    else if (cancel) await ask("POST", `/api/prescriptions/${cancel}/cancel`, { reason: given.get("reason") });
    else if (replace) {
      const { encounter_id } = await ask("POST", `/api/prescriptions/${replace}/replace`, {});
      return location.assign(`/desk/visits/${encounter_id}/prescription`);
    } else await ask("POST", `/api/encounters/${strike}/note/strike`, { reason: given.get("reason") });
    const panel = /** @type {HTMLElement | null} */ (form.closest("[data-src]"));
    if (panel) await load(panel, panel.dataset.src ?? "");
    else location.reload();
  } catch (error) {
    const fields = error instanceof Refused ? Object.values(error.fields) : [];
    wrong.textContent = [error instanceof Refused ? error.message : word("failed"), ...fields].join(" ");
    wrong.hidden = false;
    if (button) button.disabled = false;
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !["amend", "strike", "cancel", "replace"].some((one) => form.dataset[one])) return;
  event.preventDefault();
  void correct(form);
});
