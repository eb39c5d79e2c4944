import type { SessionOptions } from '../sdk/session.ts';

/**
 * Settings of the call from the page's address, for trying things out: `?budget=200&codec=h264&bitrate=1000000&faces=2`.
 * The gateway checks them; what a caller may decide about exposure is never taken from an address.
 */
export function callOptions(search: string): SessionOptions {
  const query = new URLSearchParams(search);
  const number = (name: string): number | undefined => (query.has(name) ? Number(query.get(name)) : undefined);
  const codec = query.get('codec');
  return {
    budget: number('budget'),
    bitrate: number('bitrate'),
    faces: number('faces'),
    codec: codec === 'vp8' || codec === 'h264' || codec === 'vp9' ? codec : undefined,
  };
}
