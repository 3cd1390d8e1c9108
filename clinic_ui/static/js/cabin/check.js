// @ts-check
/**
 * « Vérifier la cabine »: looks at the devices and at the line, reports what was measured, shows the server's verdict.
 *
 *   begin ─▶ relays, all along ─▶ camera, light, microphone ─▶ sound ─▶ echo ─▶ report ─▶ verdict ─▶ home
 *
 * What measures is fetched when it is needed. The colour is the server's; the table it sends gives the ticks on the way.
 * @module
 */

import { say } from "../page.js";
import { word } from "../words.js";
import { ask, Refused } from "./api.js";
import { CheckView } from "./check/view.js";

const HOME = "/cabin";
const BUSY_TRIES = 3;
const BUSY_FOR = 20; // s: a check of another cabin is over by then
const OFFLINE_FOR = 60_000;
const BACK_AFTER = { yes: 20_000, no: 90_000 }; // ms on the verdict, alone and with somebody before it

/** @param {number} ms */
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

class Check {
  #view = new CheckView();
  #alone = this.#view.alone;
  /** @type {AbortController} */ #run = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #later;

  constructor() {
    this.#view.addEventListener("restart", () => void this.start());
    addEventListener("online", () => this.#view.offline && void this.start());
    addEventListener("pagehide", () => this.#run.abort());
  }

  async start() {
    clearTimeout(this.#later);
    this.#run.abort();
    const run = (this.#run = new AbortController());
    this.#view.begin();
    try {
      const verdict = await this.#check(run.signal);
      if (run.signal.aborted) return;
      this.#view.verdict(verdict);
      this.#goHome();
    } catch (error) {
      if (!run.signal.aborted) this.#stopped(error);
    } finally {
      run.abort();
    }
  }

  /** @param {AbortSignal} signal ends cameras, connections and sounds @returns {Promise<any>} the server's verdict */
  async #check(signal) {
    const ground = await ask("GET", "/api/cabin/readiness");
    const { Measures } = await import("./check/measures.js");
    const measures = new Measures(ground.rules, this.#view);
    const { tryRelays } = await import("./check/relays.js");
    const relays = tryRelays(ground.relays, signal);
    await this.#devices(measures, signal);
    const echo = await this.#line(measures, ground.ice_servers, signal);
    this.#view.step("relay", "checkRuns", 0.85);
    measures.take(await relays);
    if (!ground.relays.length) measures.done("relay");
    this.#view.step("", "checkEnds", 0.95);
    signal.throwIfAborted();
    return ask("POST", "/api/cabin/readiness", { figures: measures.figures, echo, asked: !this.#alone });
  }

  /** @param {import("./check/measures.js").Measures} measures @param {AbortSignal} signal */
  async #devices(measures, signal) {
    const [{ openDevices, lightOf }, { hear, heardTone, playTone }] = await Promise.all([
      import("./check/devices.js"),
      import("./check/sound.js"),
    ]);
    this.#view.step("camera", "checkCameraAsks", 0.05);
    const { stream, camera, microphone } = await openDevices(signal);
    measures.stream = stream;
    measures.take({ camera, microphone }, "camera");
    this.#view.picture(camera === "ok" ? stream : null);
    this.#view.step("microphone", "checkQuiet", 0.15);
    const [light, room] = await Promise.all([
      camera === "ok" ? lightOf(stream) : null,
      microphone === "ok" ? hear(stream, signal) : null,
    ]);
    measures.take({ light }, "light");
    measures.take(room ?? {}, "microphone");
    this.#view.step("loudspeaker", "checkSound", 0.35);
    measures.take(microphone === "ok" ? await heardTone(stream, signal) : {});
    if (!this.#alone) measures.take({ heard: await this.#view.heard(() => playTone(signal), signal) });
    measures.done("loudspeaker");
  }

  /**
   * @param {import("./check/measures.js").Measures} measures @param {RTCIceServer[]} iceServers @param {AbortSignal} signal
   * @returns {Promise<string | null>} the echo that was called
   */
  async #line(measures, iceServers, signal) {
    const { callEcho } = await import("./check/line.js");
    this.#view.step("line", "checkLine", 0.5);
    /** @type {string | null} */
    let echo = null;
    const answer = async (/** @type {string} */ sdp) => {
      const said = await this.#askEcho(sdp, signal);
      echo = said.echo;
      return said.sdp;
    };
    const progress = (/** @type {number} */ part) => this.#view.step("line", "checkLine", 0.5 + part * 0.35);
    try {
      measures.take(await callEcho({ stream: measures.stream, iceServers, answer, progress, signal }));
    } catch (error) {
      if (!(error instanceof Refused && error.code === "no-echo")) throw error; // the server's own lack: not measured
    }
    measures.done("line");
    return echo;
  }

  /** Ask for an echo; while others have them all, wait. @param {string} sdp @param {AbortSignal} signal */
  async #askEcho(sdp, signal) {
    for (let left = BUSY_TRIES; ; left -= 1) {
      try {
        return await ask("POST", "/api/cabin/readiness/echo", { sdp });
      } catch (error) {
        const busy = error instanceof Refused && (error.code === "busy" || error.status === 429);
        if (!busy || !left || signal.aborted) throw error;
      }
      for (let count = BUSY_FOR; count && !signal.aborted; count -= 1) {
        this.#view.lead(word("checkBusy", { count }));
        await pause(1000);
      }
    }
  }

  /** @param {unknown} error */
  #stopped(error) {
    console.info("check: stopped", error);
    if (error instanceof Refused && error.code === "visit") return location.replace(HOME);
    const away = error instanceof TypeError;
    this.#view.stopped(away);
    if (away) this.#later = setTimeout(() => void this.start(), OFFLINE_FOR);
    else this.#goHome();
  }

  /** Nobody leaves the check standing before a door that opens. */
  #goHome() {
    this.#later = setTimeout(() => location.replace(HOME), BACK_AFTER[this.#alone ? "yes" : "no"]);
    if (this.#alone) say(word("checkAlone"));
  }
}

void new Check().start();
