// @ts-check
/**
 * The check's screen: one line for each item, the question about the sound, and the verdict.
 * @module
 */

import { word } from "../../words.js";

const ANSWER_WITHIN = 15_000; // ms: nobody answers, nobody is asked
/** @typedef {"waits" | "runs" | "green" | "amber" | "red" | "none"} State */

/** @param {string} name @returns {HTMLElement} */
const part = (name) => /** @type {HTMLElement} */ (document.querySelector(`[data-${name}]`));

/** Emits `restart`. */
export class CheckView extends EventTarget {
  alone = part("check").dataset.alone === "yes";
  offline = false;

  constructor() {
    super();
    part("restart").addEventListener("click", () => this.dispatchEvent(new Event("restart")));
  }

  begin() {
    this.offline = false;
    for (const name of ["verdict", "question", "restart"]) part(name).hidden = true;
    for (const line of document.querySelectorAll("[data-item]")) this.item(line.getAttribute("data-item") ?? "", "waits", "checkWaits");
    this.lead(word("checkRuns"));
    this.#progress(0);
  }

  /** @param {string} item what is looked at now, or nothing @param {string} key what the person reads @param {number} far 0 to 1 */
  step(item, key, far) {
    if (item) this.item(item, "runs", "checkRuns");
    this.lead(word(key));
    this.#progress(far);
  }

  /** @param {string} name @param {State} state @param {string} key @param {string} [words] */
  item(name, state, key, words = word(key)) {
    const line = document.querySelector(`[data-item="${name}"]`);
    if (!(line instanceof HTMLElement)) return;
    line.dataset.state = state;
    const place = line.querySelector("[data-words]");
    if (place) place.textContent = words;
  }

  /** @param {string} words */
  lead(words) {
    if (part("lead").textContent !== words) part("lead").textContent = words;
  }

  /** @param {MediaStream | null} stream */
  picture(stream) {
    const video = document.querySelector("video[data-self]");
    if (video instanceof HTMLVideoElement) video.srcObject = stream;
    part("no-picture").hidden = !!stream;
  }

  /**
   * Ask « Entendez-vous le son ? » while it plays. @param {() => Promise<void>} play @param {AbortSignal} signal
   * @returns {Promise<boolean | null>} null: nobody said
   */
  async heard(play, signal) {
    const asked = part("question");
    asked.hidden = false;
    void play();
    const answer = await new Promise((done) => {
      const first = asked.querySelector("button");
      if (first) first.focus({ preventScroll: true });
      for (const button of asked.querySelectorAll("[data-heard]")) {
        button.addEventListener("click", () => done(button.getAttribute("data-heard") === "yes"), { once: true, signal });
      }
      signal.addEventListener("abort", () => done(null));
      setTimeout(() => done(null), ANSWER_WITHIN);
    });
    asked.hidden = true;
    return answer;
  }

  /** @param {{colour: string, name: string, mend: string, findings: {item: string, colour: string, name: string}[]}} said */
  verdict(said) {
    for (const line of document.querySelectorAll("[data-item]")) {
      const name = line.getAttribute("data-item") ?? "";
      const of = said.findings.filter((one) => one.item === name);
      const worst = of.find((one) => one.colour === "red") ?? of[0];
      if (worst) this.item(name, /** @type {State} */ (worst.colour), "", worst.name);
      else if (line.getAttribute("data-state") !== "none") this.item(name, "green", "checkGood");
    }
    this.#end(said.colour, said.name, said.mend);
  }

  /** @param {boolean} away without a network, or another mishap */
  stopped(away) {
    this.offline = away;
    for (const line of document.querySelectorAll("[data-state='runs']")) this.item(line.getAttribute("data-item") ?? "", "none", "checkNone");
    const kind = away ? "checkOffline" : "checkFailed";
    this.#end("amber", word(kind), word(`${kind}Mend`));
  }

  /** @param {string} colour @param {string} name @param {string} mend */
  #end(colour, name, mend) {
    this.#progress(1);
    this.lead(word("checkDone"));
    this.picture(null);
    const verdict = part("verdict");
    verdict.dataset.colour = colour;
    part("name").textContent = name;
    part("mend").textContent = mend;
    const after = part("after");
    after.hidden = !this.alone;
    after.textContent = this.alone ? word("checkAlone") : "";
    verdict.hidden = false;
    part("restart").hidden = false;
    verdict.focus({ preventScroll: true });
    verdict.scrollIntoView({ block: "nearest" });
  }

  /** @param {number} far */
  #progress(far) {
    const bar = part("progress");
    if (bar instanceof HTMLProgressElement) bar.value = far;
  }
}
