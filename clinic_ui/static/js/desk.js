/**
 * The desks: settings without a reload, tabs by keyboard, minutes that run, and a short word when something is saved.
 * @module
 */

import { focusMarked, guardDoubleTaps, keepSetting, refuseUnavailable, teachCommands } from "./page.js";
import { since } from "./words.js";
import "./fragment.js";
import "./live.js";

const YEAR = 31_536_000;
const DOUBLE_CLICK = 400;
const TOAST = 4_000;
const root = document.documentElement;

/** Colours and text size change at once; the language needs the server. */
function settings() {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("form[data-settings] button");
    if (!(button instanceof HTMLButtonElement) || (button.name !== "theme" && button.name !== "text")) return;
    event.preventDefault();
    if (button.name === "theme") root.dataset.theme = button.value;
    else root.dataset.text = button.value;
    keepSetting(button.name === "theme" ? "tc-theme" : "tc-text", button.value, YEAR);
    for (const one of button.parentElement?.children ?? []) one.setAttribute("aria-pressed", String(one === button));
  });
}

/** @param {HTMLElement} tab */
function choose(tab) {
  const list = tab.closest("[role=tablist]");
  for (const one of list?.querySelectorAll("[role=tab]") ?? []) {
    const chosen = one === tab;
    one.setAttribute("aria-selected", String(chosen));
    if (one instanceof HTMLElement) one.tabIndex = chosen ? 0 : -1;
    const panel = document.getElementById(one.getAttribute("aria-controls") ?? "");
    if (panel) panel.hidden = !chosen;
  }
  tab.dispatchEvent(new CustomEvent("chosen", { bubbles: true }));
}

function tabs() {
  document.addEventListener("click", (event) => {
    const tab = event.target instanceof Element && event.target.closest("[role=tab]");
    if (tab instanceof HTMLElement) choose(tab);
  });
  document.addEventListener("keydown", (event) => {
    const tab = event.target;
    if (!(tab instanceof HTMLElement) || tab.getAttribute("role") !== "tab") return;
    const all = [...(tab.closest("[role=tablist]")?.querySelectorAll("[role=tab]") ?? [])];
    const here = all.indexOf(tab);
    const ahead = getComputedStyle(tab).direction === "rtl" ? -1 : 1;
    const to = { ArrowRight: here + ahead, ArrowLeft: here - ahead, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = all[(to + all.length) % all.length];
    if (next instanceof HTMLElement) {
      next.focus();
      choose(next);
    }
  });
}

/** <time data-since datetime="…" data-late="15">: minutes since then; data-clock: 06:42 by the second. */
function runningTimes() {
  const show = () => {
    for (const one of document.querySelectorAll("time[data-since]")) {
      const at = new Date(one.getAttribute("datetime") ?? "");
      if (Number.isNaN(at.getTime())) continue;
      const words = since(at);
      if (one.textContent !== words) one.textContent = words;
      const late = Number(one.getAttribute("data-late") ?? "Infinity");
      one.classList.toggle("late", Date.now() - at.getTime() >= late * 60_000);
    }
    for (const one of document.querySelectorAll("time[data-clock]")) {
      const at = new Date(one.getAttribute("datetime") ?? "");
      const seconds = Math.max(0, Math.floor((Date.now() - at.getTime()) / 1000));
      if (Number.isNaN(seconds)) continue;
      one.textContent = `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
    }
  };
  show();
  setInterval(show, 1000);
  document.addEventListener("placed", show);
}

/**
 * Say in a corner that something is done. Only for good news; bad news stands in the page.
 * @param {string} words
 */
export function toast(words) {
  const place = document.getElementById("toasts");
  if (!place) return;
  const note = document.createElement("p");
  note.className = "toast";
  note.textContent = words;
  place.replaceChildren(note);
  setTimeout(() => note.remove(), TOAST);
}

teachCommands();
guardDoubleTaps(DOUBLE_CLICK);
refuseUnavailable();
settings();
tabs();
runningTimes();
focusMarked();
