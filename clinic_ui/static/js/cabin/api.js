// @ts-check
/**
 * What the cabin's scripts ask of the server.
 * @module
 */

/** The server answered, and the answer is no. */
export class Refused extends Error {
  /** @param {number} status @param {string} code */
  constructor(status, code) {
    super(`refused with ${status} ${code}`);
    this.status = status;
    this.code = code;
  }
}

/**
 * Ask, and return what the JSON answer holds. Throws Refused, or TypeError without a network.
 * @param {"GET" | "POST"} method @param {string} path @param {object} [body]
 * @returns {Promise<any>}
 */
export async function ask(method, path, body) {
  /** @type {Record<string, string>} */
  const headers = { "X-TC": "cabin" };
  if (body) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, said.error?.code ?? "");
  return said;
}

/** A ticket for this page's one socket. @returns {Promise<string>} */
export const lineTicket = async () => (await ask("POST", "/api/line-ticket")).ticket;

/** The servers that help media through; a page that hides its address uses nothing else. @returns {Promise<RTCConfiguration>} */
export async function reach() {
  const { ice_servers, relay_only } = await ask("GET", "/api/ice-servers");
  return { iceServers: ice_servers, iceTransportPolicy: relay_only ? "relay" : "all" };
}

/** A ticket for the patient's seat; null when there is no call to sit in. @returns {Promise<string | null>} */
export async function seatTicket() {
  try {
    return (await ask("POST", "/api/cabin/seat")).ticket;
  } catch (error) {
    if (error instanceof Refused && error.status < 500 && error.status !== 429) return null;
    throw error;
  }
}

/** Tell, without waiting and without complaint: the server hears it again from the other end. @param {string} path @param {object} [body] */
export function tell(path, body) {
  ask("POST", path, body).catch((error) => console.info("cabin: not told", path, error));
}
