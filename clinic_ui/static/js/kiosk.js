/**
 * The cabin's screen: text size, contrast, reading aloud, the number pad, and the question "still there?".
 * Everything here is a comfort: help and emergency work without it, and without network.
 * @module
 */

import { focusMarked, guardDoubleTaps, keepSetting, refuseUnavailable, say, teachCommands } from "./page.js";
import { word } from "./words.js";
import "./fragment.js";

const SIZES = ["1", "1.25", "1.5"];
const THEMES = ["light", "contrast", "dark"];
const DOUBLE_TAP = 700;
const root = document.documentElement;

/** @param {string[]} list @param {string} now */
const nextOf = (list, now) => list[(list.indexOf(now) + 1) % list.length];

function textAndContrast() {
  const text = document.querySelector("[data-text-next]");
  const theme = document.querySelector("[data-theme-next]");
  text?.addEventListener("click", (event) => {
    event.preventDefault();
    const size = nextOf(SIZES, root.dataset.text ?? "1");
    root.dataset.text = size;
    text.setAttribute("aria-pressed", String(size !== "1"));
    keepSetting("tc-text", size);
    say(word("textSize", { size: `${Number(size) * 100}\u00a0%` }));
  });
  theme?.addEventListener("click", (event) => {
    event.preventDefault();
    const name = nextOf(THEMES, root.dataset.theme ?? "light");
    root.dataset.theme = name;
    theme.setAttribute("aria-pressed", String(name !== "light"));
    keepSetting("tc-theme", name);
    say(word("theme", { name: word(name) }));
  });
}

/** @returns {string} what the screen says, sheet first */
function readable() {
  const open = document.querySelector("dialog[open]");
  const from = open ?? document.getElementById("room");
  return from instanceof HTMLElement ? from.innerText.replace(/\s*\n+\s*/g, ". ") : "";
}

function listen() {
  const button = document.querySelector("[data-listen]");
  if (!(button instanceof HTMLElement)) return;
  const reason = document.querySelector("[data-no-voice]");
  const speech = window.speechSynthesis;
  const voice = () => speech?.getVoices().find((one) => one.lang.slice(0, 2) === root.lang);
  const show = () => {
    button.hidden = !voice();
    if (reason instanceof HTMLElement) reason.hidden = !button.hidden;
  };
  /** @param {boolean} on */
  const mark = (on) => {
    button.setAttribute("aria-pressed", String(on));
    const words = button.querySelector("span");
    if (words) words.textContent = word(on ? "listenStop" : "listen");
  };
  show();
  if (!speech) return;
  speech.addEventListener?.("voiceschanged", show);
  addEventListener("pagehide", () => speech.cancel());
  button.addEventListener("click", () => {
    if (speech.speaking) {
      speech.cancel();
      mark(false);
      return;
    }
    const saying = new SpeechSynthesisUtterance(readable());
    saying.voice = voice() ?? null;
    saying.lang = root.lang;
    saying.rate = 0.9;
    saying.addEventListener("end", () => mark(false));
    saying.addEventListener("error", () => mark(false));
    mark(true);
    speech.speak(saying);
  });
}

/** Ask after 120 s of silence, count 60 s aloud, then leave and wipe. Seconds are read from the page. */
function watchIdle() {
  const sheet = document.getElementById("idle");
  if (!(sheet instanceof HTMLDialogElement)) return;
  const left = sheet.querySelector("[data-left]");
  const leave = sheet.querySelector("form[data-abandon]");
  const quiet = Number(sheet.dataset.idle) * 1000;
  const total = Number(sheet.dataset.count);
  let last = Date.now();
  let endsAt = 0;

  const stay = () => {
    last = Date.now();
    endsAt = 0;
    if (sheet.open) sheet.close();
  };
  const tick = () => {
    if (!endsAt) {
      if (Date.now() - last < quiet) return;
      endsAt = Date.now() + total * 1000;
      if (!sheet.open) sheet.showModal();
    }
    const seconds = Math.max(0, Math.ceil((endsAt - Date.now()) / 1000));
    if (left) left.textContent = String(seconds);
    if (seconds && seconds % 15 === 0) say(word("seconds", { count: seconds }));
    if (seconds === 0 && leave instanceof HTMLFormElement) {
      clearInterval(timer);
      leave.submit();
    }
  };
  const timer = setInterval(tick, 1000);
  for (const sign of ["pointerdown", "keydown", "input", "scroll"]) {
    addEventListener(sign, () => { if (!sheet.open) last = Date.now(); }, { passive: true, capture: true });
  }
  sheet.querySelector("[data-stay]")?.addEventListener("click", stay);
  sheet.addEventListener("close", stay);
}

function numberPads() {
  document.addEventListener("click", (event) => {
    const key = event.target instanceof Element && event.target.closest("[data-key]");
    if (!(key instanceof HTMLElement)) return;
    const input = key.closest("[data-numpad]")?.querySelector("input");
    if (!(input instanceof HTMLInputElement)) return;
    const which = key.dataset.key ?? "";
    if (which === "clear") input.value = "";
    else if (which === "back") input.value = input.value.slice(0, -1);
    else if (input.maxLength < 0 || input.value.length < input.maxLength) input.value += which;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    say([...input.value].join(" "));
  });
}

teachCommands();
guardDoubleTaps(DOUBLE_TAP);
refuseUnavailable();
textAndContrast();
listen();
watchIdle();
numberPads();
focusMarked();
