import { afterEach, describe, expect, it } from 'vitest';
import { connect, LOOPBACK, rtpPacket, TransportServer } from '../../../test/peer/transport-server.ts';
import { WeriftPeer } from '../../../test/peer/werift-peer.ts';
import type { TransportSettings } from './werift-transport.ts';

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function newServer(settings?: TransportSettings): TransportServer {
  const server = new TransportServer(settings);
  closers.push(() => server.transport.close());
  return server;
}

function newPeer(options?: ConstructorParameters<typeof WeriftPeer>[0]): WeriftPeer {
  const peer = new WeriftPeer(options);
  closers.push(() => peer.close());
  return peer;
}

describe('a session with a real peer', () => {
  it('carries media both ways, encrypted', async () => {
    const server = newServer();
    const peer = newPeer();
    const media = await connect(server, peer);

    peer.sendRtp('video', Buffer.from('from the camera'), 9000);
    await server.until(() => server.rtp.length === 1);
    expect(server.rtp[0]?.data.subarray(-15)).toEqual(Buffer.from('from the camera'));

    const send = media.find(({ kind }) => kind === 'video')?.send;
    const { ssrc = 0, codec } = send ?? {};
    const payload = Buffer.from('swapped');
    server.transport.sendRtp(rtpPacket({ ssrc, payloadType: codec?.payloadType ?? 0, sequence: 7, payload }));
    await peer.until(() => peer.packets.length === 1);
    expect(peer.packets[0]).toMatchObject({ ssrc, sequence: 7, payload });
  });

  it('carries RTCP both ways', async () => {
    const server = newServer();
    const peer = newPeer();
    await connect(server, peer);

    // An empty receiver report and a PLI.
    const report = Buffer.from('80c9000100000001', 'hex');
    server.transport.sendRtcp(report);
    await peer.until(() => peer.rtcp.some(({ type }) => type === 201));

    await peer.pc.getTransceivers()[0]?.receiver.sendRtcpPLI(77);
    await server.until(() => server.rtcp.some(({ data }) => data[1] === 206));
  });

  it('tells the peer when it closes', async () => {
    const server = newServer();
    const peer = newPeer();
    await connect(server, peer);
    server.transport.close();
    server.transport.close();
    await peer.until(() => peer.dtlsState === 'closed');
    expect(server.states.filter(([state]) => state === 'closed')).toEqual([['closed', 'closed']]);
  });

  it('closes by itself when the peer is not heard any more', async () => {
    const server = newServer({ ...LOOPBACK, silence: 1500 });
    const peer = newPeer();
    await connect(server, peer);
    await peer.close();
    await server.until(() => server.transport.state === 'closed');
    expect(server.states.at(-1)).toEqual(['closed', 'silent']);
  });
});

describe('negotiation', () => {
  it('answers a later offer of the same peer, and goes on with the same keys', async () => {
    const server = newServer();
    const peer = newPeer();
    await connect(server, peer);
    const { sdp } = await server.transport.answer(await peer.offer());
    await peer.pc.setRemoteDescription({ type: 'answer', sdp });
    peer.sendRtp('video', Buffer.from('still here'), 1);
    await server.until(() => server.rtp.length === 1);
    expect(server.states.map(([state]) => state)).toEqual(['connecting', 'connected']);
  });

  it('refuses an offer while it answers another, and one with another certificate', async () => {
    const server = newServer();
    const offer = await newPeer().offer();
    const first = server.transport.answer(offer);
    await expect(server.transport.answer(offer)).rejects.toMatchObject({ code: 'state_invalid' });
    await first;
    const other = offer
      .replaceAll(/(a=fingerprint:sha-256 )[0-9A-F]{2}/g, '$1FF')
      .replaceAll('sha-256 FF', 'sha-256 0F');
    await expect(server.transport.answer(other)).rejects.toMatchObject({ code: 'offer_invalid' });
  });

  it('restarts ICE with new credentials and keeps what it had when a later offer is wrong', async () => {
    const server = newServer();
    const peer = newPeer();
    const offer = await peer.offer();
    const first = await server.transport.answer(offer);
    await Promise.all([peer.connect(first.sdp), server.until(() => server.transport.state === 'connected')]);
    await expect(server.transport.answer('nonsense')).rejects.toMatchObject({ code: 'offer_invalid' });
    const restart = await server.transport.answer(offer.replaceAll(/a=ice-ufrag:.*/g, 'a=ice-ufrag:abcdefgh'));
    const ufrag = (sdp: string): string | undefined => /a=ice-ufrag:(\S+)/.exec(sdp)?.[1];
    expect(ufrag(restart.sdp)).not.toBe(ufrag(first.sdp));
    peer.sendRtp('video', Buffer.from('old path'), 1);
    await server.until(() => server.rtp.length === 1);
  });

  it('rejects when it is closed meanwhile, and afterwards', async () => {
    const server = newServer();
    const offer = await newPeer().offer();
    const pending = server.transport.answer(offer);
    server.transport.close();
    await expect(pending).rejects.toMatchObject({ code: 'closed' });
    await expect(server.transport.answer(offer)).rejects.toMatchObject({ code: 'closed' });
    expect(server.states).toEqual([['closed', 'closed']]);
  });

  it('says that there is no capacity when all ports are taken, and answers when one is free again', async () => {
    const offer = await newPeer().offer();
    const [one, two] = [newServer(), newServer()];
    const { sdp } = await one.transport.answer(offer);
    const port = Number(/a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+)/.exec(sdp)?.[1]);
    const settings = { ...LOOPBACK, portRange: [port, port] as const };
    const full = newServer(settings);
    await expect(full.transport.answer(offer)).rejects.toMatchObject({ code: 'capacity_full' });
    await two.transport.answer(offer);
  });
});
