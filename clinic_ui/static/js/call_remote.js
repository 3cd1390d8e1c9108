// @ts-check
// What arrives from the other end, in one stream that stays the same through every restart. A page plays the stream of the
// newest `remote-track`.

const PICTURE_WITHIN = 700; // ms after the voice: who has a camera shows something by then

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

  /** Something arrives, or may: show the newest. The browser makes its screen ready while the first picture is on its way. */
  show() {
    for (const track of this.#next.splice(0)) {
      this.#newest.set(track.kind, track);
      if (track.kind === "audio") this.#hear(track);
      else this.#see(track);
    }
  }

  /** @param {MediaStreamTrack} track */
  #hear(track) {
    this.#add(track);
    track.addEventListener("unmute", () => this.#await(), { once: true });
    if (!track.muted) this.#await();
  }

  /** A former picture stays until the next one comes. @param {MediaStreamTrack} track */
  #see(track) {
    track.addEventListener("unmute", () => this.#add(track));
    if (!track.muted || !this.stream.getVideoTracks().length) this.#add(track);
  }

  /** A browser plays nothing of a stream, not even the voice, while its picture never comes: then the voice goes alone. */
  #await() {
    setTimeout(() => {
      if (!this.stream.getVideoTracks().some((track) => track.muted && track === this.#newest.get("video"))) return;
      this.stream = new MediaStream(this.stream.getAudioTracks()); // a player does not notice that a track is taken away
      for (const track of this.stream.getTracks()) this.#tell(track);
    }, PICTURE_WITHIN);
  }

  /** @param {MediaStreamTrack} track */
  #add(track) {
    if (this.#newest.get(track.kind) !== track || this.stream.getTracks().includes(track)) return;
    for (const one of this.stream.getTracks()) if (one.kind === track.kind) this.stream.removeTrack(one);
    this.stream.addTrack(track);
    this.#tell(track);
  }

  /** @param {MediaStreamTrack} track */
  #tell(track) {
    this.dispatchEvent(new CustomEvent("remote-track", { detail: { track, stream: this.stream } }));
  }
}
