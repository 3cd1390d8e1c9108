// @ts-check
/**
 * What the person in the cabin sees of the call: the doctor large, themself small, few words, four large controls.
 * @module
 */

import { depth, readTable } from "../ladder.js";
import { StillView } from "../still_view.js";
import { word } from "../words.js";

/** @typedef {import("../ladder.js").Rung} Rung */
/** @typedef {{rung: Rung, weak: "mine" | "theirs" | "both" | null, theirs: Rung | null, dark: boolean}} Line */

/** @type {Line} */ const GOOD = { rung: "video", weak: null, theirs: null, dark: false };
const BARS = { video: 4, small: 2, still: 1, voice: 1, telephone: 0, deferred: 0 }; // at most, on each rung
const WEAK = { mine: "weakMine", theirs: "weakTheirs", both: "weakBoth" };
const STEP = 0.1; // of the volume; the whole way is more than 18 dB

/** Emits `mute` and `hang-up`. */
export class CallView extends EventTarget {
  muted = false;
  #volume = 1;
  #levels = { mine: 4, theirs: 4 };
  #banner = "";
  #unplugged = "";
  #line = GOOD;
  #table = readTable();
  #still;
  #remote = /** @type {HTMLVideoElement} */ (document.querySelector("video[data-remote]"));

  constructor() {
    super();
    this.#still = new StillView(/** @type {Element} */ (document.querySelector("[data-stage]")), (at) => this.#age(at));
    this.#press("[data-quieter]", () => this.#turn(-STEP));
    this.#press("[data-louder]", () => this.#turn(STEP));
    this.#press("[data-mute]", () => this.#mute());
    this.#press("[data-hear]", () => this.#play());
    this.#press("[data-hang-up]", () => {
      const sheet = document.getElementById("sheet-end");
      if (sheet instanceof HTMLDialogElement) sheet.close();
      this.dispatchEvent(new CustomEvent("hang-up"));
    });
  }

  /** Show the call or the waiting room. @param {boolean} calling */
  show(calling) {
    document.body.classList.toggle("kiosk--call", calling);
    for (const part of document.querySelectorAll("[data-view]")) {
      if (part instanceof HTMLElement) part.hidden = (part.dataset.view === "call") !== calling;
    }
  }

  /** @param {string} name */
  doctor(name) {
    this.#put("[data-doctor-name]", name);
  }

  /** @param {MediaStream} stream @param {() => void} seen is called when a picture is on the screen */
  picture(stream, seen) {
    if (this.#remote.srcObject !== stream) this.#remote.srcObject = stream;
    this.#remote.requestVideoFrameCallback?.(seen);
    void this.#play();
  }

  live() {
    this.#put("[data-doctor-words]", "");
    this.banner("");
  }

  /** The picture is gone; the next call begins afresh. */
  end() {
    this.#remote.srcObject = null;
    this.#levels = { mine: 4, theirs: 4 };
    this.#put("[data-doctor-words]", word("doctorComes"));
    this.banner("");
    this.line(GOOD);
  }

  /** One sentence over the picture; none clears it. @param {string} words */
  banner(words) {
    this.#banner = words;
    this.#tellLine();
  }

  /** A camera or a microphone is gone; none clears it. @param {string} words */
  unplugged(words) {
    this.#unplugged = words;
    this.#tellLine();
  }

  /** The worst of both directions counts; good lines say nothing. @param {number} level @param {"mine" | "theirs"} whose */
  quality(level, whose) {
    this.#levels[whose] = level;
    this.#tellLine();
  }

  /** Where the call stands on the ladder, and whose line it is. @param {Line} line */
  line(line) {
    this.#line = line;
    this.#still.pause(this.#isPaused(line.theirs));
    this.#tellLine();
  }

  /** A photograph of the doctor. @param {ImageBitmap} picture @param {number} takenAt */
  still(picture, takenAt) {
    this.#still.show(picture, takenAt);
  }

  /** @param {Rung | null} rung */
  #isPaused(rung) {
    return rung !== null && !this.#table.with_video.includes(rung);
  }

  /** @param {Date | null} takenAt */
  #age(takenAt) {
    const age = document.querySelector("[data-still-age]");
    if (!(age instanceof HTMLElement)) return;
    age.hidden = !takenAt;
    if (takenAt) age.textContent = word("stillAge", { seconds: Math.max(1, Math.round((Date.now() - takenAt.getTime()) / 1000)) });
  }

  #tellLine() {
    const { rung, weak } = this.#line;
    const level = Math.min(this.#levels.mine, this.#levels.theirs, BARS[rung]);
    const lost = depth(this.#table, rung) >= depth(this.#table, "telephone");
    for (const panel of document.querySelectorAll("[data-beyond]")) {
      if (panel instanceof HTMLElement) panel.hidden = panel.dataset.beyond !== rung;
    }
    const kept = this.#isPaused(rung) && weak ? word(WEAK[weak]) : "";
    const words = lost ? "" : this.#banner || this.#unplugged || kept || (level === 0 ? word("veryWeak") : "");
    const banner = document.querySelector("[data-banner]");
    if (banner instanceof HTMLElement) {
      if (banner.textContent !== words) banner.textContent = words;
      banner.hidden = !words;
    }
    document.querySelector("[data-stage]")?.classList.toggle("video--still", !!this.#banner || lost || this.#line.theirs === "voice");
    const line = document.querySelector("[data-line]");
    if (line instanceof HTMLElement) line.hidden = level > 2 || lost || !!words;
    document.querySelector("[data-line] .bars")?.setAttribute("data-q", String(level));
    this.#put("[data-line-words]", word(`line${level}`));
  }

  async #play() {
    const button = document.querySelector("[data-hear]");
    try {
      await this.#remote.play();
      if (button instanceof HTMLElement) button.hidden = true;
    } catch (error) {
      // the browser wants a touch before it makes a sound; a kiosk's own is set up not to
      const blocked = error instanceof DOMException && error.name === "NotAllowedError";
      if (blocked && button instanceof HTMLElement) button.hidden = false;
    }
  }

  /** @param {number} by */
  #turn(by) {
    this.#volume = Math.round(Math.min(1, Math.max(STEP, this.#volume + by)) * 10) / 10;
    for (const voice of /** @type {NodeListOf<HTMLMediaElement>} */ (document.querySelectorAll("[data-remote], [data-third-tile] audio"))) {
      voice.volume = this.#volume;
    }
    this.#put("[data-volume]", `${Math.round(this.#volume * 100)}\u00a0%`);
  }

  #mute() {
    this.setMuted(!this.muted);
    this.dispatchEvent(new CustomEvent("mute"));
  }

  /** @param {boolean} muted */
  setMuted(muted) {
    this.muted = muted;
    const button = document.querySelector("[data-mute]");
    button?.setAttribute("aria-pressed", String(!this.muted));
    this.#put("[data-mute] span", word(this.muted ? "microphoneOff" : "microphoneOn"));
    const drawing = button?.querySelector("use");
    const sheet = drawing?.getAttribute("href")?.split("#")[0];
    drawing?.setAttribute("href", `${sheet}#i-${this.muted ? "mic-off" : "mic"}`);
  }

  /** @param {string} selector @param {string} words */
  #put(selector, words) {
    const place = document.querySelector(selector);
    if (place && place.textContent !== words) place.textContent = words;
  }

  /** @param {string} selector @param {() => void} act */
  #press(selector, act) {
    document.querySelector(selector)?.addEventListener("click", act);
  }
}
