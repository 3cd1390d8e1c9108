// @ts-check
/**
 * One of the guest's two connections: a call of its own, on a socket of its own, so that it comes back by itself like any
 * other. A voice; a small picture beside it when the page says so. PROTOCOL.md §10.
 *
 *   whoever stands in the visit keeps their seat, the guest sits opposite: the doctor offers to the guest, the guest offers
 *   to the cabin
 * @module
 */

import { Call } from "./call.js";
import { readTable } from "./ladder.js";
import { Signal } from "./signal.js";

const SMALL = { width: 320, height: 240, frameRate: 12 }; // a third picture must not cost the first two
const WITHOUT = new MediaStream();

/**
 * Copies of the page's own tracks: what is done to them (muted, made small) is not done to the visit's call.
 * @param {MediaStream | null} stream @param {boolean} picture
 */
function copy(stream, picture) {
  const own = new MediaStream();
  for (const track of stream?.getTracks() ?? []) {
    if (track.readyState !== "live" || (track.kind === "video" && !picture)) continue;
    const twin = track.clone();
    if (twin.kind === "video") twin.applyConstraints(SMALL).catch((refused) => console.info("pair: full size", refused));
    own.addTrack(twin);
  }
  return own;
}

/** Emits `state`, `carries`, `their-picture`, `unheard` (the browser wants a press) and `ended` {reason}. */
export class Pair extends EventTarget {
  /** @type {"waiting" | "live" | "silent"} */ state = "waiting";
  /** Is the line good enough for a picture? */
  carries = false;
  theirPicture = false;
  #signal;
  #call;
  #seatTicket;
  #video;
  #voice = document.createElement("audio");
  #own = WITHOUT;
  /** @type {MediaStream | null} */ #stream = null;
  #picture = false;
  #muted = false;
  #over = false;

  /**
   * @param {{seat: import("./call.js").Seat, lineTicket: () => Promise<string>, seatTicket: () => Promise<string | null>,
   *   reach: () => Promise<RTCConfiguration>, video: HTMLVideoElement}} options `video` plays what arrives
   */
  constructor({ seat, lineTicket, seatTicket, reach, video }) {
    super();
    this.#seatTicket = seatTicket;
    this.#video = video;
    video.muted = true;
    video.after(this.#voice);
    const other = document.querySelector("video[data-remote]"); // as loud as the doctor
    if (other instanceof HTMLMediaElement) this.#voice.volume = other.volume;
    this.#signal = new Signal({ fetchTicket: lineTicket });
    this.#call = new Call({ signal: this.#signal, seat, fetchSeatTicket: seatTicket, fetchReach: reach });
    const table = readTable();
    /** @param {string} type @param {(detail: any) => void} hear */
    const on = (type, hear) => this.#call.addEventListener(type, (event) => hear(/** @type {CustomEvent} */ (event).detail));
    on("remote-track", ({ track }) => this.#play(track));
    on("live", () => this.#to("live"));
    on("flow", () => this.#to("live"));
    on("silence", () => this.#to("silent"));
    on("line", ({ rung }) => this.#carry(table.with_video.includes(rung)));
    on("peer-state", ({ camera }) => this.#their(camera));
    on("ended", ({ reason }) => this.#end(reason));
  }

  /** @param {MediaStream | null} stream @param {boolean} muted */
  async open(stream, muted) {
    this.#stream = stream;
    this.#muted = muted;
    this.#signal.open();
    try {
      this.#own = copy(stream, false);
      await this.#call.prepare({ stream: this.#own });
      this.#call.setMuted(muted);
      const ticket = await this.#seatTicket();
      if (ticket && !this.#over) this.#call.join(ticket);
      else this.close();
    } catch (error) {
      console.info("pair: no seat yet", error);
      this.close();
    }
  }

  /** Other devices. @param {MediaStream | null} stream */
  use(stream) {
    this.#stream = stream;
    this.#send();
  }

  /** @param {boolean} muted */
  setMuted(muted) {
    this.#muted = muted;
    this.#call.setMuted(muted);
  }

  /** Send the small picture, or the voice alone. @param {boolean} on */
  setPicture(on) {
    if (on === this.#picture) return;
    this.#picture = on;
    this.#send();
  }

  /** Play what arrives: after a press, where the browser wants one. */
  async hear() {
    try {
      await this.#voice.play();
    } catch (error) {
      if (error instanceof DOMException && error.name === "NotAllowedError") this.#emit("unheard");
    }
  }

  close(reason = "left") {
    this.#call.hangUp(reason);
    this.#end(reason);
  }

  #send() {
    if (this.#over) return;
    const former = this.#own;
    this.#own = copy(this.#stream, this.#picture);
    void this.#call.setStream(this.#own).then(() => former.getTracks().forEach((track) => track.stop()));
    this.#call.setMuted(this.#muted);
  }

  /** Voice and picture apart: a browser plays nothing of a stream whose picture never comes. @param {MediaStreamTrack} track */
  #play(track) {
    const place = track.kind === "audio" ? this.#voice : this.#video;
    place.srcObject = new MediaStream([track]);
    if (track.kind === "audio") void this.hear();
    else this.#video.play().catch(() => {}); // it plays as soon as frames come
  }

  /** @param {"waiting" | "live" | "silent"} state */
  #to(state) {
    this.state = state;
    this.#emit("state");
  }

  /** @param {boolean} picture */
  #carry(picture) {
    if (picture === this.carries) return;
    this.carries = picture;
    this.#emit("carries");
  }

  /** @param {boolean} on */
  #their(on) {
    this.theirPicture = on;
    this.#video.hidden = !on;
    this.#emit("their-picture");
  }

  /** @param {string} reason */
  #end(reason) {
    if (this.#over) return;
    this.#over = true;
    this.#signal.close();
    for (const track of this.#own.getTracks()) track.stop();
    this.#voice.remove();
    this.#voice.srcObject = this.#video.srcObject = null;
    this.#video.hidden = true;
    this.#emit("ended", { reason });
  }

  /** @param {string} type @param {object} [detail] */
  #emit(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
