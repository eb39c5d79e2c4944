/** Readers of text about a connection: offers, fragments, candidates. */
import { readFileSync } from 'node:fs';
import { codeOf } from '../../support/code-of.ts';
import { parseCandidate, rewriteCandidate } from '../../../src/session/transport/ice/candidate.ts';
import { writeAnswer } from '../../../src/session/transport/sdp/answer.ts';
import { answerFragment, parseFragment, restarted, ufragOf } from '../../../src/session/transport/sdp/fragment.ts';
import { negotiate } from '../../../src/session/transport/sdp/negotiate.ts';
import { parseOffer } from '../../../src/session/transport/sdp/offer.ts';
import { remoteDescription } from '../../../src/session/transport/datachannel/descriptions.ts';
import { VideoFormats } from '../../../src/rtp/receive/video-formats.ts';
import { prepareTransport } from '../../../src/session/transport/create-transport.ts';
import { TRANSPORTS } from '../../../src/session/transport/transport-settings.ts';
import { monotonic } from '../../../src/time.ts';
import { LOOPBACK } from '../../peer/transport-server.ts';
import { mustHold, type Kind } from '../hammer.ts';

const CHROMIUM = readFileSync(
  new URL('../../../src/session/transport/sdp/chromium-offer.sdp', import.meta.url),
  'utf8',
);
const SIMULCAST = CHROMIUM.replace(
  /(m=video[\s\S]*a=mid:1\r\n)/,
  '$1a=rid:hi send pt=96;max-width=1280;max-height=720\r\na=rid:lo send\r\na=simulcast:send hi;~lo,hi\r\n',
);
const CANDIDATES = [
  'candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 0.0.0.0 rport 0 generation 0 ufrag abcd',
  'candidate:1 1 UDP 2122252543 2001:db8::7 50000 typ host',
  'candidate:2 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active',
  'a=candidate:3 1 udp 2122252543 ::ffff:192.0.2.3 50000 typ relay',
];
const FRAGMENT = [
  'a=ice-ufrag:EsAw',
  'a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1',
  'm=video 9 UDP/TLS/RTP/SAVPF 0',
  'a=mid:0',
  ...CANDIDATES.slice(0, 3).map((line) => `a=${line}`),
  'a=end-of-candidates',
  '',
].join('\r\n');
const OPTIONS = { codec: undefined, sources: { audio: 1, video: 2, videoRtx: 3 } };

const offers: Kind = {
  name: 'SDP offers, up to the answer',
  open: () => (mutator) => {
    const text = mutator.text([CHROMIUM, SIMULCAST, FRAGMENT]);
    const offer = parseOffer(text);
    const negotiation = negotiate(offer, OPTIONS);
    const answer = writeAnswer(offer, negotiation, {
      ice: { ufrag: 'abcd', password: 'x'.repeat(22) },
      candidates: CANDIDATES,
      fingerprint: 'sha-256 AA',
      role: negotiation.role,
      session: '1',
      version: 1,
      startBitrate: 2_000_000,
    });
    mustHold(answer.length <= 16 * 1024 + 2 * text.length, 'an answer is about as long as its offer');
    remoteDescription(negotiation);
    for (const accepted of negotiation.sections) if (accepted) new VideoFormats(accepted.media.receive);
  },
};

const fragments: Kind = {
  name: 'fragments of trickle ICE',
  open: () => (mutator) => {
    const text = mutator.text([FRAGMENT]);
    const fragment = parseFragment(text);
    mustHold(fragment.candidates.length <= 64, 'at most 64 candidates are read');
    const again = restarted(CHROMIUM, fragment);
    ufragOf(again);
    mustHold(answerFragment(again).length <= again.length + 64, 'a fragment is part of its answer');
    // What a fragment makes of an offer is an offer, or is refused as one.
    const code = codeOf(() => negotiate(parseOffer(again), OPTIONS));
    mustHold(code === 'none' || code === 'offer_invalid', `a restart is an offer: ${code}`);
  },
};

const candidates: Kind = {
  name: 'ICE candidates',
  throws: () => false,
  open: () => (mutator) => {
    const candidate = parseCandidate(mutator.text(CANDIDATES));
    if (candidate === undefined) return 'ignored';
    const { address, port, priority } = candidate;
    const again = parseCandidate(rewriteCandidate(candidate));
    const same = again?.address === address && again.port === port && again.priority === priority;
    mustHold(same, 'what was read of a candidate can be read again');
    return 'taken';
  },
};

/** The lines of an offer that reach the parts of a transport, native ones among them. */
const INWARD = /^a=(fingerprint|ice-ufrag|ice-pwd|setup|candidate)/;

/** A whole transport for each offer: sockets, certificates, and in libdatachannel native threads. */
const transports = TRANSPORTS.map((name): Kind => ({
  name: `offers and candidates to ${name}`,
  share: 0.1,
  open: async () => {
    const create = await prepareTransport(name);
    const events = { onRtp: () => undefined, onRtcp: () => undefined, onState: () => undefined };
    return async (mutator) => {
      const changed = CHROMIUM.split('\r\n').map((line) =>
        INWARD.test(line) && mutator.chance(0.3) ? mutator.text([line]).replace(/[\r\n]/g, '') : line,
      );
      const offer = mutator.chance(0.5) ? changed.join('\r\n') : mutator.text([CHROMIUM, SIMULCAST]);
      const transport = create(LOOPBACK, events, monotonic);
      try {
        await transport.answer(offer);
        for (let i = 0; i < 4; i++) transport.addCandidate(mutator.text(CANDIDATES), '0');
      } finally {
        transport.close();
      }
    };
  },
}));

export const DESCRIPTION_KINDS: readonly Kind[] = [offers, fragments, candidates, ...transports];
