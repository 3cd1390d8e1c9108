// @ts-check
/**
 * The cabin's camera and microphone: opened early, shown to the person, let go on every way out.
 * @module
 */

import { word } from "../words.js";

const SOUND = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const PICTURE = { width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: 30 } }; // what is sent; more would only be shrunk
const FINE = { width: { ideal: 1920 }, height: { ideal: 1080 } }; // a sheet of A4 held up: letters of 3 mm are 20 points high
const HEARD = 0.08; // of full scale: speech at an arm's length, above a fan
const LOOK_EVERY = 120; // ms

/** @typedef {"asking" | "refused" | "absent" | "ready"} Camera */

/** Emits `changed` when the stream is another one, and `lost` when a device was unplugged. */
export class Mirror extends EventTarget {
  /** @type {MediaStream | null} */ stream = null;
  /** @type {HTMLElement} */ #place;
  #heard = false;
  /** @type {AudioContext | null} */ #ears = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #timer;
  #opening = false;
  #wanted = false;

  /** @param {HTMLElement} place the part of the page that shows what is going on */
  constructor(place) {
    super();
    this.#place = place;
    place.querySelector("[data-again]")?.addEventListener("click", () => void this.open());
    navigator.mediaDevices?.addEventListener("devicechange", () => {
      if (this.#wanted && !this.complete) void this.open();
    });
    addEventListener("pagehide", () => this.close());
  }

  /** Are camera and microphone both there? */
  get complete() {
    const live = (/** @type {string} */ kind) =>
      this.stream?.getTracks().some((track) => track.kind === kind && track.readyState === "live");
    return !!live("audio") && !!live("video");
  }

  /** Open what there is: both, else the voice alone, else the picture alone. Never throws. */
  async open() {
    this.#wanted = true;
    if (this.#opening || this.complete) return;
    this.#opening = true;
    this.#place.hidden = false;
    this.#say("camera", "cameraAsking");
    const { stream, refused } = await firstOf([
      { audio: SOUND, video: PICTURE },
      { audio: SOUND, video: false },
      { audio: false, video: PICTURE },
    ]);
    this.#opening = false;
    if (!this.#wanted) return stop(stream);
    stop(this.stream);
    this.stream = stream;
    this.#show(refused);
    this.dispatchEvent(new CustomEvent("changed"));
  }

  /**
   * Have the camera see fine print: its track for photos, and beside it a small copy for the call, from now on.
   * A camera that somebody else has open keeps its size.
   * @returns {Promise<MediaStreamTrack | null>} null without a camera; who asked stops it
   */
  async fine() {
    const own = this.stream?.getVideoTracks().find((track) => track.readyState === "live");
    if (!own) return (await firstOf([{ video: FINE }])).stream?.getVideoTracks()[0] ?? null;
    await own.applyConstraints(FINE).catch((error) => console.info("mirror: not fine", error));
    const small = own.clone();
    await small.applyConstraints(PICTURE).catch((error) => console.info("mirror: not small", error));
    this.stream = new MediaStream([...(this.stream?.getAudioTracks() ?? []), small]);
    for (const video of selves()) video.srcObject = this.stream;
    small.addEventListener("ended", () => this.#lose());
    this.dispatchEvent(new CustomEvent("changed"));
    return own;
  }

  /** Let the camera and the microphone go; their light goes out. */
  close() {
    this.#wanted = false;
    clearInterval(this.#timer);
    void this.#ears?.close();
    this.#ears = null;
    stop(this.stream);
    this.stream = null;
    for (const video of selves()) video.srcObject = null;
    this.#place.hidden = true;
  }

  /** A device is gone: the next one takes its place, as soon as there is one. */
  #lose() {
    this.dispatchEvent(new CustomEvent("lost"));
    void this.open();
  }

  /** @param {boolean} refused */
  #show(refused) {
    const seen = !!this.stream?.getVideoTracks().length;
    const audible = !!this.stream?.getAudioTracks().length;
    for (const video of selves()) video.srcObject = seen ? this.stream : null;
    for (const track of this.stream?.getTracks() ?? []) track.addEventListener("ended", () => this.#lose());
    const none = this.#place.querySelector("[data-no-picture]");
    if (none instanceof HTMLElement) none.hidden = seen;
    const again = this.#place.querySelector("[data-again]");
    if (again instanceof HTMLElement) again.hidden = this.complete;
    this.#say("camera", seen ? "seen" : refused ? "cameraRefused" : "cameraAbsent", seen);
    this.#say("microphone", audible ? "speak" : "microphoneAbsent");
    if (audible) this.#listen();
  }

  /** Move the bar with the voice. */
  #listen() {
    if (!this.stream) return;
    this.#ears ??= new AudioContext();
    void this.#ears.resume();
    const analyser = this.#ears.createAnalyser();
    analyser.fftSize = 1024;
    this.#ears.createMediaStreamSource(this.stream).connect(analyser);
    const wave = new Float32Array(analyser.fftSize);
    const bar = this.#place.querySelector("[data-level]");
    clearInterval(this.#timer);
    this.#timer = setInterval(() => {
      analyser.getFloatTimeDomainData(wave);
      const loud = Math.min(1, Math.sqrt(wave.reduce((sum, one) => sum + one * one, 0) / wave.length) * 4);
      if (bar instanceof HTMLProgressElement) bar.value = loud;
      if (loud > HEARD && !this.#heard) {
        this.#heard = true;
        this.#say("microphone", "heard", true);
      }
    }, LOOK_EVERY);
  }

  /** @param {"camera" | "microphone"} which @param {string} key @param {boolean} [good] */
  #say(which, key, good = false) {
    const line = this.#place.querySelector(`[data-${which}-words]`);
    const words = line?.querySelector("span");
    if (words && words.textContent !== word(key)) words.textContent = word(key);
    line?.classList.toggle("is-good", good);
  }
}

/** @returns {HTMLVideoElement[]} where the person sees themself */
function selves() {
  return /** @type {HTMLVideoElement[]} */ ([...document.querySelectorAll("video[data-self]")]);
}

/** @param {MediaStream | null} stream */
function stop(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** @param {MediaStreamConstraints[]} wishes @returns {Promise<{stream: MediaStream | null, refused: boolean}>} */
async function firstOf(wishes) {
  let refused = false;
  for (const wish of wishes) {
    try {
      return { stream: await navigator.mediaDevices.getUserMedia(wish), refused };
    } catch (error) {
      refused ||= error instanceof DOMException && error.name === "NotAllowedError";
    }
  }
  return { stream: null, refused };
}
