// @ts-check
/**
 * Who was asked into a call: waits for the patient's yes, then talks with both, each over a line of its own.
 *
 *   asking ─(yes)─▶ admitted: two pairs ─(leave · sent out · the call ends)─▶ over
 *
 * The picture is off at first. It can be put on while both lines carry one, and goes off when one of them no longer does.
 * @module
 */

import { Pair } from "../pair.js";
import { Signal } from "../signal.js";
import { word } from "../words.js";

const LOOK_EVERY = 5000; // ms: a lost nudge costs so much
const AGAIN = 1000; // ms before a pair that ended, while one is in, is opened again
const SMALL = { width: 320, height: 240, frameRate: 12 };
const SEATS = /** @type {const} */ ({ practitioner: "patient", patient: "practitioner" }); // who meets whom from where

/** @param {string} selector @returns {HTMLElement} */
const find = (selector) => /** @type {HTMLElement} */ (document.querySelector(selector));

/** @param {"GET" | "POST"} method @param {string} path @param {object} [body] @returns {Promise<any>} */
async function ask(method, path, body) {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(path, { method, headers, body: method === "GET" ? undefined : JSON.stringify(body ?? {}), cache: "no-store" });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(`refused with ${answer.status}`), { status: answer.status });
  return said;
}

const lineTicket = async () => (await ask("POST", "/api/guest/line-ticket")).ticket;

async function reach() {
  const { ice_servers, relay_only } = await ask("GET", "/api/guest/ice-servers");
  return /** @type {RTCConfiguration} */ ({ iceServers: ice_servers, iceTransportPolicy: relay_only ? "relay" : "all" });
}

/** @param {string} towards @returns {Promise<string | null>} null: one is not in, or no longer */
async function seatTicket(towards) {
  try {
    return (await ask("POST", "/api/guest/seat", { towards })).ticket;
  } catch (error) {
    const status = /** @type {{status?: number}} */ (error).status ?? 0;
    if (status >= 400 && status < 500 && status !== 429) return null;
    throw error;
  }
}

class GuestRoom {
  #status = "";
  #muted = false;
  #picture = false;
  /** @type {MediaStream | null} */ #stream = null;
  /** @type {Map<"practitioner" | "patient", Pair>} */ #pairs = new Map();
  #signal = new Signal({ fetchTicket: lineTicket });
  #looking = setInterval(() => this.#look(), LOOK_EVERY);

