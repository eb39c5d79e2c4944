/** A candidate line, RFC 8839 §5.1: foundation, component, transport, priority, address, port, the rest. */
const CANDIDATE = /^a=candidate:(\S+) (\d+) (\S+) (\d+) (\S+) (\d+) (.*)$/;
const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;

/**
 * Replaces the UDP-over-IPv4 candidates of a description by ports of 127.0.0.1 and takes the others out, so that no way
 * leads past the relay.
 * @param portFor gives the relay's port for a candidate
 */
export async function throughRelay(
  sdp: string,
  portFor: (address: string, port: number) => Promise<number>,
): Promise<string> {
  const lines: string[] = [];
  let replaced = 0;
  for (const line of sdp.split('\r\n')) {
    const found = CANDIDATE.exec(line);
    if (!found) {
      lines.push(line);
      continue;
    }
    const [, foundation, component, transport, priority, address, port, rest] = found;
    if (transport!.toLowerCase() !== 'udp' || !IPV4.test(address!)) continue;
    const own = await portFor(address!, Number(port));
    lines.push(`a=candidate:${foundation} ${component} ${transport} ${priority} 127.0.0.1 ${own} ${rest}`);
    replaced++;
  }
  if (replaced === 0) throw new Error('the answer must have a UDP candidate with an IPv4 address');
  return lines.join('\r\n');
}

/** Takes all candidates out of an offer, so that a gateway that sends checks itself finds no way past the relay. */
export function withoutCandidates(sdp: string): string {
  return sdp
    .split('\r\n')
    .filter((line) => !CANDIDATE.test(line))
    .join('\r\n');
}
