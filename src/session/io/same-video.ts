import type { NegotiatedMedia } from '../transport/transport.ts';

/** Whether what both negotiations say about the video is the same, so that what runs can go on. */
export function sameVideo(one: NegotiatedMedia, other: NegotiatedMedia): boolean {
  const types = (media: NegotiatedMedia): string =>
    [...media.receive.map(({ payloadType }) => payloadType), media.send?.codec.payloadType].join();
  return types(one) === types(other);
}
