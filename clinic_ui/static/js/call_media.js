// @ts-check
// Voice first: what a call's descriptions and senders are set to. The ladder says how the picture is sent.

import { readTable } from "./ladder.js";

/** @typedef {import("./ladder.js").Picture} Picture */

const VOICE_BITRATE = 24000; // bit/s: wide-band mono speech with in-band FEC
/** @type {Picture | null} */ let first = null; // how every call begins
/** @type {WeakMap<RTCPeerConnection, Picture>} */ const pictures = new WeakMap(); // how the ladder wants it since
/** @type {WeakMap<RTCPeerConnection, number>} */ const voices = new WeakMap();

/** @type {WeakMap<RTCRtpSender, Promise<void>>} */ const turns = new WeakMap(); // changes that wait for each other

/** The transceiver of a kind. @param {RTCPeerConnection} pc @param {string} kind */
function transceiver(pc, kind) {
  return pc.getTransceivers().find((one) => one.receiver.track.kind === kind);
}

/**
 * The description to send: its Opus lines ask the peer for mono, FEC and 24 kbit/s, and no DTX, because old ears
 * take silence for a cut.
 * @param {string} sdp
 */
export function voiceFirst(sdp) {
  const asked = `minptime=10;useinbandfec=1;usedtx=0;stereo=0;sprop-stereo=0;maxaveragebitrate=${VOICE_BITRATE}`;
  const opus = [...sdp.matchAll(/^a=rtpmap:(\d+) opus\/48000/gim)].map((found) => found[1]);
  return opus.reduce(
    (text, payload) => text.replace(new RegExp(`^a=fmtp:${payload} .*$`, "m"), `a=fmtp:${payload} ${asked}`),
    sdp,
  );
}

/**
 * Candidates without the address behind them (RFC 8839 §5.1: 0.0.0.0 and 9 where it shall not be told): it is for people
 * who look for faults, and a page that goes over the relay alone must not tell where it is.
 * @param {string} words a description, or one candidate
 */
export function withoutOrigins(words) {
  return words.replace(/^((?:a=)?candidate:.*? raddr )\S+ rport \d+/gim, "$10.0.0.0 rport 9");
}

/** The certificate that a description is bound to; another one means another RTCPeerConnection. @param {string} sdp */
export function fingerprint(sdp) {
  return /^a=fingerprint:(\S+ \S+)/im.exec(sdp)?.[1].toUpperCase() ?? "";
}

/**
 * Put the page's tracks on the connection; works with none, and at any time after the transceivers exist.
 * @param {RTCPeerConnection} pc @param {MediaStream | null} stream
 */
export async function attach(pc, stream) {
  /** @param {string} kind @param {string} hint */
  const put = async (kind, hint) => {
    const line = transceiver(pc, kind);
    if (!line || line.stopped) return;
    const track = stream?.getTracks().find((one) => one.kind === kind && one.readyState === "live") ?? null;
    if (track) track.contentHint = hint;
    if (line.direction !== "sendrecv") line.direction = "sendrecv";
    if (line.sender.track !== track) await line.sender.replaceTrack(track);
  };
  await Promise.all([put("video", "motion"), put("audio", "speech")]);
}

/** Set both senders: the voice goes first, the picture takes what is left. @param {RTCPeerConnection} pc */
export async function tune(pc) {
  await setSender(transceiver(pc, "audio")?.sender, () => ({
    maxBitrate: voices.get(pc) ?? VOICE_BITRATE,
    priority: "high",
    networkPriority: "high",
  }));
  const wanted = pictures.get(pc);
  await sendPicture(pc, wanted ?? (first ??= readTable().ladder[0].picture), wanted && "maintain-framerate");
}

/**
 * Send the picture like this from now on. It needs no new description: a pause is `active`, and saves the voice on a
 * thin line, where caps and priorities alone do not.
 * @param {RTCPeerConnection} pc @param {Picture} picture
 */
export async function setPicture(pc, picture) {
  pictures.set(pc, picture);
  await sendPicture(pc, picture, "maintain-framerate");
}

