// @ts-check
/**
 * The cabin as a witness of the audit log: it keeps the newest checkpoint that it accepted, and accepts a newer one
 * only with the proof that the older log is its beginning (RFC 9162, 2.1.4.2). Else it says so, here and to the server.
 * Kept on this device: one signed note of sizes and hashes; nothing of anybody.
 * @module
 */

import { word } from "../words.js";
import { ask } from "./api.js";
import { openLines } from "./lines.js";

const KEPT = "tc-witness";
const AGAIN = 10 * 60 * 1000; // ms

/** @param {string} text */
const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));

/** @param {Uint8Array} one @param {Uint8Array} other */
const same = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);

/** @param {string} note */
function read(note) {
  const [origin, size, root] = note.split("\n");
  return { origin, size: Number(size), root: bytes(root) };
}

/** @param {Uint8Array} left @param {Uint8Array} right */
async function node(left, right) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array([1, ...left, ...right])));
}

/**
 * Whether the hashes lead from both roots to one history.
 * @param {number} old @param {Uint8Array} oldRoot @param {number} now @param {Uint8Array} root @param {Uint8Array[]} proof
 */
export async function continues(old, oldRoot, now, root, proof) {
  if (!(old >= 0 && old <= now)) return false;
  if (old === 0) return proof.length === 0;
  if (old === now) return proof.length === 0 && same(oldRoot, root);
  const parts = Number.isInteger(Math.log2(old)) ? [oldRoot, ...proof] : [...proof];
  let place = old - 1;
  let last = now - 1;
  while (place & 1) [place, last] = [place >> 1, last >> 1];
  let first = parts.shift();
  let second = first;
  if (!first || !second) return false;
  for (const part of parts) {
    if (last === 0) return false;
    if (place & 1 || place === last) {
      first = await node(part, first);
      second = await node(part, second);
      while (!(place & 1) && place) [place, last] = [place >> 1, last >> 1];
    } else second = await node(second, part);
    [place, last] = [place >> 1, last >> 1];
  }
  return last === 0 && same(first, oldRoot) && same(second, root);
}

/**
 * Whether an answer continues what was kept. @param {string | null} kept @param {{checkpoint: string, proof: string[]}} shown
 */
export async function fits(kept, shown) {
  try {
    const now = read(shown.checkpoint);
    if (!kept) return now.root.length === 32;
    const before = read(kept);
    const proof = shown.proof.map(bytes);
    return before.origin === now.origin && (await continues(before.size, before.root, now.size, now.root, proof));
  } catch {
    return false;
  }
}

/** Say on top of the screen that the log is not the one that was seen. @param {boolean} forked */
function tell(forked) {
  document.getElementById("forked")?.remove();
  if (!forked) return;
  const bar = document.createElement("p");
  bar.id = "forked";
  bar.className = "banner banner--warn away";
  bar.setAttribute("role", "status");
  bar.textContent = word("forked");
  document.getElementById("room")?.before(bar);
}

/** Ask for the newest checkpoint; keep it, or raise the alarm and keep the older one as evidence. */
export async function watch() {
  const seen = localStorage.getItem(KEPT);
  let shown = await ask("POST", "/api/cabin/checkpoint", { seen });
  let good = await fits(seen, shown);
  if (!good && !shown.forked) shown = await ask("POST", "/api/cabin/checkpoint", { seen, forked: true });
  good ||= shown.settled && (await fits(null, shown));
  if (good) localStorage.setItem(KEPT, shown.checkpoint);
  tell(!good);
  return good;
}

/** Now, after every loss of the line, and every ten minutes. Without a secure context there is nothing to hash with. */
export function keepWatch() {
  if (!globalThis.crypto?.subtle) return;
  const look = () => watch().catch((error) => console.info("witness: not now", error));
  openLines().addEventListener("reconnected", look);
  setInterval(look, AGAIN);
  look();
}
