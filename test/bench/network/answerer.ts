import { prepareTransport, type CreateTransport } from '../../../src/session/transport/create-transport.ts';
import type { TransportName } from '../../../src/session/transport/transport-settings.ts';
import { EchoServer } from '../../browser/echo-server.ts';
import { Signalling } from '../client/signalling.ts';
import { GatewayProcess } from '../gateway/gateway-process.ts';
import type { Answerer } from './call-page.ts';

/** The real gateway in processes of its own, with a mask put on. */
export class GatewayAnswerer implements Answerer {
  readonly #gateway: GatewayProcess;
  readonly drops: Record<string, number> = {};
  readonly #calls: Signalling[] = [];

  private constructor(gateway: GatewayProcess) {
    this.#gateway = gateway;
  }

  /** @param settings environment of the gateway */
  static async start(settings: Readonly<Record<string, string>>): Promise<GatewayAnswerer> {
    return new GatewayAnswerer(await GatewayProcess.start({ GUISE_SESSIONS: '8', ...settings }));
  }

  async answer(offer: string): Promise<string> {
    const call = await Signalling.open(this.#gateway.url, { identity: 'mask:porcelain' });
    this.#calls.push(call);
    call.onMessage = (message) => {
      if (message.type !== 'statistics') return;
      for (const [at, count] of Object.entries(message.figures.drops)) this.drops[at] = (this.drops[at] ?? 0) + count;
    };
    call.send({ type: 'offer', sdp: offer });
    return (await call.next('answer')).sdp;
  }

  async close(): Promise<void> {
    for (const call of this.#calls) call.close();
    await this.#gateway.stop();
  }
}

/** The I/O half of a session in this process, every chunk echoed: the network without any work on pictures. */
export class EchoAnswerer implements Answerer {
  /** One a call, in their order. */
  readonly servers: EchoServer[] = [];
  readonly #make: CreateTransport;

  private constructor(make: CreateTransport) {
    this.#make = make;
  }

  static async start(transport: TransportName): Promise<EchoAnswerer> {
    return new EchoAnswerer(await prepareTransport(transport));
  }

  get drops(): Readonly<Record<string, number>> {
    const sums: Record<string, number> = {};
    for (const { figures } of this.servers) {
      for (const [at, count] of figures.flatMap(({ drops }) => Object.entries(drops)))
        sums[at] = (sums[at] ?? 0) + count;
    }
    return sums;
  }

  async answer(offer: string): Promise<string> {
    const server = await EchoServer.open({
      make: this.#make,
      transport: { hostAddresses: [{ bind: '127.0.0.1', announce: '127.0.0.1' }] },
    });
    this.servers.push(server);
    return server.session.answer(offer);
  }

  async close(): Promise<void> {
    for (const server of this.servers) server.close();
    return Promise.resolve();
  }
}
