// @ts-check
/**
 * The doctor's camera and microphone: opened before a patient is taken, and shown, so that nothing is to be asked then.
 * @module
 */

const SOUND = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const PICTURE = { width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: 30 } }; // what is sent; more would only be shrunk
const LOOK_EVERY = 150; // ms

/** @typedef {"asking" | "ready" | "refused" | "absent"} Camera */

/** Emits `changed` when the stream is another one, and `state` when what can be said of it is. */
export class Media extends EventTarget {
  /** @type {MediaStream | null} */ stream = null;
  /** @type {Camera} */ camera = "asking";
  microphone = false;
  #opening = false;
  /** @type {Set<string>} */ #had = new Set(); // kinds of tracks that there were
  /** @type {AudioContext | null} */ #ears = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #timer;

  constructor() {
    super();
    navigator.mediaDevices?.addEventListener("devicechange", () => this.complete || void this.open());
    addEventListener("pagehide", () => stop(this.stream));
  }

  /** Are camera and microphone both there? */
  get complete() {
    const live = (/** @type {string} */ kind) =>
      this.stream?.getTracks().some((track) => track.kind === kind && track.readyState === "live");
    return !!live("audio") && !!live("video");
  }

  /** Open what there is: both, else the voice alone, else the picture alone. Never throws. */
  async open() {
    if (this.#opening || this.complete) return;
    this.#opening = true;
    this.#say("asking", false);
    let refused = false;
    let stream = null;
    for (const wish of [{ audio: SOUND, video: PICTURE }, { audio: SOUND, video: false }, { audio: false, video: PICTURE }]) {
      try {
        stream = await navigator.mediaDevices.getUserMedia(wish);
        break;
      } catch (error) {
        refused ||= error instanceof DOMException && error.name === "NotAllowedError";
      }
    }
    this.#opening = false;
    stop(this.stream);
    this.stream = stream;
    for (const track of stream?.getTracks() ?? []) this.#had.add(track.kind);
    for (const track of stream?.getTracks() ?? []) track.addEventListener("ended", () => this.#lose());
    this.#say(stream?.getVideoTracks().length ? "ready" : refused ? "refused" : "absent", !!stream?.getAudioTracks().length);
    this.#listen();
    this.dispatchEvent(new CustomEvent("changed"));
  }

  /** What was there and is unplugged: "audio", "video" or "". */
  get lost() {
    const live = (/** @type {string} */ kind) =>
      this.stream?.getTracks().some((track) => track.kind === kind && track.readyState === "live");
    return ["audio", "video"].find((kind) => this.#had.has(kind) && !live(kind)) ?? "";
  }

  /** A device is gone: the next one takes its place, as soon as there is one. */
  #lose() {
    this.dispatchEvent(new CustomEvent("state"));
    void this.open();
  }

  /** @param {Camera} camera @param {boolean} microphone */
  #say(camera, microphone) {
    this.camera = camera;
    this.microphone = microphone;
    this.dispatchEvent(new CustomEvent("state"));
  }

  /** Move the bar with the voice. */
  #listen() {
    clearInterval(this.#timer);
    const bar = document.querySelector("[data-level]");
    if (!this.stream?.getAudioTracks().length || !(bar instanceof HTMLProgressElement)) return;
    this.#ears ??= new AudioContext();
    const analyser = this.#ears.createAnalyser();
    analyser.fftSize = 1024;
    this.#ears.createMediaStreamSource(this.stream).connect(analyser);
    const wave = new Float32Array(analyser.fftSize);
    this.#timer = setInterval(() => {
      if (!bar.offsetParent) return;
      analyser.getFloatTimeDomainData(wave);
      bar.value = Math.min(1, Math.sqrt(wave.reduce((sum, one) => sum + one * one, 0) / wave.length) * 4);
    }, LOOK_EVERY);
  }
}

/** @param {MediaStream | null} stream */
function stop(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
