import { describe } from 'vitest';
import { CAPABILITIES, prepareTransport } from '../../src/session/transport/create-transport.ts';
import { TRANSPORTS } from '../../src/session/transport/transport-settings.ts';
import { Calls } from './calls.ts';
import { doorContract } from './door-contract.ts';
import { hostileContract } from './hostile-contract.ts';
import { lifecycleContract } from './lifecycle-contract.ts';
import { mediaContract } from './media-contract.ts';
import { negotiationContract } from './negotiation-contract.ts';

describe.each(TRANSPORTS)('the transport %s', (name) => {
  const calls = new Calls(prepareTransport(name));
  mediaContract(calls);
  doorContract(calls, CAPABILITIES[name]);
  hostileContract(calls, CAPABILITIES[name]);
  lifecycleContract(calls, CAPABILITIES[name]);
  negotiationContract(calls, CAPABILITIES[name]);
});
