// @ts-check
// One RTCPeerConnection of a call: its description, its candidates and its senders. It ends when it is closed, and the
// call makes another one.

import { attach, fingerprint, tune, voiceFirst, voiceWished, withoutOrigins } from "./call_media.js";

/**
 * @typedef {object} Ends
 * @property {(type: "offer" | "answer" | "candidate", fields: Record<string, unknown>) => void} say to the other seat
 * @property {(track: MediaStreamTrack) => void} show what arrives
 * @property {(words: unknown) => void} measured what an instrument says
 * @property {() => void} changed the connection stands, or the browser gave it up
 */

export class Connection {
  pc;
  /** @type {import("./call_media.js").VoiceWish} */ voice = { doubled: false, packet: 20 }; // from the next description on
  #ends;
  /** @type {RTCIceCandidate[] | null} */ #found = []; // candidates that wait for their description; null: it is sent
  /** @type {MediaStreamTrack[]} */ #tracks = []; // shown once our words are said: a new picture keeps a browser busy
  #closed = false;

  /** @param {RTCConfiguration} reach servers, and whether to use nothing else @param {Ends} ends */
  constructor(reach, ends) {
    this.#ends = ends;
    this.pc = new RTCPeerConnection({ ...reach, bundlePolicy: "max-bundle" });
    this.pc.onicecandidate = ({ candidate }) => candidate && this.#tell(candidate);
    this.pc.ontrack = ({ track }) => this.#tracks.push(track);
    const measures = this.pc.createDataChannel("measures", { negotiated: true, id: 2 }); // signalling/MEASURES.md
    measures.onmessage = ({ data }) => this.#closed || ends.measured(data);
    this.pc.onconnectionstatechange = () => this.#closed || ends.changed();
  }

  get connected() {
    return this.pc.connectionState === "connected";
  }

  /** Make the offer and begin to find candidates; nothing is sent. @param {MediaStream | null} stream */
  async prepareOffer(stream) {
    for (const kind of ["audio", "video"]) this.pc.addTransceiver(kind, { direction: "sendrecv" });
    await this.setStream(stream);
    await this.pc.setLocalDescription(await this.pc.createOffer());
  }

  /** Send the prepared offer. */
  offer() {
    this.#describe("offer");
  }

  /** Use fresh servers from the next ICE restart on: what was found stays. @param {RTCConfiguration} reach */
  renew(reach) {
    this.pc.setConfiguration({ ...reach, bundlePolicy: "max-bundle" });
  }

  /** Offer again with new ICE credentials. */
  async offerAgain() {
    this.#found = [];
    await this.pc.setLocalDescription(await this.pc.createOffer({ iceRestart: true }));
    this.#describe("offer");
  }

  /** Is this offer another connection's than the one that was answered? @param {string} sdp */
  isForAnother(sdp) {
    const known = this.pc.remoteDescription;
    return known !== null && fingerprint(known.sdp) !== fingerprint(sdp);
  }

  /** @param {string} sdp @param {MediaStream | null} stream */
  async answer(sdp, stream) {
    this.#found ??= [];
    await this.pc.setRemoteDescription({ type: "offer", sdp: voiceWished(sdp, this.voice) });
    await this.setStream(stream);
    await this.pc.setLocalDescription(await this.pc.createAnswer());
    this.#describe("answer");
    this.#show();
    await tune(this.pc); // the voice: a browser has nothing to set of it before its own description
  }

  /** @param {string} sdp the other seat's answer */
  async take(sdp) {
    if (this.pc.signalingState !== "have-local-offer") return;
    await this.pc.setRemoteDescription({ type: "answer", sdp: voiceWished(sdp, this.voice) });
    this.#show();
  }

  /**
   * Send the voice like this from now on. All of it is agreed on already, so this end reads the former descriptions anew
   * by itself, and the other end is not asked.
   * @param {import("./call_media.js").VoiceWish} voice
   */
  async say(voice) {
    this.voice = voice;
    const { remoteDescription: remote, signalingState } = this.pc;
    if (!remote || signalingState !== "stable" || this.#closed) return;
    const sdp = voiceWished(remote.sdp.replace(/^a=(candidate|end-of-candidates).*\r\n/gm, ""), voice);
    const offers = remote.type === "answer";
    if (offers) await this.pc.setLocalDescription(await this.pc.createOffer());
    await this.pc.setRemoteDescription({ type: remote.type, sdp });
    if (!offers) await this.pc.setLocalDescription(await this.pc.createAnswer());
    await tune(this.pc);
  }

  /** @param {{candidate: string | null, mid: string | null}} said the other seat's candidate */
  async tryCandidate({ candidate, mid }) {
    if (!candidate || !this.pc.remoteDescription) return;
    try {
      await this.pc.addIceCandidate({ candidate, sdpMid: mid });
    } catch (refused) {
      console.debug("call: a candidate of a former offer", refused);
    }
  }

  /** @param {MediaStream | null} stream */
  async setStream(stream) {
    await attach(this.pc, stream);
    await tune(this.pc);
  }

  /** Send nothing, say nothing, and keep only what was last seen. */
  retire() {
    this.#closed = true;
    if (this.pc.signalingState === "closed") return;
    for (const sender of this.pc.getSenders()) sender.replaceTrack(null).catch(() => {});
  }

  close() {
    this.#closed = true;
    this.pc.close();
  }

  #show() {
    for (const track of this.#tracks.splice(0)) if (!this.#closed) this.#ends.show(track);
  }

  /** Send the local description, then the candidates that waited for it. @param {"offer" | "answer"} type */
  #describe(type) {
    this.#ends.say(type, { sdp: withoutOrigins(voiceFirst(this.pc.localDescription?.sdp ?? "")) });
    const found = this.#found ?? [];
    this.#found = null;
    for (const candidate of found) this.#tell(candidate);
  }

  /** @param {RTCIceCandidate} candidate */
  #tell(candidate) {
    if (this.#closed) return;
    if (this.#found) this.#found.push(candidate);
    else this.#ends.say("candidate", { candidate: withoutOrigins(candidate.candidate), mid: candidate.sdpMid });
  }
}
