// @ts-check
/**
 * What the person in the cabin sees of a third one: who asks to come in, yes or no, who is there, and « Faire sortir ».
 * @module
 */

import { say } from "../page.js";
import { ThirdSeat } from "../third_seat.js";
import { word } from "../words.js";
import { ask, lineTicket, reach, Refused } from "./api.js";

/** @param {string} selector @returns {HTMLElement} */
const find = (selector) => /** @type {HTMLElement} */ (document.querySelector(selector));

/** @returns {Promise<string | null>} */
async function seatTicket() {
  try {
    return (await ask("POST", "/api/cabin/guest/seat")).ticket;
  } catch (error) {
    if (error instanceof Refused && error.status < 500 && error.status !== 429) return null;
    throw error;
  }
}

/** The third seat of this cabin's call. */
export function cabinThird() {
  const third = new ThirdSeat({
    seat: "patient",
    look: async () => (await ask("GET", "/api/cabin/guest")).guest,
    lineTicket,
    seatTicket,
    reach,
    video: /** @type {HTMLVideoElement} */ (find("video[data-third]")),
  });
  const sheet = /** @type {HTMLDialogElement} */ (document.getElementById("sheet-guest"));
  let shown = "";

  function show() {
    const guest = third.guest;
    const status = guest?.status ?? "";
    const news = `${guest?.guest_id} ${status}`;
    find("[data-third-tile]").hidden = status !== "admitted";
    if (news === shown) return;
    shown = news;
    const part = guest ? word(`part-${guest.part}`) : "";
    for (const name of document.querySelectorAll("[data-third-name]")) name.textContent = guest?.name ?? "";
    for (const place of document.querySelectorAll("[data-third-part]")) place.textContent = part;
    if (status === "asking") {
      if (!sheet.open) sheet.showModal();
      say(word("guestAsks", { name: guest?.name ?? "", part }));
    } else if (sheet.open) {
      sheet.close();
    }
    if (["admitted", "left", "removed"].includes(status)) say(word(`guest-${status}`, { name: guest?.name ?? "" }));
  }

  /** @param {boolean} agrees */
  async function answer(agrees) {
    sheet.close();
    const said = { guest_id: third.guest?.guest_id, agrees };
    await ask("POST", "/api/cabin/guest", said).catch((error) => console.info("third: too late", error));
    shown = "";
    await third.look();
    show();
  }

  third.addEventListener("changed", show);
  sheet.addEventListener("cancel", (event) => event.preventDefault()); // only yes and no answer
  find("[data-guest-yes]").addEventListener("click", () => void answer(true));
  find("[data-guest-no]").addEventListener("click", () => void answer(false));
  find("[data-third-out]").addEventListener("click", () => void answer(false));
  return third;
}
