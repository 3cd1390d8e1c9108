// @ts-check
/**
 * Sends one file in pieces, and goes on by itself after any loss (server/records/documents/UPLOAD.md):
 *
 *   begin ─▶ piece ─▶ piece … ─▶ finish ─▶ done          the server says no ─▶ refused
 *     ▲        └─ no network, server away ─▶ waiting ─┐
 *     └───────────── asks how much is there ──────────┘
 * @module
 */

const PAUSES = [500, 1000, 2000, 4000, 8000]; // ms between tries; the network coming back ends a pause at once
const ANSWER_WITHIN = 60_000; // ms: a piece on a line of 10 kbit/s takes 52 s

/** The server answered, and the answer is no. */
class Refused extends Error {
  /** @param {number} status @param {{code?: string, message?: string}} said */
  constructor(status, said) {
    super(said.message ?? `refused with ${status}`);
    this.status = status;
    this.code = said.code ?? "";
  }

  /** Would the same question get another answer later? */
  get passing() {
    return this.status >= 500 || this.status === 429 || this.status === 401;
  }
}

/** Emits `progress` {sent, size}, `waiting`, `sending`, `checking`, `done` {document}, `refused` {message}. */
export class Upload extends EventTarget {
  #file;
  #begin;
  #door;
  #words;
  #stopped = false;
  #id = "";

  /**
   * @param {Blob} file
   * @param {{door: "cabin" | "desk" | "office", begin: string, title?: string, encounter?: string}} how
   */
  constructor(file, { door, begin, title = "", encounter = "" }) {
    super();
    this.#file = file;
    this.#begin = begin;
    this.#door = door;
    this.#words = { size: file.size, title, ...(encounter ? { encounter_id: encounter } : {}) };
  }

  /** Send it all. Never throws: what happens is told by events. */
  async send() {
    const fingerprint = await printOf(this.#file);
    for (let tries = 0; !this.#stopped; tries += 1) {
      try {
        const document = await this.#pass(fingerprint, () => (tries = 0));
        return this.#tell("done", { document });
      } catch (error) {
        if (this.#stopped) return;
        if (error instanceof Refused && !error.passing && error.code !== "offset" && error.code !== "incomplete") {
          return this.#tell("refused", { message: error.message });
        }
        this.#tell("waiting");
        await rest(PAUSES[Math.min(tries, PAUSES.length - 1)]);
      }
    }
  }

  /** Give up: what is there of it is thrown away. */
  stop() {
    this.#stopped = true;
    if (this.#id) this.#ask("DELETE", `/api/uploads/${this.#id}`).catch(() => undefined); // a day later it goes by itself
  }

  /** One way through, from where the server is. @param {string} fingerprint @param {() => void} came */
  async #pass(fingerprint, came) {
    let { upload_id: id, received, piece, size } = await this.#ask("POST", this.#begin, { ...this.#words, fingerprint });
    this.#id = id;
    this.#tell("sending");
    this.#tell("progress", { sent: received, size });
    while (received < size && !this.#stopped) {
      const part = this.#file.slice(received, received + piece);
      ({ received } = await this.#ask("PATCH", `/api/uploads/${id}`, part, received));
      came();
      this.#tell("progress", { sent: received, size });
    }
    this.#tell("checking");
    return (await this.#ask("POST", `/api/uploads/${id}/finish`, {})).document_id;
  }

  /**
   * @param {string} method @param {string} path @param {object} [body] a Blob goes as it is @param {number} [offset]
   * @returns {Promise<any>}
   */
  async #ask(method, path, body, offset) {
    /** @type {Record<string, string>} */
    const headers = { "X-TC": this.#door };
    if (body) headers["Content-Type"] = body instanceof Blob ? "application/octet-stream" : "application/json";
    if (offset !== undefined) headers["Upload-Offset"] = String(offset);
    const sent = body instanceof Blob ? body : body && JSON.stringify(body);
    const answer = await fetch(path, { method, headers, body: sent, cache: "no-store", signal: AbortSignal.timeout(ANSWER_WITHIN) });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Refused(answer.status, said.error ?? {});
    return said;
  }

  /** @param {string} type @param {object} [detail] */
  #tell(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** The same words for the same file, so that it goes on after the page was loaded anew. @param {Blob} file */
async function printOf(file) {
  if (!crypto.subtle) return crypto.randomUUID?.() ?? String(Math.random());
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Wait, or until the network is back. @param {number} pause @returns {Promise<void>} */
function rest(pause) {
  return new Promise((done) => {
    const over = () => {
      clearTimeout(timer);
      removeEventListener("online", over);
      done();
    };
    const timer = setTimeout(over, pause);
    addEventListener("online", over);
  });
}
