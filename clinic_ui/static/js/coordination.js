// @ts-check
/**
 * The coordinator's pages: their one socket, so that what moved is fetched again.
 * @module
 */

import { follow } from "./live.js";
import { Signal } from "./signal.js";

/** A ticket for this page's one socket. @returns {Promise<string>} */
async function lineTicket() {
  const headers = { "X-TC": "coordination" };
  const answer = await fetch("/api/line-ticket", { method: "POST", headers, cache: "no-store" });
  if (!answer.ok) throw new Error(`no ticket: ${answer.status}`);
  return (await answer.json()).ticket;
}

const signal = new Signal({ fetchTicket: lineTicket });
follow(signal);
addEventListener("pagehide", () => signal.close());
addEventListener("pageshow", (event) => event.persisted && location.reload());
signal.open();
