/**
 * Entry of the broker: a child process of a gateway with GPUs. It holds the frame scheduler and the GPU workers; pixel threads
 * connect to it themselves. Pictures never pass it, only aligned crops. It ends when its gateway is gone.
 */
import { Socket } from 'node:net';
import { GatewayError } from '../errors.ts';
import { createLog } from '../log.ts';
import { monotonic, type Milli } from '../time.ts';
import { Broker } from './broker/broker.ts';
import { configureBrokerSchema } from './wire/broker-control.ts';
import { Channel, CHILD_WIRE_FD, GATEWAY_SILENCE, type Answer, type WireMessage } from './wire/channel.ts';

/** How often the gateway is told how it goes. */
const FIGURES_EVERY: Milli = 1_000;

const log = createLog('broker');
let broker: Broker | undefined;

// Ctrl-C and service managers signal the whole group of processes; the gateway says when to end.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

const channel = new Channel(new Socket({ fd: CHILD_WIRE_FD }), {
  onRequest: async (message) => {
    try {
      return await answer(message);
    } catch (error) {
      if (!(error instanceof GatewayError)) log.error({ err: error, request: message.type }, 'request failed');
      throw error;
    }
  },
  onNotice: () => undefined,
  // Its workers see their wires end, and end too.
  onClose: (reason) => {
    log.info({ reason }, 'broker ends');
    process.exit(0);
  },
});
channel.startPinging({ silence: GATEWAY_SILENCE });

async function answer({ type, body }: WireMessage): Promise<Answer> {
  switch (type) {
    case 'configure':
      await start(body);
      return {};
    case 'end':
      await broker?.close();
      return {};
    default:
      throw new GatewayError('message_invalid', `a broker must know what it is asked [type:${type}]`);
  }
}

async function start(body: unknown): Promise<void> {
  if (broker !== undefined) throw new GatewayError('state_invalid', 'a broker must be configured once');
  broker = new Broker(configureBrokerSchema.parse(body), { clock: monotonic, log });
  await broker.start();
  const tell = (): void => void channel.notifyIfRoom({ type: 'figures', body: broker?.figures });
  tell();
  setInterval(tell, FIGURES_EVERY);
}
