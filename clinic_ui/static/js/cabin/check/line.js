// @ts-check
/**
 * The line to the server's echo: voice and picture up and down for three seconds, then a burst of bytes for the rates.
 * @module
 */

const GATHER_WITHIN = 2500; // ms: a relay that is silent must not hold up the offer
const CONNECT_WITHIN = 15_000;
const MEDIA_FOR = 3000; // 150 packets of voice and as many of picture: one lost packet in twenty is seen
const LOOK_EVERY = 100;
const OPEN_WITHIN = 4000;
const BURST = 384 * 1024; // bytes: one megabit a second fills three seconds
const PIECE = 16 * 1024;
const AHEAD = 64 * 1024;
const BURST_FOR = 3000;

/** @param {number} ms */
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/**
 * @param {{stream: MediaStream, iceServers: RTCIceServer[], answer: (sdp: string) => Promise<string>,
 *   progress: (part: number) => void, signal: AbortSignal}} with_
 * @returns {Promise<Record<string, any>>} the figures of the line
 */
export async function callEcho({ stream, iceServers, answer, progress, signal }) {
  const pc = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" });
  signal.addEventListener("abort", () => pc.close());
  try {
    for (const track of stream.getTracks()) pc.addTrack(track, stream);
    const channel = pc.createDataChannel("rates");
    channel.binaryType = "arraybuffer";
    await pc.setLocalDescription();
    await gathered(pc);
    const began = performance.now();
    const sdp = await answer(pc.localDescription?.sdp ?? "");
    const answered = performance.now();
    await pc.setRemoteDescription({ type: "answer", sdp });
    if (!(await until(() => pc.connectionState === "connected", CONNECT_WITHIN, signal))) return { connected: false };
    progress(0.2);
    const connect_ms = round(performance.now() - began);
    const first = stream.getVideoTracks().length ? await firstFrame(pc, answered, signal) : {};
    await pause(MEDIA_FOR);
    progress(0.7);
    const media = await mediaOf(pc);
    return { connected: true, connect_ms, ...first, ...media, ...(await ratesOf(channel, signal)) };
  } finally {
    pc.close();
  }
}

/** @param {RTCPeerConnection} pc all candidates go with the offer: the echo takes none afterwards */
async function gathered(pc) {
  if (pc.iceGatheringState === "complete") return;
  const done = new Promise((resolve) =>
    pc.addEventListener("icegatheringstatechange", () => pc.iceGatheringState === "complete" && resolve(null)),
  );
  await Promise.race([done, pause(GATHER_WITHIN)]);
}

/** @param {() => boolean | Promise<boolean>} holds @param {number} within @param {AbortSignal} signal */
async function until(holds, within, signal) {
  for (const end = performance.now() + within; performance.now() < end && !signal.aborted; await pause(LOOK_EVERY)) {
    if (await holds()) return true;
  }
  return holds();
}

/** @param {RTCPeerConnection} pc @param {number} since @param {AbortSignal} signal */
async function firstFrame(pc, since, signal) {
  const seen = async () => (await reports(pc)).some((one) => one.type === "inbound-rtp" && one.framesDecoded > 0);
  return (await until(seen, CONNECT_WITHIN, signal)) ? { first_frame_ms: round(performance.now() - since) } : {};
}

/** @param {RTCPeerConnection} pc @returns {Promise<any[]>} */
const reports = async (pc) => [...(await pc.getStats()).values()];

/** Loss and jitter both ways, and the round trip of the pair in use. @param {RTCPeerConnection} pc */
async function mediaOf(pc) {
  const all = await reports(pc);
  const of = (/** @type {string} */ type) => all.filter((one) => one.type === type);
  const transport = of("transport")[0];
  const pair = all.find((one) => one.id === transport?.selectedCandidatePairId);
  const [down, up, sent] = [of("inbound-rtp"), of("remote-inbound-rtp"), of("outbound-rtp")];
  const jitters = [...down, ...up].map((one) => one.jitter).filter((one) => one !== undefined);
  return {
    rtt_ms: pair?.currentRoundTripTime === undefined ? null : round(pair.currentRoundTripTime * 1000),
    jitter_ms: jitters.length ? round(Math.max(...jitters) * 1000) : null,
    loss_down: share(sum(down, "packetsLost"), sum(down, "packetsLost") + sum(down, "packetsReceived")),
    loss_up: up.length ? share(sum(up, "packetsLost"), sum(sent, "packetsSent")) : null,
  };
}

/** @param {any[]} many @param {string} field */
const sum = (many, field) => many.reduce((all, one) => all + Math.max(0, one[field] ?? 0), 0);

/** @param {number} part @param {number} whole */
const share = (part, whole) => (whole ? Math.min(1, Math.round((part / whole) * 10_000) / 10_000) : null);

/** @param {number} value */
const round = (value) => Math.max(0, Math.round(value * 10) / 10);

/**
 * Send a burst that comes back: what left in the time is the way up; what came back is at least the way down.
 * @param {RTCDataChannel} channel @param {AbortSignal} signal
 */
async function ratesOf(channel, signal) {
  if (!(await until(() => channel.readyState === "open", OPEN_WITHIN, signal))) return {};
  let [sent, back, firstAt, lastAt] = [0, 0, 0, 0];
  channel.addEventListener("message", ({ data }) => {
    lastAt = performance.now();
    if (!firstAt) firstAt = lastAt;
    else back += data.byteLength;
  });
  const piece = new Uint8Array(PIECE);
  const began = performance.now();
  const over = () => performance.now() - began > BURST_FOR || signal.aborted || channel.readyState !== "open";
  while (sent < BURST && !over()) {
    while (sent < BURST && channel.bufferedAmount < AHEAD) {
      channel.send(piece);
      sent += PIECE;
    }
    await pause(10);
  }
  while (channel.bufferedAmount && !over()) await pause(10);
  const up = ((sent - channel.bufferedAmount) * 8) / (performance.now() - began);
  while (back + PIECE < sent && !over()) await pause(10);
  const down = back ? (back * 8) / (lastAt - firstAt) : 0;
  return { up_kbps: round(up), down_kbps: round(down) };
}
