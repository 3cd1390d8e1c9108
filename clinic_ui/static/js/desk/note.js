// @ts-check
/**
 * The note saves itself: within a second after typing stops, one save at a time, each built on the version before it.
 * While the server cannot be asked the words stay in this page and go when it can; when another tab wrote meanwhile both
 * texts are brought together, and where they clash the doctor chooses.
 * @module
 */

import { word } from "../words.js";
import { ask, Refused } from "./api.js";
import { NoteForm } from "./form.js";
import { both, merge, same, TEXTS } from "./merge.js";
import { clock } from "./stage.js";

/** @typedef {import("./merge.js").Body} Body */

const QUIET = 600; // ms without typing before a save
const LONGEST = 3000; // ms of typing without a save
const PAUSES = [1000, 2000, 4000, 8000, 15_000]; // ms between tries while the server cannot be asked

/** Emits `state` {state}: clean, waiting, saving, saved, retrying, clash, wrong, closed. */
export class Note extends EventTarget {
  form;
  encounter;
  rowVer;
  state = "clean";
  /** @type {Body} */ #known; // what the server has as version `rowVer`
  /** @type {Promise<void> | null} */ #saving = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #typedAt = 0;
  #failures = 0;
  /** @type {Set<string>} */ #clashes = new Set();
  #gone = new AbortController();

