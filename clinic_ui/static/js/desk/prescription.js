// @ts-check
/**
 * The prescription saves itself like the note: shortly after typing stops, each save built on the version before it.
 * Every answer brings what the rules say of each line: allergies, listed drugs, what the law still wants.
 * @module
 */

import { load } from "../fragment.js";
import { word } from "../words.js";
import { ask, Refused } from "./api.js";
import { clock } from "./stage.js";

const QUIET = 600; // ms without typing before a save
const AGAIN = 3000; // ms between tries while the server cannot be asked
const TEXTS = ["drug", "form", "route", "dose", "frequency", "letters", "reason"];
const NUMBERS = ["days", "packs", "renewals"];

/** @typedef {{place: number, kind: string, words: string, source: string, rule: string | null, met: boolean}} Alert */

/** Emits `signed` when it was signed alone. */
export class Prescription extends EventTarget {
  #form;
  #path;
  rowVer;
  #known = "";
  #stopped = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  /** @type {Promise<void> | null} */ #saving = null;
  /** @type {HTMLElement[]} */ #sent = [];

  /** @param {HTMLFormElement} form */
  constructor(form) {
    super();
    this.#form = form;
    this.#path = `/api/encounters/${form.dataset.encounter}/prescription`;
    this.rowVer = Number(form.dataset.rowVer);
    const drawn = JSON.parse(form.dataset.drawn ?? "{}");
    for (const line of drawn.body.lines) this.#add(line);
    for (const name of ["weight", "height", "remark"]) this.#field(`[data-body=${name}]`).value = drawn.body[name] ?? "";
    if (!drawn.body.lines.length) this.#add();
    this.#known = JSON.stringify(this.read());
    this.#show(drawn);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", (event) => this.#typed(/** @type {HTMLElement} */ (event.target)));
    form.addEventListener("click", (event) => this.#pressed(event));
  }

  get dirty() {
    return !this.#stopped && JSON.stringify(this.read()) !== this.#known;
  }

  /** Save what is there, now. Throws when it cannot be. */
  async flush() {
    for (let tries = 0; this.dirty && tries < 3; tries++) await this.#save();
    if (this.dirty) throw new Error("not saved");
  }

  close() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** The words of the form; lines in which nothing stands are left out. */
  read() {
    this.#sent = [];
    const lines = [];
    for (const row of this.#rows) {
      const line = this.#line(row);
      if (!TEXTS.some((name) => name !== "route" && line[name]) && !line.days && !line.packs && !line.moments.length) continue;
      this.#sent.push(row);
      lines.push(line);
    }
    /** @param {string} name */
    const number = (name) => (this.#field(`[data-body=${name}]`).value === "" ? null : Number(this.#field(`[data-body=${name}]`).value));
    return { lines, weight: number("weight"), height: number("height"), remark: this.#field("[data-body=remark]").value };
  }

  /** @param {HTMLElement} row @returns {Record<string, any>} */
  #line(row) {
    /** @param {string} name */
    const value = (name) => this.#field(`[data-name=${name}]`, row).value;
    const line = Object.fromEntries(TEXTS.map((name) => [name, value(name)]));
    const numbers = NUMBERS.map((name) => [name, value(name) === "" ? null : Math.trunc(Number(value(name)))]);
    const moments = [...row.querySelectorAll("[data-moment]:checked")].map((one) => one.getAttribute("data-moment"));
    return { ...line, ...Object.fromEntries(numbers), renewals: Number(value("renewals")) || 0, moments, ald: this.#field("[data-ald]", row).checked };
  }

  /** @param {string} selector @param {ParentNode} [within] @returns {HTMLInputElement} */
  #field(selector, within = this.#form) {
    return /** @type {any} */ (within.querySelector(selector));
  }

  /** @returns {HTMLElement[]} */
  get #rows() {
    return [...this.#form.querySelectorAll("[data-line]")].map((one) => /** @type {HTMLElement} */ (one));
  }

  /** @param {Record<string, any>} [line] */
  #add(line) {
    const template = /** @type {HTMLTemplateElement} */ (this.#form.querySelector("[data-line-template]"));
    const row = /** @type {HTMLElement} */ (/** @type {Element} */ (template.content.firstElementChild).cloneNode(true));
    const place = String(Date.now() % 1e9) + this.#rows.length;
    for (const one of row.querySelectorAll("[id], [for], [aria-labelledby]")) {
      for (const name of ["id", "for", "aria-labelledby"]) {
        const was = one.getAttribute(name);
        if (was) one.setAttribute(name, was.replace("rx-0-", `rx-${place}-`));
      }
    }
    this.#form.querySelector("[data-lines]")?.append(row);
    if (line) {
      for (const name of [...TEXTS, ...NUMBERS]) this.#field(`[data-name=${name}]`, row).value = line[name] ?? "";
      for (const moment of line.moments) this.#field(`[data-moment=${moment}]`, row).checked = true;
      this.#field("[data-ald]", row).checked = line.ald;
    }
    this.#count();
    return row;
  }

  #count() {
    this.#rows.forEach((row, place) => row.querySelector("[data-number]")?.replaceChildren(String(place + 1)));
  }

  /** @param {HTMLElement} touched */
  #typed(touched) {
    if (touched instanceof HTMLInputElement && touched.dataset.name === "drug") this.#suggested(touched);
    this.#soon();
  }

