import { createDecoder } from '../../src/codec/decoder.ts';
import { createEncoder } from '../../src/codec/encoder.ts';
import { WorkPicture } from '../../src/codec/work-picture.ts';
import { assert } from '../../src/errors.ts';
import type { Faces } from '../../src/face/face.ts';
import { createLog } from '../../src/log.ts';
import type { Chunk, SendCodec } from '../../src/media/chunk.ts';
import type { I420 } from '../../src/media/plane.ts';
import { turnI420, type QuarterTurns } from '../../src/media/turn.ts';
import type { SwapBackend } from '../../src/schedule/backend.ts';
import type { FromPixel, PixelFigures, ToPixel, WornIdentity } from '../../src/session/pixel.ts';
import type { OpenParts } from '../../src/session/pixel/parts.ts';
import { PixelThread, type PixelParts } from '../../src/session/pixel/pixel-thread.ts';
import { sessionSettingsSchema, type SessionSettings } from '../../src/session/settings.ts';
import type { SwapCrop, SwappedCrop } from '../../src/swap/swap.ts';
import { sceneOf, type ScriptName } from '../media/clip.ts';

export const PERIOD = 1000 / 30;
/** Frames of the talking head, or of another script, as a browser would send them, or a camera that is turned clockwise. */
export function talk(
  frames: number,
  {
    width = 320,
    height = 180,
    codec = 'vp8' as SendCodec,
    first = 0,
    turns = 0 as QuarterTurns,
    script = 'talk' as ScriptName,
  } = {},
): Chunk[] {
  const scene = sceneOf({ script, width, height });
  const encoder = createEncoder(codec, { bitrate: 1_500_000 });
  const work = new WorkPicture();
  const chunks = Array.from({ length: frames }, (_, i): Chunk => {
    work.load(turnI420(scene.draw(first + i).picture, turns));
    const { data, keyframe } = encoder.encode(work, { keyframe: i === 0, timestamp: i * 3000 });
    return { codec, data, keyframe, timestamp: (first + i) * 3000, decodable: 0, referenced: true };
  });
  encoder.close();
  work.close();
  return chunks;
}

/** A tracker that always finds the same face, and takes as long as it is told. */
const face: Faces = {
  tracked: [
    {
      id: 1,
      landmarks: new Float32Array(478 * 3),
      box: { x: 110, y: 50, width: 90, height: 90 },
      pose: { yaw: 0, pitch: 0, roll: 0 },
      score: 1,
    },
  ],
  seen: [],
  events: [],
  searched: true,
};

/** A thread with its clock and what it said. */
export class PixelRig {
  now = 1000;
  /** How long tracking takes. */
  trackFor = 0;
  /** Whether the stand-in for the swap works. */
  swaps = true;
  /** Runs in the middle of each frame. */
  whileTracking: () => void = () => undefined;
  readonly said: FromPixel[] = [];
  readonly thread: PixelThread;
  readonly #waiting: ToPixel[] = [];

  /** @param parts what takes the place of the stand-ins; the rest of `real` is used as it is */
  constructor(real: OpenParts, parts: Partial<PixelParts> = {}) {
    const clock = { now: () => this.now };
    const backend: SwapBackend<SwapCrop, SwappedCrop> = {
      maximumBatch: 1,
      expected: () => 1,
      swap: () => Promise.resolve([this.swaps ? patch : undefined]),
      close: () => undefined,
    };
    const tracker = {
      track: () => {
        this.now += this.trackFor;
        this.whileTracking();
        return Promise.resolve(face);
      },
      setMaximum: () => undefined,
    };
    const port = {
      send: (message: FromPixel) => void this.said.push(message),
      poll: () => this.#waiting.splice(0).forEach((message) => this.thread.receive(message)),
    };
    this.thread = new PixelThread(
      { ...real, clock, backend, createTracker: () => tracker, ...parts },
      port,
      createLog('test'),
    );
  }

  open(
    session = 'a',
    settings: Partial<SessionSettings> = {},
    codec: SendCodec = 'vp8',
    identity: WornIdentity = 'mask:porcelain',
  ): void {
    const whole = { ...sessionSettingsSchema.parse({}), ...settings };
    this.thread.receive({ type: 'open', session, settings: whole, codec, identity });
  }

  /** A chunk that arrives now, without waiting for what becomes of it. */
  put(chunk: Chunk, session = 'a'): void {
    this.thread.receive({ type: 'chunk', session, chunk: { ...chunk, decodable: this.now } });
  }

  /** A message that lies in the port until it is looked into. */
  post(message: ToPixel): void {
    this.#waiting.push(message);
  }

  /** Chunks 33 ms apart, each worked on to its end. */
  async play(chunks: readonly Chunk[], session = 'a'): Promise<void> {
    for (const chunk of chunks) {
      this.now += PERIOD;
      this.put(chunk, session);
      await this.thread.idle();
    }
  }

  of<Type extends FromPixel['type']>(type: Type, session = 'a'): Extract<FromPixel, { type: Type }>[] {
    return this.said.filter((m): m is Extract<FromPixel, { type: Type }> => m.type === type && m.session === session);
  }

  figures(session = 'a'): PixelFigures {
    for (let i = 0; i < 10; i++) this.thread.tick();
    return this.of('figures', session).at(-1)!.figures;
  }

  credits(session = 'a'): number {
    return this.of('credit', session).reduce((sum, { count }) => sum + count, 0);
  }

  /** What a viewer sees: the pictures of all that came out. */
  pictures(session = 'a'): I420[] {
    const out = this.of('chunk', session);
    const decoder = createDecoder(out[0]!.chunk.codec);
    const pictures = out.map(({ chunk }) => {
      const work = new WorkPicture();
      const { kind } = decoder.decode({ ...chunk, decodable: 0, referenced: true });
      assert(kind === 'picture', `what comes out decodes [kind:${kind}]`);
      decoder.copyTo(work);
      return work.picture;
    });
    return pictures;
  }
}

/** A grey patch that covers the stand-in's face. */
const patch: SwappedCrop = {
  x: 100,
  y: 40,
  width: 110,
  height: 110,
  luma: new Uint8Array(110 * 110).fill(120),
  lumaMask: new Uint8Array(110 * 110).fill(255),
  u: new Uint8Array(55 * 55).fill(128),
  v: new Uint8Array(55 * 55).fill(128),
  chromaMask: new Uint8Array(55 * 55).fill(255),
};

/** Frames that were given up, of every stage and reason. */
export const dropped = ({ drops }: PixelFigures): number => Object.values(drops).reduce((a, b) => a + b, 0);
