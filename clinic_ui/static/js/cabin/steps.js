// @ts-check
/**
 * On every screen of the cabin: no way back into a visit, sheets that open from links, ringing for help, printing,
 * and what is said when the network is away. Each works as a plain link or form too.
 * @module
 */

import { load } from "../fragment.js";
import { say } from "../page.js";
import { word } from "../words.js";
import { openLines } from "./lines.js";

const WITNESS_AFTER = 8000; // ms: the log is compared once the first screen stands, never before it

/** A screen that a form's answer drew gets the address of its question: « back » and « reload » never send it again. */
function plainAddress() {
  const at = document.querySelector("[data-at]");
  if (at instanceof HTMLElement && at.dataset.at) history.replaceState(null, "", at.dataset.at);
}

/** A screen kept aside by the browser may belong to the person before: ask the server which one to show. */
function neverFromMemory() {
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
}

function openSheets() {
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest("[data-opens]");
    if (!(link instanceof HTMLElement)) return;
    const sheet = document.getElementById(link.dataset.opens ?? "");
    if (!(sheet instanceof HTMLDialogElement)) return;
    event.preventDefault();
    sheet.showModal();
  });
}

/** Ring the reception, or say that it is good, without leaving the screen; while somebody is called, hear who comes. */
function ringForHelp() {
  const called = document.getElementById("called");
  if (!called) return;
  const hear = () => called.querySelector("[data-called]") && openLines();
  hear();
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.hasAttribute("data-ring")) return;
    event.preventDefault();
    const not = form.parentElement?.querySelector("[data-not-rung]");
    const fields = new URLSearchParams();
    for (const [name, value] of new FormData(form)) fields.append(name, String(value));
    try {
      await load(called, form.action, { method: "POST", body: fields });
      form.closest("dialog")?.close();
      if (not instanceof HTMLElement) not.hidden = true;
      hear();
    } catch {
      if (not instanceof HTMLElement) not.hidden = false;
      notice(true);
    }
  });
}

function printing() {
  for (const button of document.querySelectorAll("[data-print]")) {
    if (!(button instanceof HTMLElement)) continue;
    button.hidden = false;
    button.addEventListener("click", () => void printed());
  }
}

/** Print this screen, or the drawn pages that stand for it: they are fetched now, for a fetch is written down. */
async function printed() {
  const pages = /** @type {HTMLImageElement[]} */ ([...document.querySelectorAll("img[data-page]")]);
  for (const page of pages) page.src = page.dataset.page ?? "";
  const drawn = await Promise.allSettled(pages.map((page) => page.decode()));
  if (drawn.some((one) => one.status === "rejected")) return notice(true);
  print();
}

/** @type {HTMLElement | null} */
let shown = null;

/** Say on top of the screen that the network is away. @param {boolean} away */
function notice(away) {
  if (!away) {
    shown?.remove();
    shown = null;
    return;
  }
  if (shown) return;
  shown = document.createElement("p");
  shown.className = "banner banner--warn away";
  shown.setAttribute("role", "status");
  shown.textContent = word("away");
  document.getElementById("room")?.before(shown);
}

/** Without a network a form would lose the screen: it stays, with what was written. */
function withoutNetwork() {
  addEventListener("offline", () => notice(true));
  addEventListener("online", () => notice(false));
  if (!navigator.onLine) notice(true);
  const hold = (/** @type {Event} */ event) => {
    if (navigator.onLine) return;
    event.preventDefault();
    notice(true);
    shown?.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("submit", hold);
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest("a[href^='/']");
    if (link) hold(event);
  });
}

/** The first screen stays true: doctors come and go, the wait changes, the front office seats somebody. */
function homeStaysTrue() {
  if (!document.querySelector("tc-live.home")) return;
  openLines();
  setTimeout(async () => (await import("./witness.js")).keepWatch(), WITNESS_AFTER);
}

plainAddress();
neverFromMemory();
openSheets();
ringForHelp();
printing();
withoutNetwork();
homeStaysTrue();
