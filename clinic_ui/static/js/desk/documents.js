// @ts-check
/**
 * The tab « Documents » of the desk: says that something came, gives a document to the patient, strikes one.
 * @module
 */

import { fetchFragment, place } from "../fragment.js";
import { say } from "../page.js";
import { word } from "../words.js";
import { ask } from "./api.js";

const SRC = "/desk/documents";
let known = -1; // how many there were when the visit was opened, or when the tab was last looked at
let counted = "";
let asked = 0;
let heard = 0; // the newest question that was answered: an answer that was overtaken says nothing new

const panel = () => document.getElementById("panel-documents");
const workbench = /** @type {HTMLElement} */ (document.getElementById("workbench"));

/** Something of the visit moved: is there another document? @param {string} encounter */
export async function lookForDocuments(encounter) {
  if (encounter !== counted) known = -1;
  counted = encounter;
  const mine = (asked += 1);
  const { count } = await ask("GET", `/api/encounters/${encounter}/documents`).catch(() => ({ count: known }));
  if (encounter !== counted || mine < heard) return;
  heard = mine;
  if (count === known) return;
  const more = known >= 0 && count > known;
  known = count;
  tell(count, more);
  if (panel()?.childElementCount) await again();
}

/** @param {number} count @param {boolean} more */
function tell(count, more) {
  const tab = document.getElementById("tab-documents");
  if (!tab) return;
  tab.querySelector(".count")?.remove();
  if (count > 0) {
    const number = document.createElement("span");
    number.className = "count num";
    number.textContent = String(count);
    tab.append(" ", number);
  }
  if (more) say(word("documentCame"));
}

/** Fetch the tab again; what is being sent or written there stays. */
async function again() {
  const here = panel();
  const text = await fetchFragment(SRC).catch(() => null);
  if (!here || text === null) return;
  const lines = here.querySelector("[data-sending]");
  const title = here.querySelector("[data-title]");
  place(here, text);
  if (lines?.childElementCount) here.querySelector("[data-sending]")?.replaceWith(lines);
  const typed = here.querySelector("[data-title]");
  if (title instanceof HTMLInputElement && typed instanceof HTMLInputElement) typed.value = title.value;
}

document.addEventListener("sent", () => void lookForDocuments(workbench.dataset.encounter || counted));
document.addEventListener("click", (event) => {
  const pressed = event.target instanceof Element ? event.target.closest("button") : null;
  if (!(pressed instanceof HTMLButtonElement)) return;
  if (pressed.dataset.give) void give(pressed, pressed.dataset.give);
  if (pressed.dataset.strike) void strike(pressed, pressed.dataset.strike);
});

/** @param {HTMLButtonElement} pressed @param {string} id */
async function give(pressed, id) {
  const given = pressed.getAttribute("aria-pressed") !== "true";
  const encounter = panel()?.querySelector("[data-encounter]")?.getAttribute("data-encounter");
  await act(pressed, `/api/documents/${id}/give`, { encounter_id: encounter, given });
}

/** @param {HTMLButtonElement} pressed @param {string} id */
async function strike(pressed, id) {
  await act(pressed, `/api/documents/${id}/strike`, { reason: pressed.dataset.reason });
}

/** @param {HTMLButtonElement} pressed @param {string} path @param {object} body */
async function act(pressed, path, body) {
  pressed.disabled = true;
  try {
    await ask("POST", path, body);
  } catch (error) {
    say(error instanceof Error && "code" in error ? error.message : word("failed"));
  }
  pressed.disabled = false;
  await again();
}