  constructor() {
    for (const type of ["nudge", "open"]) this.#signal.addEventListener(type, () => void this.#look());
    document.addEventListener("click", (event) => this.#press(event));
    this.#be(find("[data-guest]").dataset.guest ?? "");
    void this.#devices().then(() => this.#signal.open());
  }

  /** The microphone alone: the camera is asked for when its button is pressed. */
  async #devices() {
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } });
    } catch (error) {
      console.info("guest: no microphone", error);
    }
    find("[data-no-microphone]").hidden = !!this.#stream?.getAudioTracks().length;
    for (const pair of this.#pairs.values()) pair.use(this.#stream);
    this.#offer();
  }

  async #look() {
    try {
      const { guest } = await ask("GET", "/api/guest");
      this.#be(guest.status);
    } catch (error) {
      if (/** @type {{status?: number}} */ (error).status === 401) this.#be("lapsed");
    }
  }

  /** @param {string} status */
  #be(status) {
    if (status === "admitted") for (const towards of /** @type {const} */ (["practitioner", "patient"])) this.#meet(towards);
    if (status === this.#status) return;
    this.#status = status;
    find("[data-guest]").dataset.guest = status;
    find("[data-said]").textContent = word(`guest-${status}`);
    if (!["asking", "admitted"].includes(status)) this.#over();
  }

  /** @param {"practitioner" | "patient"} towards */
  #meet(towards) {
    if (this.#pairs.has(towards) || !this.#stream) return;
    const place = find(`[data-towards=${towards}]`);
    const pair = new Pair({
      seat: SEATS[towards],
      lineTicket,
      seatTicket: () => seatTicket(towards),
      reach,
      video: /** @type {HTMLVideoElement} */ (place.querySelector("video")),
    });
    this.#pairs.set(towards, pair);
    const show = () => {
      place.dataset.pair = pair.state;
      const words = place.querySelector("[data-pair-words]");
      if (words) words.textContent = word(`pair-${pair.state}`);
    };
    pair.addEventListener("state", show);
    pair.addEventListener("carries", () => this.#offer());
    pair.addEventListener("unheard", () => (find("[data-hear]").hidden = false));
    pair.addEventListener("ended", (event) => {
      const { reason } = /** @type {CustomEvent<{reason: string}>} */ (event).detail;
      if (this.#pairs.get(towards) === pair) this.#pairs.delete(towards);
      if (reason === "replaced") return this.#be("elsewhere");
      pair.state = "waiting";
      show();
      setTimeout(() => void this.#look(), AGAIN);
    });
    show();
    void pair.open(this.#stream, this.#muted);
  }

  /** Offer the picture while both lines carry it; take it back when one does not. */
  #offer() {
    const can = this.#pairs.size === 2 && [...this.#pairs.values()].every((pair) => pair.carries);
    /** @type {HTMLButtonElement} */ (find("[data-act=camera]")).disabled = !can;
    if (!can && this.#picture) {
      void this.#show(false);
      find("[data-camera-why]").textContent = word("cameraWeak");
    }
  }

  /** @param {boolean} on */
  async #show(on) {
    for (const track of this.#stream?.getVideoTracks() ?? []) (track.stop(), this.#stream?.removeTrack(track));
    try {
      if (on) this.#stream?.addTrack((await navigator.mediaDevices.getUserMedia({ video: SMALL })).getVideoTracks()[0]);
    } catch (error) {
      on = false;
      console.info("guest: no camera", error);
    }
    this.#picture = on;
    for (const pair of this.#pairs.values()) pair.setPicture(on);
    turn("camera", on, word(on ? "cameraOn" : "cameraOffShort"), on ? "camera" : "camera-off");
  }

  /** @param {Event} event */
  #press(event) {
    const button = event.target instanceof Element && event.target.closest("button");
    if (!(button instanceof HTMLButtonElement)) return;
    if (button.dataset.act === "mute") this.#mute();
    if (button.dataset.act === "camera") void this.#show(!this.#picture);
    if (button.dataset.act === "leave") void this.#leave();
    if (button.hasAttribute("data-again")) void this.#devices().then(() => this.#look());
    if (button.hasAttribute("data-hear")) {
      button.hidden = true;
      for (const pair of this.#pairs.values()) void pair.hear();
    }
  }

  #mute() {
    this.#muted = !this.#muted;
    for (const pair of this.#pairs.values()) pair.setMuted(this.#muted);
    turn("mute", !this.#muted, word(this.#muted ? "micOff" : "micOn"), this.#muted ? "mic-off" : "mic");
  }

  async #leave() {
    this.#drop("left");
    await ask("POST", "/api/guest/leave").catch((error) => console.info("guest: not told", error));
    await this.#look();
    this.#be("left");
  }

  /** @param {string} reason */
  #drop(reason) {
    const pairs = [...this.#pairs.values()];
    this.#pairs.clear();
    for (const pair of pairs) pair.close(reason);
  }

  /** Nothing listens and nothing looks any more. */
  #over() {
    clearInterval(this.#looking);
    this.#drop("left");
    this.#signal.close();
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    for (const button of document.querySelectorAll(".controls button")) /** @type {HTMLButtonElement} */ (button).disabled = true;
    find("[data-new]").hidden = false;
  }
}

/** @param {string} act @param {boolean} on @param {string} words @param {string} drawing */
function turn(act, on, words, drawing) {
  const button = find(`[data-act=${act}]`);
  button.setAttribute("aria-pressed", String(on));
  const label = button.querySelector("span");
  if (label) label.textContent = words;
  const use = button.querySelector("use");
  use?.setAttribute("href", `${use.getAttribute("href")?.split("#")[0]}#i-${drawing}`);
}

new GuestRoom();
