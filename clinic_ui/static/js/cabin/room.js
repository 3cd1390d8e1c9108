// @ts-check
/**
 * The waiting room and the call, on one page. The seat is taken while one waits, with camera and sockets ready, so that
 * the picture comes up without a touch when the doctor takes the visit.
 *
 *   waiting ─▶ (the doctor sits down) call ─▶ hung up ─▶ closing ─▶ another screen
 *
 * What the visit is at is told by the server alone: each piece that <tc-live> fetches carries `data-step`.
 * @module
 */

import { Call } from "../call.js";
import { forgetSwitches, keepSwitch, switchedOff } from "../call_switches.js";
import { hush, whenQuiet } from "../live.js";
import { say } from "../page.js";
import { word } from "../words.js";
import { ask, reach, seatTicket, tell } from "./api.js";
import { CallView } from "./call_view.js";
import { openLines } from "./lines.js";
import { cabinThird } from "./third.js";
import { Mirror } from "./mirror.js";
import { showPapers } from "./paper.js";

const SIT_AGAIN = 2000; // ms before a seat that could not be had is asked for again
const ANSWER_FIRST = 60; // ms: drawing the call's screen waits until the answer to the doctor's offer is on its way
const PICTURE_FIRST = 700; // ms: a call is usually set up by then
const REPORT_EVERY = 20_000; // ms; a report that is lost costs nothing, the next says it all again
const SEATED_STEPS = ["waiting", "call"];

class Room {
  #signal = openLines();
  #mirror = new Mirror(/** @type {HTMLElement} */ (document.querySelector("[data-mirror]")));
  #view = new CallView();
  #third = cabinThird();
  /** @type {Call | null} */ #call = null;
  #step = "";
  #sitting = false;
  #silent = false;
  #left = false;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #reporting;

