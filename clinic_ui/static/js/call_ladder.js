// @ts-check
// Walks the ladder for one end of a call: looks once a second, sets what is sent, tells the other end where it stands,
// and counts what the call was like.
//
//   channel "line"   {rung, camera, lost, hidden}, every 2 s and at each step: may be lost
//   channel "still"  photographs, on the rung that has them
//
// Both channels are part of every connection from its first description on; PROTOCOL.md §9 describes them.

import { setPicture, setVoice } from "./call_media.js";
import { receiveStills, StillSender } from "./call_stills.js";
import { Tally } from "./call_tally.js";
import { begin, depth, Doubling, look, readTable, together } from "./ladder.js";

/** @typedef {import("./ladder.js").Rung} Rung */
/** @typedef {{rung: Rung, camera: boolean, lost: number, hidden: number}} Told */

const TELL_EVERY = 2; // s
const TOLD_FOR = 6000; // ms: what was told longer ago decides nothing any more
const HEADERS = 58; // bytes of each packet of voice
const BEGUN = 3; // s after which both pictures are there, and their size may give way

/** @param {unknown} value */
const share = (value) => (typeof value === "number" && value >= 0 && value <= 1 ? value : 0);

/**
 * Emits `line` {rung, weak, mine, theirs, dark} when it changes, `still` {picture, takenAt}, and `voice` {doubled,
 * packet}: how the voice should be sent from now on, which takes a step of the connection.
 */
export class CallLadder extends EventTarget {
  tally = new Tally();
  #table;
  #stand;
  /** @type {typeof this.#stand | null} */ #sounds = null; // where it stood while the line last carried something
  #doubling;
  /** @type {RTCPeerConnection | null} */ #pc = null;
  /** @type {RTCDataChannel | null} */ #channel = null;
  /** @type {Told | null} */ #told = null;
  #toldAt = -Infinity;
  #tellIn = 0;
  #seconds = 0;
  #camera = false;
  #said = "";
  #stills = new StillSender(() => this.#track);

  /** @param {import("./ladder.js").Table} [table] */
  constructor(table = readTable()) {
    super();
    this.#table = table;
    this.#stand = begin(table);
    this.#doubling = new Doubling(table.redundancy);
  }

