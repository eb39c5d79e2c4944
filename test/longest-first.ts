import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files beside which others run, the longest first: begun last, each would leave a core idle for as long as it takes. */
const LONGEST = [
  'test/transport/contract.test.ts',
  'src/codec/encoder.contract.test.ts',
  'src/worker/broker/broker.test.ts',
  'src/session/pixel/pixel-thread.sizes.test.ts',
  'test/rooms/narrow-viewer.test.ts',
  'src/api/rooms/room-routes.test.ts',
  'src/codec/encoder.test.ts',
  'src/face/tracker.test.ts',
  'test/bench/judge/patch.test.ts',
  'src/cli.test.ts',
  'test/rooms/two-workers.test.ts',
  'src/worker/supervisor/supervisor.test.ts',
  'src/worker/supervisor/worker-slot.test.ts',
  'src/cli/swap/network.test.ts',
  'src/worker/threads/pixel-crew.test.ts',
];

/** Begins long files early. Vitest knows how long they take only where it ran before, and else goes by their size. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.indexOf(relative(this.ctx.config.root, moduleId));
      return at < 0 ? LONGEST.length : at;
    };
    return (await super.sort(files)).sort((one, other) => place(one) - place(other));
  }
}
