import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { vi } from 'vitest';
import { PROJECT_ROOT } from '../../../src/entry.ts';
import type { Milli } from '../../../src/time.ts';
import { Signalling } from '../../bench/client/signalling.ts';
import { paceStreams, Stream } from '../../bench/client/stream.ts';
import { GatewayProcess } from '../../bench/gateway/gateway-process.ts';
import { encodedClip } from '../../media/clip.ts';
import { Random } from '../../media/random.ts';
import { Relay } from '../../relay/relay.ts';
import { Sniffer } from './datagrams.ts';
import type { LoopDelay } from './loop-watch.ts';

/** Small and slow: what is asked is that it goes on, on a machine that is busy with the attack. */
const CLIP = { script: 'talk', width: 320, height: 240, frameRate: 10 } as const;
const BUDGET: Milli = 500;
/** Against a hang. */
const PATIENCE: Milli = 60_000;

/** A real gateway in processes of its own, and a call with it that is sniffed. */
export class HostileCall {
  readonly sniffer = new Sniffer();
  readonly relay = new Relay({ tap: (_direction, bytes) => this.sniffer.take(bytes) });
  /** UDP port of the gateway. */
  port = 0;
  /** What the gateway said of the session's end; nothing may. */
  readonly ends: string[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'guise-hostile-'));
  readonly #loopFile = join(this.#folder, 'loop');
  #gateway: GatewayProcess | undefined;
  #workers: readonly number[] = [];
  #stream: Stream | undefined;
  #pace: { stop: () => void } | undefined;

  /** @param settings environment of the gateway, e.g. GUISE_MEDIA_TRANSPORT */
  static async open(settings: Readonly<Record<string, string>>): Promise<HostileCall> {
    const call = new HostileCall();
    await call.#start(settings);
    return call;
  }

  /** The media workers are those of the beginning, and the session has not been ended. */
  get unharmed(): boolean {
    const now = this.#gateway?.mediaWorkers ?? [];
    return this.ends.length === 0 && this.#workers.every((pid) => now.includes(pid));
  }

  /** Resolves when `count` more pictures have come back. */
  async delivers(count = 5): Promise<void> {
    const stream = this.#stream!;
    const before = stream.returned.length;
    await vi.waitUntil(() => stream.returned.length >= before + count || !this.unharmed, { timeout: PATIENCE });
  }

  /** How late the media worker's event loop was since the last time that this was asked. */
  async loopDelay(): Promise<LoopDelay> {
    const lines = (): string[] => readFileSync(this.#loopFile, 'utf8').split('\n').filter(Boolean);
    const before = lines().length;
    process.kill(this.#workers[0]!, 'SIGUSR2');
    await vi.waitUntil(() => lines().length > before, { timeout: PATIENCE });
    return JSON.parse(lines().at(-1)!) as LoopDelay;
  }

  async close(): Promise<void> {
    this.#pace?.stop();
    await this.#stream?.close();
    this.relay.close();
    await this.#gateway?.stop();
    rmSync(this.#folder, { recursive: true });
  }

  async #start(settings: Readonly<Record<string, string>>): Promise<void> {
    writeFileSync(this.#loopFile, '');
    const watch = pathToFileURL(join(PROJECT_ROOT, 'dist', 'test', 'fuzz', 'live', 'loop-watch.js')).href;
    this.#gateway = await GatewayProcess.start({
      ...settings,
      NODE_OPTIONS: `--import=${watch}`,
      GUISE_LOOP_FILE: this.#loopFile,
      GUISE_ANNOUNCE: '127.0.0.1',
      GUISE_PIXEL_THREADS: '1',
    });
    this.#workers = this.#gateway.mediaWorkers;
    const signalling = await Signalling.open(this.#gateway.url, { identity: 'mask:gold', budget: BUDGET });
    signalling.onMessage = (message) => {
      if (message.type === 'error') this.ends.push(message.code);
      if (message.type === 'state' && message.state === 'closed') this.ends.push(message.reason ?? 'closed');
    };
    const stream = new Stream(await encodedClip(CLIP, 'vp8'), signalling, new Random(5), { keep: false });
    this.#stream = stream;
    await stream.connect((answer) => {
      this.port = Number(/^a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+)/m.exec(answer)?.[1]);
      return this.relay.through(answer);
    });
    this.#pace = paceStreams([{ sendFrame: () => stream.sendFrame(), phase: 0, frameRate: CLIP.frameRate }]);
    // Long enough for reports of both sides.
    await vi.waitUntil(() => stream.returned.length > 20 && this.sniffer.has('RTCP'), { timeout: PATIENCE });
    await this.loopDelay();
  }
}
