// @ts-check
/**
 * The note's form as a note's words, and back; and what the form does by itself (« aucun », the delay, the call's log).
 * @module
 */

import { TEXTS } from "./merge.js";

/** @typedef {import("./merge.js").Body} Body */
/** @typedef {import("./merge.js").Wish} Wish */

const NONE_OF = /** @type {const} */ ({ acts: "none_prescribed", incidents: "no_incident" });

/** Which of the answers of the form a wish is. @param {Wish | null} wish */
const kindOf = (wish) =>
  !wish ? "none" : wish.modality === "HH" ? "home" : wish.modality === "AMB" ? "surgery" : wish.with_health_worker ? "nurse" : "cabin";

export class NoteForm {
  /** @type {HTMLFormElement} */ element;
  #prefilled = "";

  /** @param {HTMLFormElement} element */
  constructor(element) {
    this.element = element;
    this.#prefilled = this.#logged === this.#field("incidents").value ? this.#logged : "";
    element.addEventListener("submit", (event) => event.preventDefault());
    element.addEventListener("input", (event) => this.#settle(/** @type {HTMLElement} */ (event.target)));
    element.addEventListener("placed", () => this.prefill());
  }

  /** @param {string} name @returns {HTMLInputElement & HTMLTextAreaElement & HTMLSelectElement} */
  #field(name) {
    return /** @type {any} */ (this.element.elements.namedItem(name));
  }

  /** @returns {Body} */
  read() {
    const texts = Object.fromEntries(TEXTS.map((name) => [name, this.#field(name).value]));
    return /** @type {Body} */ ({
      ...texts,
      none_prescribed: this.#field("none_prescribed").checked,
      no_incident: this.#field("no_incident").checked,
      follow_up: this.#wish(),
    });
  }

  /** Put these words into the form; what is the same stays untouched, and so does the caret. @param {Body} body */
  write(body) {
    for (const name of TEXTS) if (this.#field(name).value !== body[name]) this.#field(name).value = body[name];
    this.#field("none_prescribed").checked = body.none_prescribed;
    this.#field("no_incident").checked = body.no_incident;
    const wish = body.follow_up;
    this.#field("next").value = kindOf(wish);
    if (wish) {
      const known = [...this.#field("interval").options].some((one) => one.value === String(wish.in_days));
      this.#field("interval").value = known ? String(wish.in_days) : "0";
      this.#field("in_days").value = String(wish.in_days);
      this.#field("every_days").value = String(wish.every_days);
      if (wish.times > 1) this.#field("times").value = String(wish.times);
      this.#field("why").value = wish.why;
      this.#field("instrument").value = wish.instrument ?? "";
    }
    this.#showWhen();
  }

  /** @returns {Wish | null} */
  #wish() {
    const kind = this.#field("next").value;
    if (!kind || kind === "none") return null;
    const days = Number(this.#field("interval").value) || Number(this.#field("in_days").value);
    const every = Number(this.#field("every_days").value) || 0;
    return {
      in_days: Math.trunc(days) || 0,
      modality: kind === "surgery" ? "AMB" : kind === "home" ? "HH" : "VR",
      with_health_worker: kind === "nurse" || kind === "home",
      why: this.#field("why").value,
      times: every ? Math.trunc(Number(this.#field("times").value)) || 0 : 1,
      every_days: every,
      instrument: (kind !== "surgery" && this.#field("instrument").value) || null,
    };
  }

  /** A wish as the form says it. @param {Wish | null} wish @param {(days: number) => string} inDays */
  words(wish, inDays) {
    const kind = kindOf(wish);
    const label = this.element.querySelector(`input[name=next][value=${kind}] ~ span b`)?.textContent ?? "";
    if (!wish) return label;
    const option = [...this.#field("interval").options].find((one) => one.value === String(wish.in_days));
    const every = [...this.#field("every_days").options].find((one) => one.value === String(wish.every_days));
    const series = wish.times > 1 ? `${wish.times} × ${every?.textContent ?? wish.every_days}` : "";
    const tool = [...this.#field("instrument").options].find((one) => one.value && one.value === wish.instrument);
    const when = option?.textContent ?? inDays(wish.in_days);
    return [label, when, series, tool?.textContent, wish.why].filter(Boolean).join(", ");
  }

  /** The call's log goes into the note as long as the doctor has written nothing else there. @returns {boolean} changed */
  prefill() {
    const log = this.element.querySelector("[data-log]");
    if (!(log instanceof HTMLElement)) return false;
    const field = this.#field("incidents");
    const none = this.#field("no_incident");
    const own = field.value !== "" && field.value !== this.#prefilled;
    if (own || field === document.activeElement) return false;
    const before = [field.value, none.checked].join();
    if (this.#logged) {
      field.value = this.#prefilled = this.#logged;
      none.checked = false;
    } else if (log.dataset.over === "yes") {
      none.checked = true;
    }
    const changed = before !== [field.value, none.checked].join();
    if (changed) this.element.dispatchEvent(new CustomEvent("written", { bubbles: true }));
    return changed;
  }

  get #logged() {
    const log = this.element.querySelector("[data-log]");
    return log instanceof HTMLElement ? (log.dataset.log ?? "") : "";
  }

  /** « Aucun » and words exclude each other: the last that was said holds. @param {HTMLElement} touched */
  #settle(touched) {
    if (touched instanceof HTMLSelectElement && "plan" in touched.dataset) this.#take(touched.selectedOptions[0]);
    for (const [text, none] of Object.entries(NONE_OF)) {
      if (touched === this.#field(text) && touched.textLength > 0) this.#field(none).checked = false;
    }
    this.#showWhen();
  }

  /** What is usual for a condition is proposed; each part can be changed. @param {HTMLOptionElement | undefined} plan */
  #take(plan) {
    const { days, how, why, every, times, instrument } = plan?.dataset ?? {};
    if (!days || !how) return;
    this.#field("next").value = how;
    const known = [...this.#field("interval").options].some((one) => one.value === days);
    this.#field("interval").value = known ? days : "0";
    this.#field("in_days").value = days;
    this.#field("every_days").value = every ?? "0";
    if (every !== "0") this.#field("times").value = times ?? "4";
    this.#field("why").value = why ?? "";
    this.#field("instrument").value = instrument ?? "";
  }

  #showWhen() {
    const wish = this.#field("next").value;
    const when = this.element.querySelector("[data-next-when]");
    const days = this.element.querySelector("[data-next-days]");
    const tool = this.element.querySelector("[data-next-tool]");
    if (tool instanceof HTMLElement) tool.hidden = wish === "surgery";
    if (when instanceof HTMLElement) when.hidden = !wish || wish === "none";
    const times = this.element.querySelector("[data-next-times]");
    if (days instanceof HTMLElement) days.hidden = this.#field("interval").value !== "0";
    if (times instanceof HTMLElement) times.hidden = this.#field("every_days").value === "0";
  }
}
