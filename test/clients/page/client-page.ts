/** What a page of somebody else's does with Guise: publishes by WHIP and watches by WHEP, with libraries from npm. */
import { WHIPClient as EyevinnClient } from '@eyevinn/whip-web-client';
import { WHEPClient } from 'whip-whep/whep.js';
import { WHIPClient } from 'whip-whep/whip.js';

/** A room's URL, and the token that lets in. */
export interface Place {
  readonly endpoint: string;
  readonly token: string;
}

/** What is published: the page's camera and microphone, or a video file that it plays. */
export interface Published extends Place {
  readonly file?: string;
}

/** Of all that runs in the page, from the browser's statistics. */
export interface PageFigures {
  readonly framesDecoded: number;
  readonly soundPackets: number;
}

/** A frame as the page's video element showed it: luma in BT.601's limited range, base64. */
export interface ShownFrame {
  readonly width: number;
  readonly height: number;
  readonly luma: string;
  /** `performance.now()` of the page. */
  readonly at: number;
}

declare global {
  interface Window {
    client: ClientPage;
  }
  interface HTMLMediaElement {
    /** https://w3c.github.io/mediacapture-fromelement/, not yet in TypeScript's library. */
    captureStream(): MediaStream;
  }
}

/** The page's publishers and viewers, as `window.client`. */
export class ClientPage {
  readonly #peers: RTCPeerConnection[] = [];
  readonly #running: { stop(): Promise<void> }[] = [];
  readonly #video = document.querySelector('video')!;
  #kept: readonly KeptFrame[] = [];

  /** By `whip-whep`. Gives `performance.now()` from before the POST. */
  async publish({ endpoint, token, file }: Published): Promise<number> {
    const peer = this.#peer({ bundlePolicy: 'max-bundle' });
    const source = await (file === undefined ? openCamera() : playFile(file));
    const begun = performance.now();
    for (const track of source.getTracks()) peer.addTransceiver(track, { direction: 'sendonly', streams: [source] });
    const client = new WHIPClient();
    await client.publish(peer, endpoint, token);
    this.#running.push(client);
    return begun;
  }

  /** The camera and microphone by `@eyevinn/whip-web-client`. */
  async publishByEyevinn({ endpoint, token }: Place): Promise<void> {
    const client = new EyevinnClient({
      endpoint,
      opts: { authkey: token, iceServers: [] },
      peerConnectionFactory: (configuration) => this.#peer(configuration),
    });
    await client.ingest(await openCamera());
    this.#running.push({ stop: () => client.destroy() });
  }

  /** Shows a room by `whip-whep`. */
  async watch({ endpoint, token }: Place): Promise<void> {
    const peer = this.#peer({ bundlePolicy: 'max-bundle' });
    const stream = new MediaStream();
    peer.ontrack = ({ track }) => stream.addTrack(track);
    for (const kind of ['audio', 'video']) peer.addTransceiver(kind, { direction: 'recvonly' });
    this.#video.srcObject = stream;
    const client = new WHEPClient();
    await client.view(peer, endpoint, token);
    this.#running.push(client);
  }

  async figures(): Promise<PageFigures> {
    const seen = { framesDecoded: 0, soundPackets: 0 };
    for (const peer of this.#peers) {
      for (const entry of (await peer.getStats()).values() as Iterable<Record<string, number & string>>) {
        if (entry['type'] !== 'inbound-rtp') continue;
        if (entry['kind'] === 'video') seen.framesDecoded += entry['framesDecoded'] ?? 0;
        else seen.soundPackets += entry['packetsReceived'] ?? 0;
      }
    }
    return seen;
  }

  /** Keeps the next `count` frames that the element shows, instead of those kept before. Resolves when they are there. */
  async keep(count: number): Promise<void> {
    const kept: KeptFrame[] = [];
    this.#kept = kept;
    while (kept.length < count) {
      await this.#nextFrame();
      kept.push(keptFrame(this.#video));
    }
  }

  /** A kept frame, once it is there. */
  async frame(index: number): Promise<ShownFrame> {
    const kept = this.#kept;
    while (kept.length <= index) await this.#nextFrame();
    const { luma, ...rest } = kept[index]!;
    return { ...rest, luma: asText(luma) };
  }

  /** Ends everything as the libraries do: each with a DELETE. */
  async stop(): Promise<void> {
    await Promise.all(this.#running.splice(0).map((client) => client.stop()));
    this.#peers.length = 0;
    this.#kept = [];
  }

  #nextFrame(): Promise<unknown> {
    return new Promise((resolve) => this.#video.requestVideoFrameCallback(resolve));
  }

  #peer(configuration: RTCConfiguration): RTCPeerConnection {
    const peer = new RTCPeerConnection(configuration);
    this.#peers.push(peer);
    return peer;
  }
}

/** At half a camera's rate: two cores encode, swap and show it at once, and what is late is hidden. */
function openCamera(): Promise<MediaStream> {
  return navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480, frameRate: 15 }, audio: true });
}

async function playFile(file: string): Promise<MediaStream> {
  const element = Object.assign(document.createElement('video'), { src: file, loop: true });
  await element.play();
  return element.captureStream();
}

/** A frame of the element, kept as it is shown. */
interface KeptFrame {
  readonly width: number;
  readonly height: number;
  readonly luma: Uint8Array;
  readonly at: number;
}

function keptFrame(video: HTMLVideoElement): KeptFrame {
  const at = performance.now();
  const { videoWidth: width, videoHeight: height } = video;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
  context.drawImage(video, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const luma = new Uint8Array(width * height);
  for (let pixel = 0; pixel < luma.length; pixel++) {
    const [red, green, blue] = [data[pixel * 4]!, data[pixel * 4 + 1]!, data[pixel * 4 + 2]!];
    // ITU-R BT.601 §2.5.1, as 8 bits.
    luma[pixel] = 16.5 + (65.481 * red + 128.553 * green + 24.966 * blue) / 255;
  }
  return { width, height, luma, at };
}

function asText(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

window.client = new ClientPage();
