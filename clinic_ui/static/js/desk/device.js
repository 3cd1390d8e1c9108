// @ts-check
/**
 * What instruments measure in the cabin while one talks: shown live beside the recorded measures, and never kept.
 * signalling/MEASURES.md says how they speak; what does not speak so is left out.
 * @module
 */

const VERSION = 1;
const LONGEST = 4096; // letters of a message

/** The panel of the newest values. It is there as long as the visit, from the first value on. */
export class Device {
  #panel = /** @type {HTMLElement} */ (document.querySelector("[data-device]"));
  /** @type {Map<string, HTMLElement>} */ #places = new Map();

  /** @param {import("./visit.js").Visit} visit */
  constructor(visit) {
    for (const place of this.#panel.querySelectorAll("[data-measure]")) {
      if (place instanceof HTMLElement) this.#places.set(place.dataset.measure ?? "", place);
    }
    visit.addEventListener("measured", (event) => this.#hear(/** @type {CustomEvent} */ (event).detail.words));
    visit.addEventListener("phase", () => visit.phase === "free" && this.#forget());
  }

  /** @param {unknown} words */
  #hear(words) {
    const said = typeof words === "string" && words.length <= LONGEST ? read(words) : null;
    if (said?.type !== "measures" || said.version !== VERSION || !Array.isArray(said.readings)) return;
    const shown = said.readings.filter((/** @type {any} */ one) => this.#show(one));
    if (!shown.length) return;
    this.#panel.hidden = false;
    const name = this.#panel.querySelector("[data-device-name]");
    if (name) name.textContent = String(said.device ?? "").slice(0, 80);
    const robot = this.#panel.querySelector("[data-device-robot]");
    if (robot instanceof HTMLElement) robot.hidden = said.robot !== true;
  }

  /** Put one value into its place; false when there is none for it. @param {any} reading */
  #show(reading) {
    const place = this.#places.get(reading?.measure);
    const value = place?.querySelector("dd");
    if (!place || !value || reading.unit !== place.dataset.ucum || !Number.isFinite(reading.value)) return false;
    const digits = Number(place.dataset.digits);
    const shown = reading.value * Number(place.dataset.per);
    value.textContent = shown.toLocaleString(document.documentElement.lang, { maximumFractionDigits: digits });
    place.hidden = false;
    return true;
  }

  #forget() {
    this.#panel.hidden = true;
    for (const place of this.#places.values()) place.hidden = true;
  }
}

/** @param {string} words @returns {any} */
function read(words) {
  try {
    return JSON.parse(words);
  } catch {
    return null;
  }
}
