// @ts-check
/**
 * What the desk's scripts ask of the server. A session that ended and a network that is away are told once, to all:
 * `session` {over} and `network` {away} on `link`.
 * @module
 */

/** Where it is told whether the server can be asked. */
export const link = new EventTarget();
let over = false;
let away = false;

/** The server answered, and the answer is no. */
export class Refused extends Error {
  /** @param {number} status @param {{code?: string, message?: string, fields?: Record<string, string>}} said */
  constructor(status, said) {
    super(said.message ?? `refused with ${status}`);
    this.status = status;
    this.code = said.code ?? "";
    this.fields = said.fields ?? {};
  }

  /** Would the same question get another answer later? */
  get passing() {
    return this.status >= 500 || this.status === 429 || this.status === 401;
  }
}

/** @param {boolean} is */
export function tellSession(is) {
  if (is === over) return;
  over = is;
  link.dispatchEvent(new CustomEvent("session", { detail: { over } }));
}

/** @param {boolean} is */
export function tellNetwork(is) {
  if (is === away) return;
  away = is;
  link.dispatchEvent(new CustomEvent("network", { detail: { away } }));
}

/**
 * Ask, and return what the JSON answer holds. Throws Refused, or TypeError without a network.
 * @param {"GET" | "POST" | "PUT"} method @param {string} path @param {object} [body]
 * @returns {Promise<any>}
 */
export async function ask(method, path, body) {
  /** @type {Record<string, string>} */
  const headers = { "X-TC": "desk" };
  if (body) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
  } catch (error) {
    if (!navigator.onLine) tellNetwork(true);
    throw error;
  }
  tellNetwork(false);
  const said = await answer.json().catch(() => ({}));
  tellSession(answer.status === 401);
  if (!answer.ok) throw new Refused(answer.status, said.error ?? {});
  return said;
}

/** A ticket for this page's one socket. @returns {Promise<string>} */
export const lineTicket = async () => (await ask("POST", "/api/line-ticket")).ticket;

/** The servers that help media through; a page that hides its address uses nothing else. @returns {Promise<RTCConfiguration>} */
export async function reach() {
  const { ice_servers, relay_only } = await ask("GET", "/api/ice-servers");
  return { iceServers: ice_servers, iceTransportPolicy: relay_only ? "relay" : "all" };
}

const PAUSES = [500, 1000, 2000, 4000, 8000];

/**
 * Ask until the server has heard it: a passing refusal or a lost network is tried again, up to half a minute.
 * @param {string} path @param {object} [body]
 */
export async function tell(path, body) {
  for (const pause of [...PAUSES, 0]) {
    try {
      return void (await ask("POST", path, body));
    } catch (error) {
      if (error instanceof Refused && !error.passing) return;
      await new Promise((done) => setTimeout(done, pause));
    }
  }
}
