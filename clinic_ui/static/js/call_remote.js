// @ts-check
// What arrives from the other end, in one stream that stays the same through every restart.

/** Emits `remote-track` {track, stream}. */
export class Remote extends EventTarget {
  stream = new MediaStream();
  /** @type {MediaStreamTrack[]} */ #next = []; // of a connection from which nothing arrived yet

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
      for (const one of this.stream.getTracks()) if (one.kind === track.kind) this.stream.removeTrack(one);
      this.stream.addTrack(track);
      this.dispatchEvent(new CustomEvent("remote-track", { detail: { track, stream: this.stream } }));
    }
  }
}
