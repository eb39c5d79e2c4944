import { writeFileSync } from 'node:fs';
import { cached } from './cache.ts';

const RATE = 48_000;

/** A tone of 1 kHz in the first 0.1 s of each second, as a 16-bit mono file of `seconds`: the sound of the `flash` clip. */
export async function beepWav(seconds: number): Promise<string> {
  return await cached('beep.wav', { seconds }, (path) => {
    const samples = Buffer.alloc(seconds * RATE * 2);
    for (let i = 0; i < seconds * RATE; i++) {
      const inSecond = i % RATE;
      if (inSecond >= RATE / 10) continue;
      samples.writeInt16LE(Math.round(16_000 * Math.sin((2 * Math.PI * 1000 * inSecond) / RATE)), i * 2);
    }
    writeFileSync(path, Buffer.concat([header(samples.length), samples]));
  });
}

/** RIFF/WAVE, PCM: https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html */
function header(bytes: number): Buffer {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + bytes, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20); // PCM
  head.writeUInt16LE(1, 22); // channels
  head.writeUInt32LE(RATE, 24);
  head.writeUInt32LE(RATE * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(bytes, 40);
  return head;
}
