// @ts-check
/**
 * « Inviter »: a code to read out by telephone, who came with it, and « Faire sortir ».
 * @module
 */

import { whenQuiet } from "../live.js";
import { ThirdSeat } from "../third_seat.js";
import { word } from "../words.js";
import { ask, lineTicket, reach, Refused } from "./api.js";

/** @param {string} selector @returns {HTMLElement} */
const find = (selector) => /** @type {HTMLElement} */ (document.querySelector(selector));

export class DeskThird {
  #visit;
  #third;
  #code = "";

  /** @param {import("./visit.js").Visit} visit @param {import("./media.js").Media} media @param {EventTarget} signal */
  constructor(visit, media, signal) {
    this.#visit = visit;
    this.#third = new ThirdSeat({
      seat: "practitioner",
      look: async () => (await ask("GET", this.#path)).guest,
      lineTicket,
      seatTicket: () => this.#seatTicket(),
      reach,
      video: /** @type {HTMLVideoElement} */ (find("video[data-third]")),
    });
    for (const type of ["nudge", "open"]) signal.addEventListener(type, (event) => this.#hear(/** @type {CustomEvent} */ (event)));
    find("[data-guest-page]").textContent = `${location.host}/invite`;
    this.#third.addEventListener("changed", () => this.#show());
    media.addEventListener("changed", () => this.#third.use(media.stream));
    visit.addEventListener("line", (event) => this.#third.line(/** @type {CustomEvent} */ (event).detail));
    visit.addEventListener("phase", () => this.#follow(media));
    const form = find("#sheet-guest form");
    form.addEventListener("submit", (event) => (event.preventDefault(), void this.#invite()));
    form.inert = false;
    for (const out of document.querySelectorAll("[data-third-out]")) out.addEventListener("click", () => void this.#remove());
    find("[data-guest-copy]").addEventListener("click", () => void this.#copy());
    this.#follow(media);
  }

  /** Something about this desk's visit changed, or may have. @param {CustomEvent} event */
  #hear({ detail }) {
    if (!detail.line || detail.line.startsWith("desk:")) whenQuiet(() => void this.#third.look());
  }

  /** @param {boolean} muted */
  setMuted(muted) {
    this.#third.setMuted(muted);
  }

  get #path() {
    return `/api/encounters/${this.#visit.encounter}/guest`;
  }

  /** @param {import("./media.js").Media} media */
  #follow(media) {
    this.#third.use(media.stream);
    this.#third.setMuted(this.#visit.muted);
    this.#third.run(["ringing", "live", "away"].includes(this.#visit.phase));
  }

  /** @returns {Promise<string | null>} */
  async #seatTicket() {
    try {
      return (await ask("POST", `${this.#path}/seat`)).ticket;
    } catch (error) {
      if (error instanceof Refused && !error.passing) return null;
      throw error;
    }
  }

  async #invite() {
    const form = /** @type {HTMLFormElement} */ (find("#sheet-guest form"));
    const wrong = find("[data-guest-wrong]");
    wrong.hidden = true;
    try {
      const { code } = await ask("POST", this.#path, { part: new FormData(form).get("part") });
      this.#code = code;
      find("[data-guest-code]").textContent = `${code.slice(0, 4)}\u00a0${code.slice(4)}`;
    } catch (error) {
      wrong.textContent = error instanceof Refused ? error.message : word("failed");
      wrong.hidden = false;
    }
    await this.#third.look();
    this.#show();
  }

  async #remove() {
    this.#code = "";
    await ask("POST", `${this.#path}/remove`).catch((error) => console.info("third: not told", error));
    await this.#third.look();
    this.#show();
  }

  /** The code behind #: no server and no log sees it. */
  async #copy() {
    await navigator.clipboard.writeText(`${location.origin}/invite#${this.#code}`).catch(() => {});
    find("[data-guest-said]").textContent = word("guestCopied");
  }

  #show() {
    const guest = this.#third.guest;
    const status = guest?.status ?? "";
    const open = ["invited", "asking", "admitted"].includes(status);
    if (status !== "invited") this.#code = "";
    if (!this.#code) find("[data-guest-code]").textContent = "";
    find("#sheet-guest form").hidden = open && !(status === "invited" && !this.#code);
    find("[data-guest-coded]").hidden = status !== "invited" || !this.#code;
    find("[data-guest-open]").hidden = !open;
    find("[data-third-tile]").hidden = status !== "admitted" && status !== "asking";
    for (const name of document.querySelectorAll("[data-third-name]")) name.textContent = guest?.name ?? "";
    const part = guest ? word(`part-${guest.part}`) : "";
    const more = status === "asking" ? word("guestAsked") : part;
    for (const place of document.querySelectorAll("[data-third-part]")) place.textContent = more;
    find("[data-guest-said]").textContent = status ? word(`guest-${status}`, { name: guest?.name ?? "", part }) : "";
  }
}
