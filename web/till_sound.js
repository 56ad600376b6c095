// Sounds made on the spot: a short high one for what was taken, two low ones for what was not, a rising pair when paid.
let audio;
const notes = {
  ok: [[1320, 0, 0.06, "sine"]],
  bad: [[220, 0, 0.16, "square"], [165, 0.2, 0.26, "square"]],
  paid: [[880, 0, 0.08, "sine"], [1320, 0.09, 0.14, "sine"]],
};

export function sound(kind) {
  if (!notes[kind]) return;
  document.body.dataset.lastSound = kind;
  try {
    audio ??= new AudioContext();
    for (const [pitch, after, length, shape] of notes[kind]) tone(pitch, audio.currentTime + after, length, shape);
  } catch { /* a till without a loudspeaker */ }
}

function tone(pitch, at, length, shape) {
  const voice = audio.createOscillator();
  const volume = audio.createGain();
  voice.type = shape;
  voice.frequency.value = pitch;
  volume.gain.setValueAtTime(shape === "square" ? 0.12 : 0.25, at);
  volume.gain.exponentialRampToValueAtTime(0.001, at + length);
  voice.connect(volume).connect(audio.destination);
  voice.start(at);
  voice.stop(at + length);
}