  constructor() {
    this.#mirror.addEventListener("changed", () => (void this.#call?.setStream(this.#mirror.stream), this.#third.use(this.#mirror.stream)));
    for (const type of ["lost", "changed"]) this.#mirror.addEventListener(type, () => this.#tellDevices());
    this.#view.setMuted(switchedOff().has("microphone"));
    this.#view.addEventListener("mute", () => {
      this.#call?.setMuted(this.#view.muted);
      this.#third.setMuted(this.#view.muted);
      keepSwitch("microphone", !this.#view.muted);
    });
    this.#view.addEventListener("hang-up", () => void this.#hangUp());
    document.querySelector("#room tc-live")?.addEventListener("placed", () => this.#look());
    for (const type of ["nudge", "open"]) this.#signal.addEventListener(type, () => whenQuiet(() => void this.#third.look()));
    this.#signal.addEventListener("closed", () => this.#step && this.#view.banner(word("elsewhere")));
    showPapers(() => this.#mirror.fine());
    this.#look();
  }

  /** Read what the server last said, and be where the visit is. */
  #look() {
    const state = document.querySelector("[data-state]");
    if (!(state instanceof HTMLElement)) return;
    this.#step = state.dataset.step ?? "";
    this.#view.doctor(state.dataset.doctor ?? "");
    if (SEATED_STEPS.includes(this.#step)) {
      void this.#mirror.open();
      void this.#sit();
    } else {
      this.#leave();
    }
    if (this.#step === "call") this.#view.show(true);
    this.#third.setMuted(this.#view.muted);
    this.#third.use(this.#mirror.stream);
    this.#third.run(this.#step === "call");
  }

  /** Take the seat early: once, and again after a call that ended. */
  async #sit() {
    if (this.#call || this.#sitting) return;
    this.#sitting = true;
    try {
      const ticket = await seatTicket();
      if (ticket === null || !SEATED_STEPS.includes(this.#step)) return;
      const call = new Call({ signal: this.#signal, seat: "patient", fetchSeatTicket: seatTicket, fetchReach: reach });
      this.#call = call;
      this.#listen(call);
      await call.prepare({ stream: this.#mirror.stream });
      call.setMuted(this.#view.muted);
      call.join(ticket);
    } catch (error) {
      console.info("room: no seat yet", error);
      setTimeout(() => this.#look(), SIT_AGAIN);
    } finally {
      this.#sitting = false;
    }
  }

  /** @param {Call} call */
  #listen(call) {
    /** @param {string} type @param {(detail: any) => void} hear */
    const on = (type, hear) => call.addEventListener(type, (event) => hear(/** @type {CustomEvent} */ (event).detail));
    this.#silent = this.#left = false;
    on("peer-joined", () => this.#expect());
    on("joined", ({ present }) => present && this.#expect());
    on("remote-track", ({ stream }) => this.#view.picture(stream, () => call.seen()));
    on("live", () => this.#live());
    on("silence", () => this.#silence(true));
    on("flow", ({ seconds }) => this.#silence(false, seconds));
    on("peer-left", () => ((this.#left = true), this.#tellSilence()));
    on("quality", ({ level, whose }) => this.#view.quality(level, whose));
    on("line", (line) => (this.#view.line(line), this.#third.line(line)));
    on("still", ({ picture, takenAt }) => this.#view.still(picture, takenAt));
    on("ended", ({ reason }) => this.#ended(call, reason));
  }

  /** Say what is unplugged, until another one is found. */
  #tellDevices() {
    const live = (/** @type {string} */ kind) =>
      this.#mirror.stream?.getTracks().some((track) => track.kind === kind && track.readyState === "live");
    this.#view.unplugged(live("audio") ? (live("video") ? "" : word("cameraLost")) : word("microphoneLost"));
  }

  /** The doctor sits down: what can wait does. */
  #expect() {
    hush(PICTURE_FIRST);
    setTimeout(() => this.#arrives(), ANSWER_FIRST);
  }

  #arrives() {
    if (!this.#call) return;
    this.#left = false;
    this.#view.show(true);
    say(word("doctorComes"));
    this.#tellSilence();
  }

  #live() {
    this.#silent = false;
    this.#view.show(true);
    this.#view.live();
    tell("/api/cabin/connected");
    clearInterval(this.#reporting);
    this.#reporting = setInterval(() => this.#report(), REPORT_EVERY);
    if (!this.#mirror.stream?.getVideoTracks().length) tell("/api/cabin/incidents", { kind: "no-camera" });
    if (!this.#mirror.stream?.getAudioTracks().length) tell("/api/cabin/incidents", { kind: "no-microphone" });
  }

  /** Say what the call was like so far. @param {Call | null} [call] */
  #report(call = this.#call) {
    if (call?.report) tell("/api/cabin/quality", call.report);
  }

  /** @param {boolean} silent @param {number} [seconds] */
  #silence(silent, seconds = 0) {
    this.#silent = silent;
    if (!silent && seconds >= 1) tell("/api/cabin/incidents", { kind: "cut", seconds: Math.round(seconds) });
    this.#tellSilence();
  }

  #tellSilence() {
    this.#view.banner(this.#silent ? word(this.#left ? "doctorLeft" : "recalling") : "");
  }

  /** @param {Call} call @param {string} reason */
  #ended(call, reason) {
    if (call !== this.#call) return;
    clearInterval(this.#reporting);
    this.#report();
    this.#call = null;
    this.#view.end();
    if (reason === "replaced") return this.#view.banner(word("elsewhere"));
    this.#view.show(false);
    say(word("ended"));
    this.#refresh();
  }

  /** Ask the server where the visit is now. */
  #refresh() {
    const live = document.querySelector("#room tc-live");
    // @ts-ignore the element of live.js
    void live?.refresh?.();
  }

  /** The server first, so that what it says next is already true; without it, at least this end is silent. */
  async #hangUp() {
    this.#view.show(false);
    await ask("POST", "/api/cabin/hang-up").catch((error) => console.info("room: not told", error));
    this.#call?.hangUp();
  }

  /** The call is over for good: nothing listens and nothing looks any more. */
  #leave() {
    this.#call?.hangUp("hung-up");
    this.#call = null;
    forgetSwitches();
    this.#view.setMuted(false);
    this.#mirror.close();
    this.#view.show(false);
  }
}

new Room();
