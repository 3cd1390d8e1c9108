// @ts-check
/**
 * The front office: its one socket, the emergency sheet on a grave sign, printing, and no form lost without network.
 * @module
 */

import { follow } from "./live.js";
import { Signal } from "./signal.js";
import { word } from "./words.js";

/** A ticket for this page's one socket. @returns {Promise<string>} */
async function lineTicket() {
  const answer = await fetch("/api/line-ticket", { method: "POST", headers: { "X-TC": "office" }, cache: "no-store" });
  if (!answer.ok) throw new Error(`no ticket: ${answer.status}`);
  return (await answer.json()).ticket;
}

/** Only pages with a living part listen; a form that is being filled in is never touched. */
function listen() {
  if (!document.querySelector("tc-live")) return;
  const signal = new Signal({ fetchTicket: lineTicket });
  follow(signal);
  addEventListener("pagehide", () => signal.close());
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  signal.open();
}

/** Say at the top of the page that the network is away; gone when it is back. @param {string} [words] */
function sayAway(words = word("away")) {
  const known = document.getElementById("away");
  if (known) {
    known.textContent = words;
    return;
  }
  const bar = document.createElement("p");
  bar.id = "away";
  bar.className = "away";
  bar.setAttribute("role", "alert");
  bar.textContent = words;
  document.getElementById("page")?.prepend(bar);
}

function watchNetwork() {
  addEventListener("offline", () => sayAway());
  addEventListener("online", () => document.getElementById("away")?.remove());
  if (!navigator.onLine) sayAway();
  document.addEventListener("submit", (event) => {
    if (navigator.onLine) return;
    event.preventDefault(); // the browser would leave the page, and what was typed with it
    sayAway(word("notSent"));
    document.getElementById("away")?.scrollIntoView({ block: "center" });
  });
}

/** A grave sign: the emergency sheet opens at once, before the form is sent. */
function watchSigns() {
  document.addEventListener("change", (event) => {
    const one = event.target;
    if (!(one instanceof HTMLInputElement) || !one.matches("[data-sign]") || !one.checked) return;
    const sheet = document.getElementById("sheet-alert");
    if (sheet instanceof HTMLDialogElement && !sheet.open) sheet.showModal();
  });
}

function printing() {
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-print]")) print();
  });
}

listen();
watchNetwork();
watchSigns();
printing();
