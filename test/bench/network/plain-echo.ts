import { findExtension, EXTENSION_URI } from '../../../src/rtp/packet/extension.ts';
import { HeaderTemplate } from '../../../src/rtp/packet/header-template.ts';
import { parseRtp } from '../../../src/rtp/packet/rtp-packet.ts';
import { TwccGenerator } from '../../../src/rtp/receive/twcc-generator.ts';
import { parseRtcp } from '../../../src/rtp/rtcp/parse.ts';
import { serializeRtcp } from '../../../src/rtp/rtcp/serialize.ts';
import type { ArrivedPacket, NegotiatedMedia } from '../../../src/session/transport/transport.ts';
import { WeriftTransport } from '../../../src/session/transport/werift-transport.ts';
import { monotonic, type Milli } from '../../../src/time.ts';
import type { Answerer } from './call-page.ts';

const TICK: Milli = 10;

/** One call whose video packets go back as they come: what a browser makes of its own packets is the floor. */
class PlainEcho {
  readonly #transport: WeriftTransport;
  #video: NegotiatedMedia | undefined;
  #template = new HeaderTemplate({ ssrc: 0, payloadType: 0 });
  #twcc = new TwccGenerator(0);
  #source = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    this.#transport = new WeriftTransport(
      { hostAddresses: [{ bind: '127.0.0.1', announce: '127.0.0.1' }] },
      {
        onRtp: (packet) => this.#back(packet),
        onRtcp: (packet) => this.#onRtcp(packet),
        onState: () => undefined,
      },
      monotonic,
    );
  }

  async answer(offer: string): Promise<string> {
    const { sdp, media } = await this.#transport.answer(offer);
    const video = media.find(({ kind }) => kind === 'video');
    if (!video?.send) throw new Error('the offer must have video both ways');
    this.#video = video;
    const { ssrc, codec } = video.send;
    this.#template = new HeaderTemplate({ ssrc, payloadType: codec.payloadType });
    this.#twcc = new TwccGenerator(ssrc);
    this.#timer = setInterval(() => this.#feedBack(), TICK);
    return sdp;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#transport.close();
  }

  #back({ data, arrived }: ArrivedPacket): void {
    const packet = parseRtp(data);
    if (!packet || !this.#video) return;
    const at = findExtension(packet, this.#video.extensions.get(EXTENSION_URI.transportSequence) ?? -1);
    if (at !== undefined) this.#twcc.onPacket((data[at]! << 8) | data[at + 1]!, arrived, packet.ssrc);
    if (packet.payloadType !== this.#video.send?.codec.payloadType) return;
    this.#source = packet.ssrc;
    this.#transport.sendRtp(this.#template.packet(packet, [packet.payload], 'video').data);
  }

  /** A keyframe that the browser wants is the camera's to make. */
  #onRtcp({ data }: ArrivedPacket): void {
    if (!parseRtcp(data).some(({ type }) => type === 'picture-loss')) return;
    const request = { type: 'picture-loss', senderSsrc: this.#template.ssrc, mediaSsrc: this.#source } as const;
    this.#transport.sendRtcp(serializeRtcp([request]));
  }

  #feedBack(): void {
    const feedback = this.#twcc.due(monotonic.now());
    if (feedback.length > 0) this.#transport.sendRtcp(serializeRtcp(feedback));
  }
}

/** Answers calls with plain echoes. */
export class PlainEchoAnswerer implements Answerer {
  readonly drops = {};
  readonly #calls: PlainEcho[] = [];

  answer(offer: string): Promise<string> {
    const call = new PlainEcho();
    this.#calls.push(call);
    return call.answer(offer);
  }

  close(): Promise<void> {
    for (const call of this.#calls) call.close();
    return Promise.resolve();
  }
}
