import { once } from 'node:events';
import { createReadStream, existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, extname, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { PROJECT_ROOT } from '../../src/entry.ts';
import type { Rgb } from '../../src/media/plane.ts';
import { launchChromium } from './chromium.ts';

/** What the page needs of MediaPipe's solution API (index.d.ts of @mediapipe/face_mesh). */
interface FaceMeshSolution {
  setOptions(options: object): void;
  onResults(listener: (results: { multiFaceLandmarks?: { x: number; y: number; z: number }[][] }) => void): void;
  send(inputs: { image: HTMLCanvasElement }): Promise<void>;
  reset(): void;
}

declare global {
  interface Window {
    FaceMesh: new (config: { locateFile: (file: string) => string }) => FaceMeshSolution;
    official: FaceMeshSolution;
    seen: readonly { x: number; y: number; z: number }[] | undefined;
  }
}

const TYPES: Record<string, string> = { '.js': 'text/javascript', '.wasm': 'application/wasm', '.html': 'text/html' };
const PAGE = '<!doctype html><canvas></canvas><script src="face_mesh.js"></script>';
/** Its crop follows its own landmarks: at the sixth sending of the same picture it has settled, as the reference did. */
const ROUNDS = 6;

/** Google's own Face Mesh, as its npm package ships it: WebAssembly in a Chromium with software WebGL. */
export class OfficialFaceMesh {
  readonly #server: Server;
  readonly #browser: Browser;
  readonly #page: Page;

  private constructor(server: Server, browser: Browser, page: Page) {
    this.#server = server;
    this.#browser = browser;
    this.#page = page;
  }

  static async open(): Promise<OfficialFaceMesh> {
    const server = createServer((request, response) => {
      const name = basename(request.url ?? '');
      const file = join(PROJECT_ROOT, 'node_modules/@mediapipe/face_mesh', name);
      response.setHeader(
        'content-type',
        TYPES[extname(name)] ?? (name === '' ? 'text/html' : 'application/octet-stream'),
      );
      if (name === '') response.end(PAGE);
      else if (existsSync(file)) createReadStream(file).pipe(response);
      else response.writeHead(404).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const browser = await launchChromium({ flags: ['--use-angle=swiftshader', '--enable-unsafe-swiftshader'] });
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.evaluate(() => {
      const mesh = new window.FaceMesh({ locateFile: (file) => file });
      mesh.setOptions({
        maxNumFaces: 1,
        refineLandmarks: true,
        minDetectionConfidence: 0.5,
        minTrackingConfidence: 0.5,
      });
      mesh.onResults(({ multiFaceLandmarks }) => {
        window.seen = multiFaceLandmarks?.[0];
      });
      window.official = mesh;
    });
    return new OfficialFaceMesh(server, browser, page);
  }

  /** 478 × (x, y, z) in pixels of the picture, or undefined if it finds no face. */
  async landmarks({ width, height, data }: Rgb): Promise<Float32Array | undefined> {
    const points = await this.#page.evaluate(
      async ({ bytes, w, h, rounds }) => {
        const rgb = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
        const image = new ImageData(w, h);
        for (let i = 0; i < w * h; i++) {
          image.data.set([rgb[i * 3]!, rgb[i * 3 + 1]!, rgb[i * 3 + 2]!, 255], i * 4);
        }
        const canvas = document.querySelector('canvas')!;
        [canvas.width, canvas.height] = [w, h];
        canvas.getContext('2d')!.putImageData(image, 0, 0);
        window.official.reset();
        for (let round = 0; round < rounds; round++) await window.official.send({ image: canvas });
        return window.seen?.flatMap(({ x, y, z }) => [x * w, y * h, z * w]);
      },
      { bytes: Buffer.from(data).toString('base64'), w: width, h: height, rounds: ROUNDS },
    );
    return points && Float32Array.from(points);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await this.#browser.close();
    this.#server.close();
  }
}
