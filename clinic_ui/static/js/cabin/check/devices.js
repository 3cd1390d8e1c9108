// @ts-check
/**
 * The cabin's camera and microphone: there or not, and how light the picture is.
 * @module
 */

const RAW = { echoCancellation: false, noiseSuppression: false, autoGainControl: false }; // our tone is to be heard
const PICTURE = { width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: 30 } };
const SETTLES_FOR = 900; // ms: a camera opens dark and finds its exposure
const LOOKS = 5;
const [WIDE, HIGH] = [64, 36]; // enough to know light from dark

/** @typedef {"ok" | "absent" | "refused" | "busy"} Device */

/** @param {AbortSignal} signal ends the tracks @returns {Promise<{stream: MediaStream, camera: Device, microphone: Device}>} */
export async function openDevices(signal) {
  const stream = new MediaStream();
  const [camera, microphone] = [await open({ video: PICTURE }, stream), await open({ audio: RAW }, stream)];
  const stop = () => stream.getTracks().forEach((track) => track.stop());
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop);
  return { stream, camera, microphone };
}

/** @param {MediaStreamConstraints} wish @param {MediaStream} into @returns {Promise<Device>} */
async function open(wish, into) {
  try {
    for (const track of (await navigator.mediaDevices.getUserMedia(wish)).getTracks()) into.addTrack(track);
    return "ok";
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    if (name === "NotAllowedError" || name === "SecurityError") return "refused";
    return name === "NotReadableError" || name === "AbortError" ? "busy" : "absent";
  }
}

/** @param {MediaStream} stream @returns {Promise<number | null>} mean luminance, 0 to 255; null: no picture came */
export async function lightOf(stream) {
  const video = document.createElement("video");
  video.muted = video.playsInline = true;
  video.srcObject = new MediaStream(stream.getVideoTracks());
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [WIDE, HIGH];
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  try {
    await video.play();
    await pause(SETTLES_FOR);
    let sum = 0;
    for (let look = 0; look < LOOKS; look += 1) {
      await pause(80);
      if (!pen || !video.videoWidth) return null;
      pen.drawImage(video, 0, 0, WIDE, HIGH);
      sum += luma(pen.getImageData(0, 0, WIDE, HIGH).data);
    }
    return Math.round((sum / LOOKS) * 10) / 10;
  } catch {
    return null;
  } finally {
    video.srcObject = null;
  }
}

/** The mean of ITU-R BT.601 luminance. @param {Uint8ClampedArray} pixels */
function luma(pixels) {
  let sum = 0;
  for (let at = 0; at < pixels.length; at += 4) sum += 0.299 * pixels[at] + 0.587 * pixels[at + 1] + 0.114 * pixels[at + 2];
  return sum / (pixels.length / 4);
}

/** @param {number} ms */
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
