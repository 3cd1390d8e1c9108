// @ts-check
// Voice first: what a call's descriptions and senders are set to, and when the picture gives way to the voice.

const VOICE_BITRATE = 24000; // bit/s: wide-band mono speech with in-band FEC
const PICTURE_BITRATE = 250000; // start small and climb, not the reverse
const PICTURE_HEIGHT = 360;
const PICTURE_RATE = 15; // frames a second
const THIN = 90000; // bit/s of the line below which a picture eats the voice, for 3 s
const BEGUN = 3; // s after which both pictures are there
const WIDE = 140000; // and above which there is room for both, for 4 s

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

/** The certificate that a description is bound to; another one means another RTCPeerConnection. @param {string} sdp */
export function fingerprint(sdp) {
  return /^a=fingerprint:(\S+ \S+)/im.exec(sdp)?.[1].toUpperCase() ?? "";
}

/**
 * Put the page's tracks on the connection; works with none, and at any time after the transceivers exist.
 * @param {RTCPeerConnection} pc @param {MediaStream | null} stream
 */
export async function attach(pc, stream) {
  for (const [kind, hint] of [["audio", "speech"], ["video", "motion"]]) {
    const line = transceiver(pc, kind);
    if (!line || line.stopped) continue;
    const track = stream?.getTracks().find((one) => one.kind === kind && one.readyState === "live") ?? null;
    if (track) track.contentHint = hint;
    if (line.direction !== "sendrecv") line.direction = "sendrecv";
    if (line.sender.track !== track) await line.sender.replaceTrack(track);
  }
}

/** Set both senders: the voice goes first, the picture takes what is left. @param {RTCPeerConnection} pc */
export async function tune(pc) {
  await setSender(transceiver(pc, "audio")?.sender, () => ({
    maxBitrate: VOICE_BITRATE,
    priority: "high",
    networkPriority: "high",
  }));
  await setSender(transceiver(pc, "video")?.sender, (sender) => ({
    maxBitrate: PICTURE_BITRATE,
    maxFramerate: PICTURE_RATE,
    scaleResolutionDownBy: Math.max(1, (sender.track?.getSettings().height ?? 0) / PICTURE_HEIGHT),
    priority: "very-low",
    networkPriority: "very-low",
  }));
}

/**
 * Chromium drops the first frames of a picture that it may shrink and finds too large for the first bitrate: 100 ms of
 * every call. We chose the size ourselves, so the size stays while the call begins; later the rate does.
 * @param {RTCRtpSender | undefined} sender @param {(sender: RTCRtpSender) => object} wanted
 * @param {"maintain-resolution" | "maintain-framerate"} [kept]
 * @param {number} [tries] a description that comes between reading and setting makes what was read stale: once more then
 */
async function setSender(sender, wanted, kept = "maintain-resolution", tries = 2) {
  const parameters = sender?.getParameters();
  if (!sender || !parameters?.encodings?.length) return;
  Object.assign(parameters.encodings[0], wanted(sender));
  if (sender.track?.kind === "video") parameters.degradationPreference = kept;
  try {
    await sender.setParameters(parameters);
  } catch (refused) {
    const stale = refused instanceof DOMException && refused.name === "InvalidStateError";
    if (stale && tries > 1) return setSender(sender, wanted, kept, tries - 1);
    console.warn("call: a sender kept its settings", refused); // the call goes on with the browser's own
  }
}

/** Pauses the picture on a thin line: caps and priorities alone do not save the voice there. */
export class PictureGate {
  #thin = 0;
  #wide = 0;
  #seconds = 0;
  paused = false;

  /**
   * Once a second. True when the picture was just paused or returned.
   * @param {RTCPeerConnection} pc @param {number | undefined} available bit/s that the line takes
   */
  async weigh(pc, available) {
    const picture = transceiver(pc, "video")?.sender;
    if (++this.#seconds === BEGUN) await setSender(picture, () => ({}), "maintain-framerate");
    if (available === undefined) return false;
    this.#thin = available < THIN ? this.#thin + 1 : 0;
    this.#wide = available > WIDE ? this.#wide + 1 : 0;
    if (this.paused ? this.#wide < 4 : this.#thin < 3) return false;
    this.paused = !this.paused;
    await setSender(picture, () => ({ active: !this.paused }), "maintain-framerate");
    return true;
  }
}
