// @ts-check
/**
 * This page's one socket: what changed is fetched again, and again after a loss.
 * @module
 */

import { follow } from "../live.js";
import { Signal } from "../signal.js";
import { lineTicket } from "./api.js";

/** @type {Signal | null} */
let opened = null;

/** Open the socket, once, and let every <tc-live> follow it. */
export function openLines() {
  if (opened) return opened;
  const signal = (opened = new Signal({ fetchTicket: lineTicket }));
  follow(signal);
  signal.addEventListener("open", (event) => {
    const again = /** @type {CustomEvent<{again: boolean}>} */ (event).detail.again;
    if (again) signal.dispatchEvent(new CustomEvent("reconnected"));
  });
  addEventListener("pagehide", () => signal.close());
  signal.open();
  return signal;
}
