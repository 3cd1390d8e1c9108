// @ts-check
// What arrives from the other end, in one stream that stays the same through every restart.

/** Emits `remote-track` {track, stream}. */
export class Remote extends EventTarget {
  stream = new MediaStream();
  /** @type {MediaStreamTrack[]} */ #next = []; // of a connection from which nothing arrived yet

  /** @type {Map<string, MediaStreamTrack>} */ #newest = new Map(); // by kind

  /** Another connection begins. */
  begin() {
    this.#next = [];
  }

  /** What came before stays in sight until something of the new connection arrives. @param {MediaStreamTrack} track @param {boolean} held nothing may be shown yet */
  take(track, held) {
    this.#next.push(track);
    if (!held && !this.stream.getTracks().some((one) => one.kind === track.kind)) this.show();
  }

  /** Something arrives, or may: show the newest. */
  show() {
    for (const track of this.#next.splice(0)) {
      this.#newest.set(track.kind, track);
      if (track.kind === "video" && track.muted) track.addEventListener("unmute", () => this.#add(track), { once: true });
      else this.#add(track);
    }
  }

  /** A browser plays nothing of a stream, not even the voice, while its picture never comes. @param {MediaStreamTrack} track */
  #add(track) {
    if (this.#newest.get(track.kind) !== track) return;
    for (const one of this.stream.getTracks()) if (one.kind === track.kind) this.stream.removeTrack(one);
    this.stream.addTrack(track);
    this.dispatchEvent(new CustomEvent("remote-track", { detail: { track, stream: this.stream } }));
  }
}
