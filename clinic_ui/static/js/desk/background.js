// @ts-check
/**
 * The sheet of allergies, conditions and medications: saved over the version that was seen; what somebody else saved
 * meanwhile is shown beside, and nothing is lost. « Versions » shows who changed what, and takes one into the form.
 * @module
 */

import { load } from "../fragment.js";
import { word } from "../words.js";
import { ask, Refused } from "./api.js";

const LISTS = /** @type {const} */ (["allergies", "conditions", "medications"]);

/** @param {HTMLFormElement} form */
function read(form) {
  const given = new FormData(form);
  const none = given.getAll("none");
  /** @param {string} name */
  const lines = (name) => String(given.get(name) ?? "").split("\n").map((line) => line.trim()).filter(Boolean);
  const lists = LISTS.map((name) => [name, lines(name).length || none.includes(name) ? lines(name) : null]);
  const pregnant = { yes: true, no: false }[String(given.get("pregnant"))] ?? null;
  return { ...Object.fromEntries(lists), pregnant, low_oxygen_target: given.has("low_oxygen_target") };
}

/** @param {HTMLFormElement} form @param {string} words */
function say(form, words) {
  const wrong = /** @type {HTMLElement} */ (form.querySelector("[data-wrong]"));
  wrong.textContent = words;
  wrong.hidden = !words;
}

/** Show what is saved beside what is typed; the next save goes over that version. @param {HTMLFormElement} form @param {string} path */
async function showTheirs(form, path) {
  const saved = await ask("GET", path);
  form.dataset.rowVer = String(saved.row_ver);
  /** @param {string} name @param {string} words */
  const show = (name, words) => {
    const place = /** @type {HTMLElement} */ (form.querySelector(`[data-theirs=${name}]`));
    place.hidden = false;
    place.querySelector("span")?.replaceChildren(words);
  };
  for (const name of LISTS) show(name, (saved.body[name] ?? []).join("\n") || word("nothing"));
  const answers = [...pregnantOf(form).options];
  show("pregnant", answers.find((one) => one.value === toAnswer(saved.body.pregnant))?.text ?? "");
  show("low_oxygen_target", answers.find((one) => one.value === toAnswer(Boolean(saved.body.low_oxygen_target)))?.text ?? "");
}

/** @param {boolean | null} said */
const toAnswer = (said) => (said === true ? "yes" : said === false ? "no" : "");

/** @param {HTMLFormElement} form */
const pregnantOf = (form) => /** @type {HTMLSelectElement} */ (form.elements.namedItem("pregnant"));

/** Put an earlier version into the form: it is saved like anything else that is typed. @param {HTMLFormElement} form @param {string} text */
function takeBack(form, text) {
  const body = JSON.parse(text);
  for (const name of LISTS) {
    /** @type {HTMLTextAreaElement} */ (form.elements.namedItem(name)).value = (body[name] ?? []).join("\n");
    const none = /** @type {HTMLInputElement} */ (form.querySelector(`input[name=none][value=${name}]`));
    none.checked = Array.isArray(body[name]) && !body[name].length;
  }
  pregnantOf(form).value = toAnswer(body.pregnant);
  /** @type {HTMLInputElement} */ (form.elements.namedItem("low_oxygen_target")).checked = Boolean(body.low_oxygen_target);
  form.querySelector("textarea")?.focus();
}

/** @param {HTMLFormElement} form */
async function save(form) {
  const path = `/api/patients/${form.dataset.background}/background`;
  say(form, "");
  try {
    await ask("PUT", path, { body: read(form), row_ver: Number(form.dataset.rowVer) });
    await load(/** @type {HTMLElement} */ (document.getElementById("background")), "/desk/background");
    await load(/** @type {HTMLElement} */ (document.getElementById("measures")), "/desk/measures");
  } catch (error) {
    const fields = error instanceof Refused ? Object.values(error.fields) : [];
    say(form, [error instanceof Refused ? error.message : word("failed"), ...fields].join(" "));
    if (error instanceof Refused && error.status === 409) await showTheirs(form, path);
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.dataset.background) return;
  event.preventDefault();
  void save(form);
});

document.addEventListener("click", (event) => {
  const pressed = event.target instanceof Element && event.target.closest("[data-sheet-versions], [data-sheet-back]");
  const form = pressed && pressed.closest("dialog")?.querySelector("form");
  if (!(pressed instanceof HTMLElement) || !form) return;
  if (pressed.dataset.sheetBack) return takeBack(form, pressed.dataset.sheetBack);
  const list = /** @type {HTMLElement} */ (document.getElementById("background-versions"));
  list.hidden = false;
  void load(list, "/desk/background/versions").then(() => list.scrollIntoView({ block: "start" }), () => say(form, word("failed")));
});

// « aucune connue » and words exclude each other: the last that was said holds
document.addEventListener("input", (event) => {
  const touched = event.target;
  if (!(touched instanceof HTMLTextAreaElement) || !touched.value || !touched.closest("[data-background]")) return;
  const none = touched.parentElement?.querySelector("input[name=none]");
  if (none instanceof HTMLInputElement) none.checked = false;
});
