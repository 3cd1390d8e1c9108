// @ts-check
/**
 * A picture of the record, large: closer, turned, the next one; with buttons and with keys (+ - 0 r ← →).
 * @module
 */

import { word } from "./words.js";

const STEP = 1.4;
const CLOSEST = 8;

const sheet = /** @type {HTMLDialogElement} */ (document.getElementById("sheet-viewer"));
const stage = /** @type {HTMLElement} */ (sheet.querySelector("[data-viewer-stage]"));
const frame = /** @type {HTMLElement} */ (sheet.querySelector("[data-viewer-frame]"));
const picture = document.createElement("img");
frame.append(picture);
const words = /** @type {HTMLElement} */ (sheet.querySelector("[data-viewer-words]"));
let address = "";
let closer = 1;
let turned = 0;

/** All pictures of the page, in their order. */
const all = () => /** @type {HTMLElement[]} */ ([...document.querySelectorAll("button[data-view]")]);

/** @param {HTMLElement} from */
function open(from) {
  address = from.dataset.view ?? "";
  closer = 1;
  turned = 0;
  const title = from.dataset.viewTitle ?? "";
  const place = sheet.querySelector("h2");
  if (place) place.textContent = title;
  picture.alt = title;
  picture.hidden = true;
  words.textContent = word("viewLoads");
  picture.src = address;
  if (!sheet.open) sheet.showModal();
  stage.focus();
}

/** Fit the picture into the stage, then closer and turned; the frame takes its room, so that one can scroll. */
function fit() {
  const aside = turned % 180 !== 0;
  const { naturalWidth: width, naturalHeight: height } = picture;
  if (!width || !height) return;
  const [wide, high] = aside ? [height, width] : [width, height];
  const scale = Math.min(stage.clientWidth / wide, stage.clientHeight / high, 1) * closer;
  frame.style.width = `${wide * scale}px`;
  frame.style.height = `${high * scale}px`;
  picture.style.width = `${width * scale}px`;
  picture.style.height = `${height * scale}px`;
  picture.style.transform = `translate(-50%, -50%) rotate(${turned}deg)`;
  words.textContent = word("viewAt", { percent: Math.round(closer * 100) });
}

/** @param {number} by */
function turnPage(by) {
  const known = all();
  const next = known[known.findIndex((one) => one.dataset.view === address) + by];
  if (next) open(next);
}

/** @type {Record<string, () => void>} */
const ACTS = {
  before: () => turnPage(-1),
  after: () => turnPage(1),
  less: () => ((closer = Math.max(1, closer / STEP)), fit()),
  more: () => ((closer = Math.min(CLOSEST, closer * STEP)), fit()),
  whole: () => ((closer = 1), fit()),
  turn: () => ((turned = (turned + 90) % 360), fit()),
};
/** @type {Record<string, string>} */
const KEYS = { "+": "more", "=": "more", "-": "less", 0: "whole", r: "turn", R: "turn", ArrowLeft: "before", ArrowRight: "after" };

picture.addEventListener("load", () => ((picture.hidden = false), fit()));
picture.addEventListener("error", () => (words.textContent = word("viewFails")));
addEventListener("resize", () => sheet.open && fit());
sheet.addEventListener("close", () => picture.removeAttribute("src"));
sheet.addEventListener("keydown", (event) => {
  const act = KEYS[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
  if (closer > 1 && event.key.startsWith("Arrow")) return; // then arrows move over the picture
  event.preventDefault();
  ACTS[act]();
});
document.addEventListener("click", (event) => {
  const pressed = event.target instanceof Element ? event.target.closest("button") : null;
  if (!(pressed instanceof HTMLElement)) return;
  if (pressed.dataset.view) open(pressed);
  ACTS[pressed.dataset.viewer ?? ""]?.();
});
