/** Entry of a pixel thread: codecs, face and swap of its sessions, one frame to its end at a time (src/session/pixel/). */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { nativeHeld } from '../codec/native-held.ts';
import { assert } from '../errors.ts';
import { threadHeld } from '../held.ts';
import { createLog } from '../log.ts';
import { ModelStore } from '../onnx/model-store.ts';
import type { ToPixel } from '../session/pixel.ts';
import { openParts, worksAside } from '../session/pixel/parts.ts';
import { PixelThread } from '../session/pixel/pixel-thread.ts';
import { warmUp } from '../session/pixel/warm-up.ts';
import { BrokerClient } from './broker-client/broker-client.ts';
import { END } from './threads/end-thread.ts';
import { ModelsAside } from './threads/models-aside.ts';
import type { PixelHeld, ThreadQuestion, ThreadSign, ThreadStart } from './threads/pixel-crew.ts';

const port = parentPort;
assert(port !== null, 'pixel-thread runs as a worker thread');

type Message = ToPixel | ThreadQuestion | typeof END;

const take = (message: Message): void => {
  if (message === END) void end();
  else if (message.type === 'alive?') port.postMessage({ type: 'alive' } satisfies ThreadSign);
  else if (message.type === 'held?') port.postMessage({ type: 'held', held: held() } satisfies ThreadSign);
  else thread.receive(message);
};

function held(): PixelHeld {
  return { ...threadHeld(), ...nativeHeld(), sessions: thread.size };
}

async function end(): Promise<void> {
  thread.close();
  lanes?.close();
  await thread.idle();
  await models?.close();
  port?.close();
}

const { hardware, decodeLimit, broker, recipes = [] } = workerData as ThreadStart;
const log = createLog('pixels');
// Without its models the thread is of no use: it ends, and is replaced.
const models = worksAside()
  ? new ModelsAside((error) =>
      setImmediate(() => {
        throw error;
      }),
    )
  : undefined;
const parts = await openParts({
  log,
  ...(models && { store: new ModelStore({ load: (onnx) => models.load(onnx) }), timeAside: () => models.time() }),
  ...(decodeLimit !== undefined && { decodeLimit }),
  ...(hardware !== 'off' && { hardware }),
});
const { cost } = await warmUp(parts);
const lanes = broker === undefined ? undefined : new BrokerClient(broker, { log });
const thread = new PixelThread(
  { ...parts, ...(lanes && { networks: { recipes, lanes } }) },
  {
    send: (message, transfer = []) => port.postMessage(message, transfer),
    // Between two stages of a frame, so that a newer one, or the end of the session, is seen before more work is done.
    poll: () => {
      for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
        take(next.message as Message);
      }
    },
  },
  log,
);
thread.start();
port.on('message', take);
port.postMessage({ type: 'ready', cost } satisfies ThreadSign);
