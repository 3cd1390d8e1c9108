// @ts-check
/**
 * The third person, as the cabin and the desk have them: who asks to come in, their voice and small picture, and their end.
 *
 *   none ─▶ invited ─▶ asking ─(the patient's yes)─▶ admitted: a pair ─▶ refused · left · removed · lapsed
 *
 * Nothing of the guest flows before `admitted`: the server gives no seat. The picture is reciprocal: this end sends its own,
 * small, while the guest shows theirs, and only while the visit's own line stands on its highest rung.
 * @module
 */

import { whenQuiet } from "./live.js";
import { Pair } from "./pair.js";

const LOOK_EVERY = 5000; // ms, while somebody is asked in: a lost nudge costs so much
const AGAIN = 1000; // ms before a pair that ended, while the guest is in, is opened again
const QUIET_FOR = 60_000; // ms without a third picture after the visit's own line got weak
const OPEN = ["invited", "asking", "admitted"];

/** @typedef {{guest_id: string, part: string, status: string, name: string}} Guest */

/** Emits `changed` {guest} and `state` {state}. */
export class ThirdSeat extends EventTarget {
  /** @type {Guest | null} */ guest = null;
  #options;
  /** @type {Pair | null} */ #pair = null;
  /** @type {MediaStream | null} */ #stream = null;
  #muted = false;
  #good = true;
  #quietUntil = 0;
  #running = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #later;

  /**
   * @param {{seat: import("./call.js").Seat, look: () => Promise<Guest | null>, lineTicket: () => Promise<string>,
   *   seatTicket: () => Promise<string | null>, reach: () => Promise<RTCConfiguration>, video: HTMLVideoElement}} options
   */
  constructor(options) {
    super();
    this.#options = options;
    document.addEventListener("click", ({ target }) => {
      if (target instanceof Element && target.closest("[data-hear]")) void this.#pair?.hear();
    });
  }

  /** Is the visit's call running here? Without it there is no third seat. @param {boolean} running */
  run(running) {
    if (running === this.#running) return;
    this.#running = running;
    if (running) return whenQuiet(() => void this.look());
    this.#drop();
    this.#tell(null);
  }

  /** The own devices. @param {MediaStream | null} stream */
  use(stream) {
    this.#stream = stream;
    this.#pair?.use(stream);
  }

  /** @param {boolean} muted */
  setMuted(muted) {
    this.#muted = muted;
    this.#pair?.setMuted(muted);
  }

  /** Where the visit's own call stands: it comes first. @param {{rung: string}} line */
  line({ rung }) {
    this.#good = rung === "video";
    if (!this.#good) this.#quietUntil = performance.now() + QUIET_FOR;
    this.#show();
  }

  /** Ask the server who is there. */
  async look() {
    if (!this.#running) return;
    clearTimeout(this.#later);
    try {
      const guest = await this.#options.look();
      if (!this.#running) return;
      this.#tell(guest);
      if (guest?.status === "admitted") this.#meet();
      else this.#drop();
    } catch (error) {
      console.info("third seat: not known", error);
    }
    this.#show();
    if (this.guest && OPEN.includes(this.guest.status)) this.#later = setTimeout(() => void this.look(), LOOK_EVERY);
  }

  #meet() {
    if (this.#pair) return;
    const pair = (this.#pair = new Pair(this.#options));
    pair.addEventListener("state", () => this.#emit("state", { state: pair.state }));
    pair.addEventListener("unheard", () => document.querySelector("[data-hear]")?.removeAttribute("hidden"));
    for (const type of ["their-picture", "carries"]) pair.addEventListener(type, () => this.#show());
    pair.addEventListener("ended", (event) => {
      if (pair !== this.#pair) return;
      this.#pair = null;
      if (/** @type {CustomEvent} */ (event).detail.reason !== "replaced") this.#later = setTimeout(() => void this.look(), AGAIN);
    });
    void pair.open(this.#stream, this.#muted);
  }

  #show() {
    const pair = this.#pair;
    pair?.setPicture(pair.theirPicture && pair.carries && this.#good && performance.now() > this.#quietUntil);
  }

  #drop() {
    clearTimeout(this.#later);
    const pair = this.#pair;
    this.#pair = null;
    pair?.close();
  }

  /** @param {Guest | null} guest */
  #tell(guest) {
    const news = JSON.stringify(guest) !== JSON.stringify(this.guest);
    this.guest = guest;
    if (news) this.#emit("changed", { guest });
  }

  /** @param {string} type @param {object} detail */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
