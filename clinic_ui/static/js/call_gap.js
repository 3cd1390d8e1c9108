// @ts-check
// After a gap, this end sends a whole picture at once: both ends find out that the line is whole, and one picture is enough.

import { wholePicture } from "./call_media.js";

const EVERY = 800; // ms

export class Gap {
  /** @type {"never" | "yes" | "lost"} */ #heard = "never"; // by the other end, as it last said
  #at = -Infinity;

  /** The other end says whether it hears this one. @param {boolean} receiving @param {RTCPeerConnection | undefined} pc */
  told(receiving, pc) {
    if (receiving && this.#heard === "lost") this.over(pc);
    if (receiving) this.#heard = "yes";
    else if (this.#heard === "yes") this.#heard = "lost";
  }

  /** The line is whole again, this way or that. @param {RTCPeerConnection | undefined} pc */
  over(pc) {
    if (!pc || performance.now() - this.#at < EVERY) return;
    this.#at = performance.now();
    void wholePicture(pc);
  }
}
