// @ts-check
// Photographs over a data channel while the picture is paused: small, one at a time, and no faster than the last one
// went through without a queue. So they are also how a line that has become better is found out.
//
//   {"bytes": n} ─▶ n bytes in pieces ─▶        ◀─ {"got": n}

const PIECE = 1100; // bytes: one packet each, so that a loss repeats one packet and the voice waits for one
const LARGEST = 32_000; // bytes that are taken from the other end; a page of ours sends at most half of it
const FASTER = 1.5; // after a photograph behind which no queue stood
const SLOWER = 0.5;
const QUEUE = 150; // ms beyond the line's own delay
const LATEST = 12_000; // ms for the word that it arrived
const QUALITIES = [0.6, 0.45, 0.3, 0.15]; // of JPEG, until it is small enough

/** @param {number} ms @returns {Promise<void>} */
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** @param {HTMLCanvasElement} canvas @param {number} most bytes @returns {Promise<ArrayBuffer | null>} */
async function squeeze(canvas, most) {
  for (const quality of QUALITIES) {
    const blob = await new Promise((/** @type {(blob: Blob | null) => void} */ done) => canvas.toBlob(done, "image/jpeg", quality));
    if (blob && blob.size <= most) return blob.arrayBuffer();
  }
  return null;
}

/** Takes photographs of a camera, as long as somebody wants them. */
export class StillSender {
  /** @type {RTCDataChannel | null} */ #channel = null;
  /** @type {() => MediaStreamTrack | null} */ #camera;
  /** @type {import("./ladder.js").StillsWish | null} */ #wish = null;
  #video = document.createElement("video");
  #canvas = document.createElement("canvas");
  #running = false;
  #pace = 0;
  /** @type {(bytes: number) => void} */ #got = () => {};
  /** Bits a second that the last photograph took with no queue behind it. */
  proven = 0;
  /** The shortest way there and back, in ms. */
  delay = 0;
  /** Does a queue stand on the line? */
  queue = false;

  /** @param {() => MediaStreamTrack | null} camera the track that would be sent, while it is on */
  constructor(camera) {
    this.#camera = camera;
    this.#video.muted = true;
    this.#video.playsInline = true;
  }

  /** Send on this channel from now on. @param {RTCDataChannel} channel */
  set channel(channel) {
    this.#channel = channel;
    channel.addEventListener("message", ({ data }) => typeof data === "string" && this.#got(numberIn(data, "got")));
  }

  /** Begin, or end with null. @param {import("./ladder.js").StillsWish | null} wish */
  want(wish) {
    this.#wish = wish;
    if (wish && !this.#running) void this.#run();
  }

  async #run() {
    this.#running = true;
    this.#pace = this.proven = 0;
    try {
      for (let wish = this.#wish; wish; wish = this.#wish) {
        const began = performance.now();
        await this.#send(wish);
        await pause(Math.max(250, wish.every * 1000 - (performance.now() - began)));
      }
    } finally {
      this.#running = false;
      this.#video.srcObject = null;
    }
  }

  /** @param {import("./ladder.js").StillsWish} wish */
  async #send(wish) {
    const channel = this.#channel;
    if (channel?.readyState !== "open" || channel.bufferedAmount > 0) return; // the former one is still on its way
    const jpeg = await this.#take(wish);
    if (!jpeg || channel.readyState !== "open") return;
    this.#pace = Math.min(wish.rate_most, Math.max(wish.rate_least, this.#pace));
    /** @type {Promise<boolean>} */
    const arrived = new Promise((done) => {
      this.#got = (bytes) => done(bytes === jpeg.byteLength);
      setTimeout(() => done(false), LATEST);
    });
    try {
      channel.send(JSON.stringify({ bytes: jpeg.byteLength }));
      for (let at = 0; at < jpeg.byteLength; at += PIECE) {
        channel.send(jpeg.slice(at, at + PIECE));
        if (at + PIECE < jpeg.byteLength) await pause((PIECE * 8000) / this.#pace);
        if (channel.readyState !== "open") return;
      }
      this.#weigh(performance.now(), await arrived);
    } catch (lost) {
      console.debug("call: a photograph went with its connection", lost);
    }
  }

  /** Faster after one that was in time, slower when a queue stands; a lost piece that was repeated says neither. @param {number} sentAt @param {boolean} arrived */
  #weigh(sentAt, arrived) {
    const inTime = arrived && performance.now() - sentAt - this.delay < QUEUE;
    this.proven = inTime ? this.#pace : 0;
    this.#pace *= inTime ? FASTER : this.queue ? SLOWER : 1;
  }

  /** @param {import("./ladder.js").StillsWish} wish */
  async #take(wish) {
    const track = this.#camera();
    if (!track) return null;
    const shown = /** @type {MediaStream | null} */ (this.#video.srcObject);
    if (shown?.getVideoTracks()[0] !== track) this.#video.srcObject = new MediaStream([track]);
    await this.#video.play().catch(() => {});
    const { videoWidth: width, videoHeight: height } = this.#video;
    if (!width || !height) return null;
    this.#canvas.width = Math.min(wish.width, width);
    this.#canvas.height = Math.round((height * this.#canvas.width) / width);
    this.#canvas.getContext("2d")?.drawImage(this.#video, 0, 0, this.#canvas.width, this.#canvas.height);
    return squeeze(this.#canvas, wish.bytes_most);
  }
}

/**
 * Put the pieces of the other end's photographs together.
 * @param {RTCDataChannel} channel @param {(picture: ImageBitmap, takenAt: number) => void} show
 */
export function receiveStills(channel, show) {
  let [expected, had, takenAt] = [0, 0, 0];
  /** @type {ArrayBuffer[]} */ let pieces = [];
  channel.binaryType = "arraybuffer";
  channel.addEventListener("message", async ({ data }) => {
    if (typeof data === "string") {
      const bytes = numberIn(data, "bytes");
      if (bytes) [expected, had, takenAt, pieces] = [bytes <= LARGEST ? bytes : 0, 0, Date.now(), []];
      return;
    }
    had += data.byteLength;
    if (!expected || had > expected) return void (expected = 0);
    pieces.push(data);
    if (had < expected) return;
    channel.send(JSON.stringify({ got: had }));
    const [jpeg, at] = [new Blob(pieces, { type: "image/jpeg" }), takenAt];
    expected = 0;
    const picture = await createImageBitmap(jpeg).catch(() => null);
    if (picture) show(picture, at);
  });
}

/** @param {string} text @param {"bytes" | "got"} name @returns {number} 0 when it is none */
function numberIn(text, name) {
  try {
    const number = JSON.parse(text)?.[name];
    return Number.isInteger(number) && number > 0 ? number : 0;
  } catch {
    return 0;
  }
}
