// @ts-check
// Watches what arrives on a connection: the first picture, silence, flow again, and how good the line is.

const LOOK_EVERY = 500; // ms: silence is known within 1.5 to 2 s
const LOOK_EVERY_AT_FIRST = 100; // ms, until the first frame
const SILENCE = 1500; // ms: a gap that a person notices; ICE itself says so after 5 s
const BAD_LOOKS = 3; // of 2 s: a level goes down on sustained trouble,
const GOOD_LOOKS = 15; // and up again slowly, so that it does not flicker
const VOICE_ALONE = 50; // packets: a second of voice with no picture is a call too

/** @typedef {{packets: number, frames: number, lost: number, concealed: number, samples: number, rtt: number,
 *   available: number | undefined}} Sample */

/** What getStats says now. @param {RTCPeerConnection} pc @returns {Promise<Sample>} */
async function look(pc) {
  const sample = { packets: 0, frames: 0, lost: 0, concealed: 0, samples: 0, rtt: 0, available: undefined };
  for (const row of (await pc.getStats()).values()) {
    if (row.type === "inbound-rtp") {
      sample.packets += row.packetsReceived ?? 0;
      sample.lost += row.packetsLost ?? 0;
      sample.frames += row.framesDecoded ?? 0;
      sample.concealed += (row.concealedSamples ?? 0) - (row.silentConcealedSamples ?? 0);
      sample.samples += row.totalSamplesReceived ?? 0;
    } else if (row.type === "candidate-pair" && row.nominated && row.state === "succeeded") {
      sample.rtt = (row.currentRoundTripTime ?? 0) * 1000;
      sample.available = row.availableOutgoingBitrate;
    }
  }
  return sample;
}

/**
 * The level of a stretch of line, 4 (good) to 0 (no use): the worst of what it lost, hid and delayed.
 * @param {Sample} before @param {Sample} now
 */
export function levelOf(before, now) {
  const share = (/** @type {number} */ part, /** @type {number} */ whole) => (whole > 0 ? part / whole : 0);
  const lost = now.lost - before.lost;
  const loss = share(lost, lost + now.packets - before.packets);
  const hidden = share(now.concealed - before.concealed, now.samples - before.samples);
  const available = now.available ?? Infinity;
  if (hidden > 0.2) return 0;
  if (loss < 0.02 && hidden < 0.02 && now.rtt < 250 && available >= 250000) return 4;
  if (loss < 0.05 && hidden < 0.05 && now.rtt < 400 && available >= 250000) return 3;
  return loss < 0.1 && available >= 100000 ? 2 : 1;
}

/** Emits `live`, `silence`, `flow` {seconds}, `level` {level}, `second` {available}: of one connection at a time. */
export class LineWatch extends EventTarget {
  /** @type {RTCPeerConnection | null} */ #pc = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #live = false;
  #silent = false;
  #arrivedAt = 0;
  #looks = 0;
  #worse = 0;
  #better = 0;
  level = 4;
  /** Does the peer send anything at all? With camera and microphone off, silence means nothing. */
  expected = true;
  /** @type {Sample | null} */ #last = null;
  /** @type {Sample | null} */ #weighed = null;

  /** Does media arrive? */
  get flowing() {
    return this.#live && !this.#silent;
  }

  /** Watch this connection from now on; what came before is remembered. @param {RTCPeerConnection} pc */
  watch(pc) {
    this.#pc = pc;
    this.#last = this.#weighed = null;
    this.#schedule();
  }

  stop() {
    this.#pc = null;
    clearTimeout(this.#timer);
  }

  #schedule() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), this.#live && !this.#silent ? LOOK_EVERY : LOOK_EVERY_AT_FIRST);
  }

  async #look() {
    const pc = this.#pc;
    if (!pc) return;
    const now = await look(pc);
    if (pc !== this.#pc) return;
    const last = this.#last;
    this.#last = now;
    this.#listen(now, last);
    if (this.flowing && this.#looks++ % 2 === 0) this.#emit("second", { available: now.available });
    if (this.flowing && this.#looks % 4 === 0) this.#weigh(now);
    this.#schedule();
  }

  /** @param {Sample} now @param {Sample | null} last */
  #listen(now, last) {
    const time = performance.now();
    const arrives = now.packets > (last?.packets ?? 0);
    if (!this.#live) {
      if (now.frames === 0 && now.packets < VOICE_ALONE) return;
      this.#live = true;
      this.#arrivedAt = time;
      this.#emit("live", {});
    } else if (arrives && this.#silent) {
      this.#silent = false;
      this.#emit("flow", { seconds: (time - this.#arrivedAt) / 1000 });
    } else if (!arrives && !this.#silent && this.expected && time - this.#arrivedAt > SILENCE) {
      this.#silent = true;
      this.#emit("silence", {});
    }
    if (arrives) this.#arrivedAt = time;
  }

  /** Down after 3 bad looks, up after 15 good ones. @param {Sample} now */
  #weigh(now) {
    const before = this.#weighed;
    this.#weighed = now;
    if (!before) return;
    const seen = levelOf(before, now);
    this.#worse = seen < this.level ? this.#worse + 1 : 0;
    this.#better = seen > this.level ? this.#better + 1 : 0;
    if (this.#worse < BAD_LOOKS && this.#better < GOOD_LOOKS) return;
    this.level += this.#worse ? -1 : 1;
    this.#worse = this.#better = 0;
    this.#emit("level", { level: this.level });
  }

  /** @param {string} type @param {object} detail */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
