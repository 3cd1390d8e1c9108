// @ts-check
// The page's own tracks in a call. Whether they are on is the page's wish, and outlives every connection and every device.

export class Own {
  /** @type {MediaStream | null} */ stream = null;
  #muted = false;
  #camera = true;

  /** Another stream: what was off stays off. @param {MediaStream | null} stream */
  use(stream) {
    this.stream = stream;
    for (const track of stream?.getAudioTracks() ?? []) track.enabled = !this.#muted;
    for (const track of stream?.getVideoTracks() ?? []) track.enabled = this.#camera;
  }

  /** @param {boolean} muted */
  set muted(muted) {
    this.#muted = muted;
    this.use(this.stream);
  }

  /** @param {boolean} on */
  set camera(on) {
    this.#camera = on;
    this.use(this.stream);
  }

  /** What is on, as the other end is told. */
  get state() {
    const on = (/** @type {MediaStreamTrack} */ track) => track.enabled;
    return { microphone: !!this.stream?.getAudioTracks().some(on), camera: !!this.stream?.getVideoTracks().some(on) };
  }
}
