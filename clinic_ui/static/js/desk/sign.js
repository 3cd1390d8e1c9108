// @ts-check
/**
 * « Relire et signer »: the note is saved, read again as the server has it, and signed at that very version.
 * @module
 */

import { load } from "../fragment.js";
import { word } from "../words.js";
import { ask, Refused } from "./api.js";

/** Emits `signing` {busy}, and `signed` {promise} when the visit is closed. */
export class Signing extends EventTarget {
  #sheet = /** @type {HTMLDialogElement} */ (document.getElementById("sheet-sign"));
  #review = /** @type {HTMLElement} */ (document.getElementById("review"));
  #button = /** @type {HTMLButtonElement} */ (document.querySelector("[data-sign]"));
  #wrong = /** @type {HTMLElement} */ (document.querySelector("[data-sign-wrong]"));
  /** @type {import("./note.js").Note | null} */ note = null;
  /** @type {import("./prescription.js").Prescription | null} */ prescription = null;

  constructor() {
    super();
    this.#button.addEventListener("click", () => void this.#sign());
    document.addEventListener("click", (event) => {
      const pressed = event.target instanceof Element && event.target.closest("[data-review], [data-goto]");
      if (!(pressed instanceof HTMLElement)) return;
      if (pressed.dataset.goto) this.#goto(pressed.dataset.goto);
      else void this.open();
    });
  }

  /** Is it being read again? */
  get isOpen() {
    return this.#sheet.open;
  }

  /** Save, fetch what would be signed, and show it. */
  async open() {
    this.#say("");
    this.#button.disabled = true;
    if (!this.#sheet.open) this.#sheet.showModal();
    try {
      await this.note?.flush();
      await this.prescription?.flush();
      await load(this.#review, "/desk/review");
      this.#button.disabled = this.#review.querySelector("[data-complete=yes]") === null;
    } catch (error) {
      this.#say(error instanceof Refused ? error.message : word(this.note?.state === "clash" ? "choose" : "retrying"));
    }
  }

  close() {
    this.#sheet.close();
  }

  async #sign() {
    const note = this.note;
    if (!note || note.dirty || this.prescription?.dirty) return void this.open();
    this.#button.disabled = true;
    this.#say("");
    this.dispatchEvent(new CustomEvent("signing", { detail: { busy: true } }));
    try {
      const closed = await ask("POST", `/api/encounters/${note.encounter}/sign`, { row_ver: note.rowVer, prescription_ver: this.#prescriptionVer });
      this.close();
      this.dispatchEvent(new CustomEvent("signed", { detail: { promise: closed.promise_id } }));
    } catch (error) {
      const lacks = error instanceof Refused ? Object.values(error.fields) : [];
      this.#say([error instanceof Refused ? error.message : word("failed"), ...lacks].join(" "));
      this.#button.disabled = false;
    } finally {
      this.dispatchEvent(new CustomEvent("signing", { detail: { busy: false } }));
    }
  }

  /** The version of the prescription that was read again; 0: there is none. */
  get #prescriptionVer() {
    return Number(this.#review.querySelector("[data-prescription-ver]")?.getAttribute("data-prescription-ver") ?? 0);
  }

  /** @param {string} field */
  #goto(field) {
    this.close();
    document.getElementById("tab-notes")?.click();
    const place = document.getElementById(field);
    place?.scrollIntoView({ block: "center" });
    place?.focus();
  }

  /** @param {string} words */
  #say(words) {
    this.#wrong.textContent = words;
    this.#wrong.hidden = !words;
  }
}