/**
 * Chromium drops the first frames of a picture that it may shrink and finds too large for the first bitrate: 100 ms of
 * every call. We chose the size ourselves, so the size stays while the call begins; later the rate does. It is said
 * before there is a track, too: in the lobby the track comes with the press.
 * @param {RTCPeerConnection} pc @param {Picture} picture @param {"maintain-framerate" | "maintain-resolution"} [kept]
 */
async function sendPicture(pc, picture, kept = "maintain-resolution") {
  /** @param {RTCRtpSender} sender */
  const wanted = (sender) => ({
    active: picture.active,
    maxBitrate: picture.bitrate,
    maxFramerate: picture.rate,
    scaleResolutionDownBy: Math.max(1, (sender.track?.getSettings().height ?? 0) / picture.lines),
    priority: "very-low",
    networkPriority: "very-low",
  });
  await setSender(transceiver(pc, "video")?.sender, wanted, kept);
}

/**
 * Send a whole picture now. After a gap the other end would first ask again for what was lost, packet by packet, and show
 * a still picture for one or two seconds. A browser that cannot goes on as it is.
 * @param {RTCPeerConnection} pc
 */
export async function wholePicture(pc) {
  const sender = transceiver(pc, "video")?.sender;
  if (sender?.track) await change(sender, () => {}, { encodingOptions: [{ keyFrame: true }] });
}

/** Send so many bits a second of voice. @param {RTCPeerConnection} pc @param {number} bitrate */
export async function setVoice(pc, bitrate) {
  voices.set(pc, bitrate);
  await setSender(transceiver(pc, "audio")?.sender, () => ({ maxBitrate: bitrate }));
}

/** @typedef {{doubled: boolean, packet: number}} VoiceWish each packet carries the one before it too; ms in one packet */

/**
 * A description from the other end, read so that our voice is sent as we wish it now: a browser sends what the other end
 * lists first, and packets of the length that it asks for.
 * @param {string} sdp @param {VoiceWish} wish
 */
export function voiceWished(sdp, { doubled, packet }) {
  const red = /^a=rtpmap:(\d+) red\/48000/im.exec(sdp)?.[1];
  return sdp.replace(/^a=ptime:.*\r\n/gm, "").replace(/^(m=audio \S+ \S+ )(.*)\r\n/m, (_, head, formats) => {
    const others = formats.split(" ").filter((/** @type {string} */ one) => one !== red);
    const order = red ? (doubled ? [red, ...others] : [...others, red]) : others;
    return `${head}${order.join(" ")}\r\na=ptime:${packet}\r\n`;
  });
}

/**
 * @param {RTCRtpSender | undefined} sender @param {(sender: RTCRtpSender) => object} wanted
 * @param {"maintain-resolution" | "maintain-framerate"} [kept] of a picture
 */
async function setSender(sender, wanted, kept) {
  if (!sender) return;
  await change(sender, (parameters) => {
    Object.assign(parameters.encodings[0], wanted(sender));
    if (kept) parameters.degradationPreference = kept;
  });
}

/**
 * Change how a sender is set. One change at a time: two that read before either has set would refuse each other.
 * @param {RTCRtpSender} sender @param {(parameters: RTCRtpSendParameters) => void} edit @param {object} [options]
 * @returns {Promise<void>}
 */
function change(sender, edit, options) {
  const done = (turns.get(sender) ?? Promise.resolve()).then(() => set(sender, edit, options));
  turns.set(sender, done);
  return done;
}

/**
 * @param {RTCRtpSender} sender @param {(parameters: RTCRtpSendParameters) => void} edit @param {object} [options]
 * @param {number} [tries] a description that comes between reading and setting makes what was read stale: once more then
 * @returns {Promise<void>}
 */
async function set(sender, edit, options, tries = 2) {
  const parameters = sender.getParameters();
  if (!parameters.encodings?.length) return;
  const before = JSON.stringify(parameters);
  edit(parameters);
  if (!options && JSON.stringify(parameters) === before) return;
  try {
    // @ts-ignore the second argument is younger than the type library
    await sender.setParameters(parameters, options);
  } catch (refused) {
    const stale = refused instanceof DOMException && refused.name === "InvalidStateError";
    if (stale && tries > 1) return set(sender, edit, options, tries - 1);
    console.warn("call: a sender kept its settings", refused); // the call goes on with the browser's own
  }
}
