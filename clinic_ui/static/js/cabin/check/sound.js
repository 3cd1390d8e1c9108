// @ts-check
/**
 * What the microphone hears: the room, then our own notes out of the loudspeaker.
 * @module
 */

const LISTEN_FOR = 1500; // ms
const EVERY = 100;
const NOTES = [660, 880, 1100]; // Hz: heard by old ears, and inside every voice codec
const NOTE_FOR = 0.35; // s
const FLOOR = -120; // dB: digital silence
const WAKES_WITHIN = 800; // ms: a page that may not make sound stays suspended

/** @type {AudioContext | null} */
let ears = null;

/** @param {number} ms */
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** @returns {Promise<AudioContext | null>} null when this page may neither play nor hear */
async function awake() {
  ears ??= new AudioContext();
  await Promise.race([ears.resume(), pause(WAKES_WITHIN)]);
  return ears.state === "running" ? ears : null;
}

/** @param {AudioContext} context @param {MediaStream} stream @param {number} size */
function listening(context, stream, size) {
  const source = context.createMediaStreamSource(new MediaStream(stream.getAudioTracks()));
  const analyser = context.createAnalyser();
  analyser.fftSize = size;
  analyser.smoothingTimeConstant = 0;
  source.connect(analyser);
  return { analyser, done: () => source.disconnect() };
}

/**
 * Hear the room. @param {MediaStream} stream @param {AbortSignal} signal
 * @returns {Promise<{level_db: number, noise_db: number} | null>} its loudest tenth of a second, and its middle one
 */
export async function hear(stream, signal) {
  const context = await awake();
  if (!context) return null;
  const { analyser, done } = listening(context, stream, 4096);
  const wave = new Float32Array(analyser.fftSize);
  const levels = [];
  for (let at = 0; at < LISTEN_FOR && !signal.aborted; at += EVERY) {
    await pause(EVERY);
    analyser.getFloatTimeDomainData(wave);
    levels.push(decibels(Math.sqrt(wave.reduce((sum, one) => sum + one * one, 0) / wave.length)));
  }
  done();
  levels.sort((one, other) => one - other);
  return levels.length ? { level_db: levels[levels.length - 1], noise_db: levels[Math.floor(levels.length / 2)] } : null;
}

/**
 * Play our notes and look how far they stand above the room in the microphone.
 * @param {MediaStream} stream @param {AbortSignal} signal @returns {Promise<{tone_rise_db?: number}>}
 */
export async function heardTone(stream, signal) {
  const context = await awake();
  if (!context) return {};
  const { analyser, done } = listening(context, stream, 8192);
  const bins = new Float32Array(analyser.frequencyBinCount);
  const width = context.sampleRate / analyser.fftSize;
  const loudest = () => {
    analyser.getFloatFrequencyData(bins);
    return NOTES.map((note) => Math.max(FLOOR, ...bins.slice(Math.floor(note / width) - 1, Math.floor(note / width) + 3)));
  };
  const before = await loudestOf(loudest, 500, signal);
  const playing = playTone(signal);
  const during = await loudestOf(loudest, NOTES.length * NOTE_FOR * 1000 + 200, signal);
  await playing;
  done();
  // each note must be heard: a cough is at one pitch
  return { tone_rise_db: Math.round(Math.min(...during.map((level, note) => level - before[note])) * 10) / 10 };
}

/** @param {() => number[]} look @param {number} lasts @param {AbortSignal} signal @returns {Promise<number[]>} the loudest of each note */
async function loudestOf(look, lasts, signal) {
  let most = NOTES.map(() => FLOOR);
  for (let at = 0; at < lasts && !signal.aborted; at += 50) {
    await pause(50);
    const now = look();
    most = most.map((level, note) => Math.max(level, now[note]));
  }
  return most;
}

/** Three notes out of the loudspeaker. @param {AbortSignal} signal */
export async function playTone(signal) {
  const context = await awake();
  if (!context || signal.aborted) return;
  const loud = context.createGain();
  loud.gain.value = 0.3;
  loud.connect(context.destination);
  NOTES.forEach((note, place) => {
    const voice = context.createOscillator();
    voice.frequency.value = note;
    voice.connect(loud);
    voice.start(context.currentTime + place * NOTE_FOR);
    voice.stop(context.currentTime + (place + 1) * NOTE_FOR);
  });
  await pause(NOTES.length * NOTE_FOR * 1000);
  loud.disconnect();
}

/** @param {number} amplitude */
function decibels(amplitude) {
  return amplitude > 0 ? Math.max(FLOOR, Math.round(200 * Math.log10(amplitude)) / 10) : FLOOR;
}
