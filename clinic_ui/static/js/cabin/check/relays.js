// @ts-check
/**
 * Each relay of the network, tried alone: a candidate of its own says that it was reached and took us in.
 * @module
 */

const REACHED_WITHIN = 8000; // ms: three retries of a lost packet

/**
 * @param {{way: string, server: RTCIceServer}[]} relays @param {AbortSignal} signal
 * @returns {Promise<Record<string, boolean>>} relay_udp, relay_tcp, relay_tls of what is configured
 */
export async function tryRelays(relays, signal) {
  const reached = await Promise.all(relays.map((one) => isReached(one.server, signal)));
  /** @type {Record<string, boolean>} */
  const ways = {};
  relays.forEach((one, place) => (ways[`relay_${one.way}`] ||= reached[place]));
  return ways;
}

/** @param {RTCIceServer} server @param {AbortSignal} signal @returns {Promise<boolean>} */
async function isReached(server, signal) {
  /** @type {RTCPeerConnection | null} */
  let pc = null;
  try {
    const trying = (pc = new RTCPeerConnection({ iceServers: [server], iceTransportPolicy: "relay" }));
    return await new Promise((done, failed) => {
      trying.addEventListener("icecandidate", ({ candidate }) => candidate?.type === "relay" && done(true));
      trying.addEventListener("icegatheringstatechange", () => trying.iceGatheringState === "complete" && done(false));
      signal.addEventListener("abort", () => done(false));
      setTimeout(() => done(false), REACHED_WITHIN);
      trying.createDataChannel("relay");
      trying.setLocalDescription().catch(failed);
    });
  } catch {
    return false;
  } finally {
    pc?.close();
  }
}
