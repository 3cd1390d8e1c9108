// @ts-check
/**
 * « Je suis là »: said to the server, and said again every few minutes, for a desk that is not heard for ten counts as
 * closed.
 * @module
 */

import { toast } from "../desk.js";
import { word } from "../words.js";
import { ask } from "./api.js";

const AGAIN = 4 * 60_000; // ms
const button = document.querySelector("[data-duty]");

/** @param {boolean} here */
async function say(here) {
  await ask("POST", "/api/duty", { here });
  button?.setAttribute("aria-checked", String(here));
}

const isHere = () => button?.getAttribute("aria-checked") === "true";

button?.addEventListener("click", () => {
  const here = !isHere();
  say(here).then(
    () => toast(word(here ? "hereTold" : "awayTold")),
    () => toast(word("failed")),
  );
});
if (isHere()) void say(true).catch(() => {});
setInterval(() => isHere() && void say(true).catch(() => {}), AGAIN);
