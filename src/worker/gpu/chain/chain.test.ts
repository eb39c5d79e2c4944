import { chainContract } from '../../../../test/support/chain-contract.ts';
import { processorEngine } from '../../../../test/support/engine-lanes.ts';

chainContract('on the processor', processorEngine);
