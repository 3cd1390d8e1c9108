// @ts-check
/**
 * The other person's picture while it is paused: their last photograph, or the last frame, and how old it is.
 * @module
 */

/** @param {Element} stage the element around the <video>; it holds canvas[data-still] */
export class StillView {
  #canvas;
  #video;
  #say;
  #paused = false;
  #at = 0;

  /** @param {Element} stage @param {(takenAt: Date | null) => void} say words for the picture's age; null clears them */
  constructor(stage, say) {
    this.#canvas = /** @type {HTMLCanvasElement} */ (stage.querySelector("canvas[data-still]"));
    this.#video = stage.querySelector("video[data-remote]");
    this.#say = say;
    setInterval(() => this.#paused && this.#tell(), 1000);
  }

  /** Is the other person's picture paused? @param {boolean} paused */
  pause(paused) {
    if (paused === this.#paused) return;
    this.#paused = paused;
    this.#at = paused ? Date.now() : 0;
    if (paused) this.#keepFrame();
    else this.#canvas.hidden = true;
    this.#tell();
  }

  /** @param {ImageBitmap} picture @param {number} takenAt */
  show(picture, takenAt) {
    if (this.#paused) {
      this.#at = takenAt;
      this.#draw(picture, picture.width, picture.height);
      this.#tell();
    }
    picture.close();
  }

  /** A browser may drop a paused picture: the last frame is kept here. */
  #keepFrame() {
    const video = this.#video;
    if (video instanceof HTMLVideoElement && video.videoWidth) this.#draw(video, video.videoWidth, video.videoHeight);
  }

  /** @param {CanvasImageSource} picture @param {number} width @param {number} height */
  #draw(picture, width, height) {
    this.#canvas.width = width;
    this.#canvas.height = height;
    this.#canvas.getContext("2d")?.drawImage(picture, 0, 0);
    this.#canvas.hidden = false;
  }

  #tell() {
    this.#say(this.#paused ? new Date(this.#at) : null);
  }
}