  /** @param {HTMLFormElement} element */
  constructor(element) {
    super();
    this.form = new NoteForm(element);
    this.encounter = element.dataset.encounter ?? "";
    this.rowVer = Number(element.dataset.rowVer);
    this.#known = JSON.parse(element.dataset.body ?? "{}");
    const options = { signal: this.#gone.signal };
    element.addEventListener("input", () => this.#typed(), options);
    element.addEventListener("written", () => this.#typed(), options);
    element.addEventListener("focusout", () => this.dirty && this.#soon(0), options);
    addEventListener("online", () => this.#soon(0), options);
    if (this.form.prefill()) this.#typed();
  }

  /** Are there words here that the server does not have? */
  get dirty() {
    return this.state !== "closed" && !same(this.form.read(), this.#known);
  }

  /** Save what is there, now; resolves when the server has it. Throws when it cannot be. */
  async flush() {
    for (let tries = 0; this.dirty && tries < 3; tries++) await this.#save(true);
    if (this.dirty) throw new Error("not saved");
  }

  /** Try again at once, for the network or the session came back. */
  again() {
    if (this.dirty) this.#soon(0);
  }

  /** The page goes on to another visit. */
  close() {
    this.#gone.abort();
    clearTimeout(this.#timer);
  }

  #typed() {
    if (this.state === "closed" || !this.dirty) return;
    const now = Date.now();
    if (!this.#typedAt) this.#typedAt = now;
    if (this.state !== "clash") this.#to("waiting");
    this.#soon(Math.max(0, Math.min(QUIET, this.#typedAt + LONGEST - now)));
  }

  /** @param {number} pause */
  #soon(pause) {
    clearTimeout(this.#timer);
    if (!this.#gone.signal.aborted) this.#timer = setTimeout(() => void this.#save().catch(() => {}), pause);
  }

  /** @param {boolean} [loud] throw what went wrong */
  async #save(loud = false) {
    if (this.#saving) await this.#saving.catch(() => {});
    if (!this.dirty || this.#clashes.size) return;
    this.#saving = this.#send(this.form.read());
    try {
      await this.#saving;
    } catch (error) {
      if (loud) throw error;
    } finally {
      this.#saving = null;
    }
  }

  /** @param {Body} body */
  async #send(body) {
    this.#typedAt = 0;
    this.#to("saving");
    try {
      const { row_ver } = await ask("PUT", this.#path, { body, row_ver: this.rowVer });
      this.rowVer = row_ver;
      this.#known = body;
      this.#failures = 0;
      this.#wrong({});
      if (this.dirty) this.#typed();
      else this.#to("saved");
    } catch (error) {
      await this.#failed(error);
      throw error;
    }
  }

  /** @param {unknown} error */
  async #failed(error) {
    if (error instanceof Refused && error.code === "edited-elsewhere") return this.#meet();
    if (error instanceof Refused && error.status === 422) {
      this.#wrong(error.fields);
      return this.#to("wrong");
    }
    if (error instanceof Refused && !error.passing) return this.#to("closed");
    const pause = PAUSES[Math.min(this.#failures++, PAUSES.length - 1)];
    this.#to("retrying");
    this.#soon(pause);
  }

  /** Another tab saved since: bring both texts together. */
  async #meet() {
    let draft;
    try {
      draft = await ask("GET", this.#path);
    } catch (error) {
      return this.#failed(error);
    }
    if (draft.status !== "preliminary") return this.#to("closed");
    const { body, clashes } = merge(this.#known, this.form.read(), draft.body);
    this.form.write(body);
    this.#known = draft.body;
    this.rowVer = draft.row_ver;
    this.#clashes = new Set(clashes);
    for (const field of clashes) this.#ask(field, draft.body);
    this.dispatchEvent(new CustomEvent("merged", { detail: { clashes } }));
    if (clashes.length) this.#to("clash");
    else this.#soon(0);
  }

  /** Show both texts of a field until the doctor has chosen. @param {string} field @param {Body} theirs */
  #ask(field, theirs) {
    const template = /** @type {HTMLTemplateElement} */ (document.getElementById("clash"));
    const place = this.form.element.querySelector(`#${field}`);
    const asked = /** @type {HTMLElement | undefined} */ (template.content.cloneNode(true).firstElementChild);
    if (!place || !asked) return void this.#clashes.delete(field);
    const isText = TEXTS.includes(/** @type {any} */ (field));
    const told = theirs[/** @type {keyof Body} */ (field)];
    /** @param {string} selector @param {string} words */
    const put = (selector, words) => (asked.querySelector(selector) ?? asked).replaceChildren(words);
    put("[data-why]", word("clash"));
    put("[data-theirs]", isText ? String(told) || word("nothing") : this.#say(field, theirs));
    for (const button of asked.querySelectorAll("[data-choose]")) {
      const choice = button.getAttribute("data-choose");
      if (choice === "both" && !isText) button.remove();
      button.addEventListener("click", () => {
        const mine = this.form.read();
        const key = /** @type {"acts"} */ (field);
        if (choice === "theirs") this.form.write({ ...mine, [field]: told });
        if (choice === "both") this.form.write({ ...mine, [field]: both(mine[key], String(told)) });
        asked.remove();
        this.#clashes.delete(field);
        if (!this.#clashes.size) this.#to("waiting"), this.#soon(0);
      });
    }
    place.closest(".field, .check")?.after(asked);
  }

  /** @param {string} field @param {Body} theirs */
  #say(field, theirs) {
    if (field === "follow_up") return this.form.words(theirs.follow_up, (days) => word("inDays", { days }));
    const label = this.form.element.querySelector(`#${field}`)?.closest("label")?.textContent?.trim() ?? "";
    return theirs[/** @type {"no_incident"} */ (field)] ? label : word("nothing");
  }

  /** @param {Record<string, string>} fields */
  #wrong(fields) {
    for (const old of this.form.element.querySelectorAll("p.wrong")) old.remove();
    for (const [name, sentence] of Object.entries(fields)) {
      const line = document.createElement("p");
      line.className = "wrong";
      line.setAttribute("role", "alert");
      line.textContent = sentence;
      this.form.element.querySelector(`#${name.split(".").at(-1)}`)?.closest(".field")?.append(line);
    }
  }

  get #path() {
    return `/api/encounters/${this.encounter}/note`;
  }

  /** @param {string} state */
  #to(state) {
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: { state } }));
  }
}

/** Say under the note whether it is saved. @param {string} state */
export function sayState(state) {
  const line = document.getElementById("note-state");
  if (!line) return;
  const keys = { waiting: "unsaved", saving: "saving", saved: "saved", retrying: "retrying", clash: "choose", wrong: "wrong", closed: "closedNote" };
  const key = keys[/** @type {keyof typeof keys} */ (state)];
  if (!key) return;
  const words = line.querySelector("span");
  const said = word(key, { time: clock() });
  if (words && words.textContent !== said) words.textContent = said;
  const use = line.querySelector("use");
  const good = state === "saved";
  line.classList.toggle("saved--not", !good && state !== "saving");
  use?.setAttribute("href", `${use.getAttribute("href")?.split("#")[0]}#i-${good ? "check" : state === "saving" || state === "waiting" ? "refresh" : "warn"}`);
}
