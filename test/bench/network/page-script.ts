/**
 * What the page of a network bench runs. Each function goes to the page as text, so it uses nothing of this file but
 * types; the few of a browser that are needed are written down here, because benches are compiled without them.
 */

interface Stream {
  getTracks(): { readonly kind: string }[];
}

interface Description {
  readonly type: 'offer' | 'answer';
  readonly sdp: string;
}

interface Capability {
  readonly mimeType: string;
}

interface Peer {
  readonly localDescription: Description | null;
  readonly iceGatheringState: string;
  onicegatheringstatechange: (() => void) | null;
  ontrack: ((event: { readonly streams: readonly Stream[] }) => void) | null;
  addTransceiver(track: unknown, init: object): { setCodecPreferences(codecs: readonly Capability[]): void };
  setLocalDescription(): Promise<void>;
  setRemoteDescription(description: Description): Promise<void>;
  getStats(): Promise<Map<string, Readonly<Record<string, number | string | boolean | undefined>>>>;
}

interface PageScope {
  RTCPeerConnection: new (configuration: object) => Peer;
  RTCRtpReceiver: { getCapabilities(kind: string): { readonly codecs: readonly Capability[] } | null };
  navigator: { mediaDevices: { getUserMedia(wanted: object): Promise<Stream> } };
  document: { getElementById(id: string): { srcObject: Stream | null } };
  peer: Peer;
  samples: Sample[];
}

/** What Chromium's own statistics said at an instant. Counts are since the start of the call. */
export interface Sample {
  /** Milliseconds since 1970, the browser's clock. */
  readonly at: number;
  readonly framesDecoded: number;
  readonly framesDropped: number;
  readonly freezes: number;
  /** Seconds. */
  readonly frozen: number;
  /** Seconds that all played frames together waited, and wished to wait, and how many these were. */
  readonly waited: number;
  readonly wished: number;
  readonly emitted: number;
  readonly width: number;
  readonly packetsLost: number;
  readonly keyframesWanted: number;
  readonly bytesReceived: number;
  /** Of the camera's way: what left, media and resends, bytes; and how the encoder is doing. */
  readonly bytesSent: number;
  readonly framesEncoded: number;
  readonly sentWidth: number;
  /** The browser's estimate of the way out, bits a second. */
  readonly available: number;
}

/** What to call with. */
export interface PageCall {
  readonly width: number;
  readonly height: number;
  /** Goes first in the offer: `vp8`, `h264`, … */
  readonly codec: string;
}

/** Opens the camera and a connection. Returns the offer, all candidates in it. */
export async function offer({ width, height, codec }: PageCall): Promise<string> {
  const scope = globalThis as unknown as PageScope;
  const camera = await scope.navigator.mediaDevices.getUserMedia({ video: { width, height, frameRate: 30 } });
  const peer = new scope.RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  scope.peer = peer;
  const transceiver = peer.addTransceiver(camera.getTracks()[0], { streams: [camera] });
  const codecs = scope.RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
  const first = codecs.filter(({ mimeType }) => mimeType.toLowerCase() === `video/${codec}`);
  transceiver.setCodecPreferences([...first, ...codecs.filter((one) => !first.includes(one))]);
  peer.ontrack = ({ streams }) => {
    scope.document.getElementById('back').srcObject = streams[0] ?? null;
  };
  await peer.setLocalDescription();
  while (peer.iceGatheringState !== 'complete') {
    await new Promise<void>((resolve) => (peer.onicegatheringstatechange = resolve));
  }
  return peer.localDescription?.sdp ?? '';
}

/** Takes the answer and begins to sample. */
export async function accept({ sdp, interval }: { sdp: string; interval: number }): Promise<void> {
  const scope = globalThis as unknown as PageScope;
  scope.samples = [];
  await scope.peer.setRemoteDescription({ type: 'answer', sdp });
  const sample = async (): Promise<void> => {
    const entries = [...(await scope.peer.getStats()).values()];
    const find = (type: string): ((name: string) => number) => {
      const entry = entries.find(
        (one) => one['type'] === type && (type === 'candidate-pair' ? one['nominated'] : true),
      );
      return (name) => Number(entry?.[name] ?? 0);
    };
    const [back, out, pair] = [find('inbound-rtp'), find('outbound-rtp'), find('candidate-pair')];
    if (back('timestamp') === 0) return;
    scope.samples.push({
      at: back('timestamp'),
      framesDecoded: back('framesDecoded'),
      framesDropped: back('framesDropped'),
      freezes: back('freezeCount'),
      frozen: back('totalFreezesDuration'),
      waited: back('jitterBufferDelay'),
      wished: back('jitterBufferTargetDelay'),
      emitted: back('jitterBufferEmittedCount'),
      width: back('frameWidth'),
      packetsLost: back('packetsLost'),
      keyframesWanted: back('pliCount') + back('firCount'),
      bytesReceived: back('bytesReceived') + back('headerBytesReceived'),
      bytesSent: out('bytesSent') + out('headerBytesSent'),
      framesEncoded: out('framesEncoded'),
      sentWidth: out('frameWidth'),
      available: pair('availableOutgoingBitrate'),
    });
  };
  setInterval(() => void sample(), interval);
}

/** All samples so far. */
export function samples(): readonly Sample[] {
  return (globalThis as unknown as PageScope).samples;
}