  /** Go on with this connection, at the rung where the last one stood. Before its first description. @param {RTCPeerConnection} pc */
  join(pc) {
    this.#pc = pc;
    this.#told = null;
    this.#channel = pc.createDataChannel("line", { negotiated: true, id: 0, ordered: false, maxRetransmits: 0 });
    this.#channel.addEventListener("message", ({ data }) => pc === this.#pc && this.#hear(data));
    const stills = (this.#stills.channel = pc.createDataChannel("still", { negotiated: true, id: 1 }));
    receiveStills(stills, (picture, takenAt) => this.#emit("still", { picture, takenAt }));
    if (this.#seconds) void this.#send(); // the senders come later: `tune` sets them like this
  }

  /** How the voice is to be sent. */
  get voice() {
    return { doubled: this.#doubling.on, packet: this.#step.voice.packet };
  }

  get #step() {
    return this.#table.ladder[depth(this.#table, this.#stand.rung)];
  }

  /** What both ends are on together, and whose line it is. */
  get shared() {
    const shared = together(this.#table, this.#stand.rung, this.#told?.rung ?? this.#table.ladder[0].rung);
    const dark = !this.#camera || this.#told?.camera === false; // nobody's line: a camera is off, or there is none
    if (!dark || depth(this.#table, shared.rung) >= depth(this.#table, "voice")) return { ...shared, dark: false };
    return { ...shared, dark };
  }

  /** The rung of the visit: without one of the pictures it is a voice, whatever the line takes. @returns {Rung} */
  get #visible() {
    const { rung, dark } = this.shared;
    return dark ? "voice" : rung;
  }

  /** Seconds without one of the two pictures. */
  get withoutVideo() {
    return this.tally.without(this.#table.with_video);
  }

  /** The camera that is sent, while it is on. */
  get #track() {
    const line = this.#pc?.getTransceivers().find((one) => one.receiver.track.kind === "video");
    const track = line?.sender.track;
    return track?.readyState === "live" && track.enabled ? track : null;
  }

  /**
   * One second of the line.
   * @param {{available: number | undefined, silent: number, waits: number, lost: number, hidden: number, delay: number, jitter: number}} second
   *   what the line takes, and what this end hears
   */
  async look(second) {
    const fresh = this.#told && performance.now() - this.#toldAt < TOLD_FOR ? this.#told : null;
    const available = this.#room(second.available);
    const { silent, waits } = second;
    const sample = { available, lost: fresh?.lost ?? 0, hidden: fresh?.hidden ?? 0, waits, silent };
    this.#camera = !!this.#track;
    const { weak } = this.shared;
    this.tally.stood(this.#visible, weak);
    if (silent < 1) this.tally.saw(second);
    const [before, voice] = [this.#stand.rung, JSON.stringify(this.voice)];
    if (silent < 1) this.#sounds = this.#stand;
    this.#stand = look(this.#table, this.#stand, sample);
    this.#stills.delay = second.delay - waits * 1000;
    this.#stills.queue = waits > this.#table.redundancy.waits_on;
    this.#doubling.look(sample);
    if (JSON.stringify(this.voice) !== voice) this.#emit("voice", this.voice);
    if (this.#stand.rung !== before || ++this.#seconds === BEGUN) await this.#send();
    if (this.#stand.rung !== before || --this.#tellIn <= 0) this.#tell(second);
    this.#say();
  }

  /** What the line takes: the browser's estimate, or what photographs have proven beside the voice. @param {number | undefined} estimate */
  #room(estimate) {
    if (estimate === undefined) return null;
    const { bitrate, packet } = this.#step.voice;
    const proven = this.#step.stills ? this.#stills.proven : 0;
    return Math.max(estimate, proven && proven + bitrate + (HEADERS * 8000) / packet);
  }

  /** The line was cut and is whole: what is sent is what was sent before, for a cut says nothing of how much it carries. */
  whole() {
    if (!this.#sounds) return;
    this.#stand = { ...this.#sounds, falling: {}, rising: 0 };
    this.#told = null;
    void this.#send();
    this.#say();
  }

  stop() {
    this.#stills.want(null);
    this.#pc = this.#channel = null;
  }

  /** Set what is sent to what the rung says. */
  async #send() {
    const pc = this.#pc;
    if (!pc) return;
    const { picture, voice, stills } = this.#step;
    this.#stills.want(stills);
    await setPicture(pc, picture);
    await setVoice(pc, voice.bitrate);
  }

  /** @param {{lost: number, hidden: number}} heard */
  #tell({ lost, hidden }) {
    if (this.#channel?.readyState !== "open" || this.#channel.bufferedAmount > 2000) return;
    this.#tellIn = TELL_EVERY;
    const told = { rung: this.#stand.rung, camera: this.#camera, lost: round(lost), hidden: round(hidden) };
    this.#channel.send(JSON.stringify(told));
  }

  /** @param {unknown} text */
  #hear(text) {
    let told;
    try {
      told = JSON.parse(String(text));
    } catch {
      return;
    }
    if (depth(this.#table, told?.rung) < 0) return;
    this.#told = { rung: told.rung, camera: told.camera !== false, lost: share(told.lost), hidden: share(told.hidden) };
    this.#toldAt = performance.now();
    this.#say();
  }

  #say() {
    const said = { ...this.shared, mine: this.#stand.rung, theirs: this.#told?.rung ?? null };
    if (this.#said === JSON.stringify(said)) return;
    this.#said = JSON.stringify(said);
    this.#emit("line", said);
  }

  /** @param {string} type @param {object} detail */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** @param {number} value */
const round = (value) => Math.round(value * 1000) / 1000;
