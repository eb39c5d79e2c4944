import type { Page } from 'playwright-core';

/** Our end of the way that the page's media takes, as the page sees it. */
export function localCandidate(page: Page): Promise<{ readonly type: string; readonly relayProtocol: string }> {
  return page.evaluate(async () => {
    const all = new Map<string, Record<string, unknown>>();
    const peer = window.peers.at(-1)!;
    (await peer.getStats()).forEach((entry: Record<string, unknown>, id: string) => all.set(id, entry));
    const transport = [...all.values()].find((entry) => entry['type'] === 'transport');
    const pair = all.get(String(transport?.['selectedCandidatePairId'])) ?? {};
    const local = all.get(String(pair['localCandidateId'])) ?? {};
    return { type: String(local['candidateType']), relayProtocol: String(local['relayProtocol']) };
  });
}