  /** A drug of our list brings its form and its way. @param {HTMLInputElement} drug */
  #suggested(drug) {
    const row = drug.closest("[data-line]");
    const known = [...this.#form.querySelectorAll("#rx-drugs option")].find((one) => one.getAttribute("value") === drug.value);
    if (!row || !(known instanceof HTMLElement)) return;
    if (!this.#field("[data-name=form]", row).value) this.#field("[data-name=form]", row).value = known.dataset.form ?? "";
    this.#field("[data-name=route]", row).value = known.dataset.route ?? "oral";
  }

  /** @param {Event} event */
  #pressed(event) {
    const pressed = event.target instanceof Element && event.target.closest("button, a");
    if (!(pressed instanceof HTMLElement)) return;
    if ("add" in pressed.dataset) this.#field("[data-name=drug]", this.#add()).focus();
    if ("renew" in pressed.dataset) this.#renew();
    if ("remove" in pressed.dataset) this.#remove(pressed);
    if ("signAlone" in pressed.dataset) void this.#sign();
    if ("again" in pressed.dataset) void this.#readAgain();
    if ("preview" in pressed.dataset && this.dirty) {
      event.preventDefault();
      void this.flush().then(() => pressed.click(), () => {});
    }
  }

  #renew() {
    const lines = JSON.parse(this.#form.dataset.last || "[]");
    for (const row of this.#rows) if (!this.read().lines.length || !this.#sent.includes(row)) row.remove();
    const rows = lines.map((/** @type {Record<string, any>} */ line) => this.#add({ ...line, reason: "" }));
    if (rows[0]) this.#field("[data-name=drug]", rows[0]).focus();
    this.#soon();
  }

  /** @param {HTMLElement} pressed */
  #remove(pressed) {
    pressed.closest("[data-line]")?.remove();
    if (!this.#rows.length) this.#add();
    this.#count();
    /** @type {HTMLElement | null} */ (this.#form.querySelector("[data-add]"))?.focus();
    this.#soon();
  }

  /** @param {number} [pause] */
  #soon(pause = QUIET) {
    clearTimeout(this.#timer);
    if (!this.dirty) return;
    this.#say(word("unsaved"), false);
    this.#timer = setTimeout(() => void this.#save().catch(() => {}), pause);
  }

  async #save() {
    if (this.#saving) await this.#saving.catch(() => {});
    if (!this.dirty) return;
    this.#saving = this.#send(this.read());
    try {
      await this.#saving;
    } finally {
      this.#saving = null;
    }
  }

  /** @param {object} body */
  async #send(body) {
    this.#say(word("saving"), true);
    try {
      const drawn = await ask("PUT", this.#path, { body, row_ver: this.rowVer });
      this.rowVer = drawn.row_ver;
      this.#known = JSON.stringify(body);
      this.#show(drawn);
      this.#say(word("saved", { time: clock() }), true);
      if (this.dirty) this.#soon();
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  /** @param {unknown} error */
  #failed(error) {
    if (!(error instanceof Refused) || error.passing) {
      this.#say(word("retrying"), false);
      this.#timer = setTimeout(() => void this.#save().catch(() => {}), AGAIN);
      return;
    }
    this.#say(error.message, false);
    if (error.status === 422) return this.#show({ alerts: [], missing: error.fields });
    this.close();
    const again = document.createElement("button");
    again.className = "btn btn--quiet btn--small";
    again.type = "button";
    again.dataset.again = "";
    again.textContent = word("readAgain");
    document.getElementById("prescription-state")?.append(again);
  }

  async #readAgain() {
    const panel = /** @type {HTMLElement} */ (this.#form.parentElement);
    if (!panel.dataset.src) return location.reload();
    await load(panel, panel.dataset.src);
    this.dispatchEvent(new CustomEvent("again"));
  }

  /** @param {{alerts: Alert[], missing: Record<string, string>}} drawn */
  #show({ alerts, missing }) {
    for (const list of this.#form.querySelectorAll("[data-alerts], [data-missing]")) list.replaceChildren();
    for (const row of this.#rows) {
      for (const asked of row.querySelectorAll("[data-asked]")) {
        if (asked instanceof HTMLElement) asked.hidden = !this.#field("input", asked).value;
      }
      for (const one of row.querySelectorAll("[aria-invalid]")) one.removeAttribute("aria-invalid");
    }
    for (const one of alerts) this.#mark(one);
    for (const [field, sentence] of Object.entries(missing)) this.#lack(field, sentence);
    this.#field("[data-sign-alone]").disabled = Object.keys(missing).length > 0 || this.rowVer === 0;
  }

  /** @param {Alert} alert */
  #mark(alert) {
    const row = this.#sent[alert.place];
    if (!row) return;
    const asked = row.querySelector(`[data-asked=${alert.rule === "letters" ? "letters" : "reason"}]`);
    if (asked instanceof HTMLElement && alert.rule !== "refuse") asked.hidden = false;
    const words = alert.kind === "allergy" ? word("allergy", { words: alert.words }) : `${alert.words} (${alert.source})`;
    tell(row.querySelector("[data-alerts]"), words, alert.met ? "met" : "alert");
  }

  /** @param {string} field @param {string} sentence */
  #lack(field, sentence) {
    const [place, name] = field.split(".");
    const row = name === undefined ? undefined : this.#sent[Number(place)];
    tell((row ?? this.#form).querySelector(row ? "[data-alerts]" : "[data-missing]"), sentence, "lack");
    row?.querySelector(`[data-name=${name}]`)?.setAttribute("aria-invalid", "true");
  }

  async #sign() {
    const button = this.#field("[data-sign-alone]");
    button.disabled = true;
    try {
      await this.flush();
      await ask("POST", `${this.#path}/sign`, { row_ver: this.rowVer });
      this.close();
      if (this.dispatchEvent(new CustomEvent("signed", { cancelable: true }))) await this.#readAgain();
    } catch (error) {
      this.#say(error instanceof Refused ? error.message : word("failed"), false);
      if (error instanceof Refused && error.status === 422) this.#show({ alerts: [], missing: error.fields });
    }
  }

  /** @param {string} words @param {boolean} good */
  #say(words, good) {
    const line = document.getElementById("prescription-state");
    line?.classList.toggle("saved--not", !good);
    line?.querySelector("span")?.replaceChildren(words);
  }
}

/** @param {Element | null} list @param {string} words @param {string} kind */
function tell(list, words, kind) {
  const line = document.createElement("li");
  line.className = `drug__${kind}`;
  line.textContent = words;
  list?.append(line);
}
