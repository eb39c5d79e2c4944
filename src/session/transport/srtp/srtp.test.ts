import { describe, expect, it, vi } from 'vitest';
import { packetCipher, type PacketCipher } from './ciphers.ts';
import { deriveKeys, MASTER_LENGTHS, type SrtpProfile } from './keys.ts';
import { ReplayWindow } from './replay-window.ts';
import { SrtpReceiver, SrtpSender } from './srtp.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

function master(profile: SrtpProfile): { key: Buffer; salt: Buffer } {
  const { key, salt } = MASTER_LENGTHS[profile];
  return { key: Buffer.alloc(key, 0x5a), salt: Buffer.alloc(salt, 0xc3) };
}

function rtp(sequence: number, options: { ssrc?: number; payload?: string; extension?: boolean } = {}): Buffer {
  const header = Buffer.alloc(options.extension === true ? 20 : 12);
  header[0] = options.extension === true ? 0x90 : 0x80;
  header[1] = 96;
  header.writeUInt16BE(sequence & 0xffff, 2);
  header.writeUInt32BE(options.ssrc ?? 7, 8);
  if (options.extension === true) header.writeUInt32BE(0xbede0001, 12);
  return Buffer.concat([header, Buffer.from(options.payload ?? `payload ${sequence}`)]);
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

/** What all ciphers of a profile share, to count their work. */
function packetCipherPrototype(profile: SrtpProfile): PacketCipher {
  return Object.getPrototypeOf(packetCipher(profile, deriveKeys(master(profile), 'rtp'))) as PacketCipher;
}

describe('key derivation', () => {
  it('gives the keys of RFC 3711 appendix B.3', () => {
    const keys = deriveKeys(
      { key: hex('E1F97A0D3E018BE0D64FA32C06DE4139'), salt: hex('0EC675AD498AFEEBB6960B3AABE6') },
      'rtp',
    );
    expect(keys.cipher).toEqual(hex('C61E7A93744F39EE10734AFE3FF7A087'));
    expect(keys.salt).toEqual(hex('30CBBC08863D8C85D49DB34A9AE1'));
    expect(keys.authentication).toEqual(hex('CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4'));
  });
});

describe('AES-GCM', () => {
  const keys = {
    cipher: hex('000102030405060708090a0b0c0d0e0f'),
    authentication: Buffer.alloc(20),
    salt: hex('517569642070726f2071756f0000'),
  };
  const plain = hex(
    '8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465 73207472 6573',
  );
  const sealed = hex(
    '8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b 36de3adf 8833 899d7f27 beb16a91 52cf765e e4390cce',
  );

  it('seals and opens the packet of RFC 7714 §16.1.1', () => {
    const cipher = packetCipher('aead-aes-gcm', keys);
    expect(cipher.sealRtp(plain, 12, 0xf17b)).toEqual(sealed);
    expect(cipher.openRtp(sealed, 12, 0xf17b)).toEqual(plain);
  });
});

describe.each<SrtpProfile>(['aes-cm-sha1-80', 'aead-aes-gcm'])('a session with %s', (profile) => {
  const pair = (): [SrtpSender, SrtpReceiver] => [
    new SrtpSender(profile, master(profile)),
    new SrtpReceiver(profile, master(profile)),
  ];

  it('opens what it sealed, header extension and all', () => {
    const [sender, receiver] = pair();
    const packet = rtp(9, { extension: true });
    const sealed = sender.rtp(packet);
    expect(sealed.subarray(0, 20)).toEqual(packet.subarray(0, 20));
    expect(sealed.includes('payload')).toBe(false);
    expect(receiver.rtp(sealed)).toEqual(packet);
  });

  it('refuses every packet that was changed in one bit', () => {
    const [sender, receiver] = pair();
    const sealed = sender.rtp(rtp(1));
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const forged = Buffer.from(sealed);
      forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(receiver.rtp(forged)).toBeUndefined();
    }
    expect(receiver.rtp(sealed)).toBeDefined();
  });

  it('refuses a replay, at once and much later', () => {
    const [sender, receiver] = pair();
    const first = sender.rtp(rtp(1));
    expect(receiver.rtp(first)).toBeDefined();
    expect(receiver.rtp(first)).toBeUndefined();
    for (let sequence = 2; sequence < 3000; sequence++) receiver.rtp(sender.rtp(rtp(sequence)));
    expect(receiver.rtp(first)).toBeUndefined();
    expect(receiver.refused).toBe(2);
  });

  it('follows the sequence number over wraps, reordering and an outage of 20,000 packets across a wrap', () => {
    const [sender, receiver] = pair();
    const sealed = Array.from({ length: 140_000 / 500 }, (_, i) => sender.rtp(rtp(60_000 + i * 500)));
    for (let i = 0; i < sealed.length; i += 2) {
      expect(receiver.rtp(sealed[i + 1] ?? Buffer.alloc(0))).toBeDefined();
    }
    const [late, other] = pair();
    expect(other.rtp(late.rtp(rtp(50_000)))).toBeDefined();
    const skipped = Array.from({ length: 4 }, (_, i) => late.rtp(rtp(50_000 + (i + 1) * 5000)));
    expect(other.rtp(skipped[3] ?? Buffer.alloc(0))).toEqual(rtp(70_000, { payload: 'payload 70000' }));
  });

  it('finds the rollover count after an outage of 300 packets that spans a wrap, both ways', () => {
    for (const [sender, receiver] of [pair(), pair()]) {
      const sealed = range(65_300, 66_000).map((sequence) => sender.rtp(rtp(sequence)));
      const heard = sealed.filter((_, at) => at < 100 || at >= 400);
      expect(heard.filter((packet) => receiver.rtp(packet) === undefined)).toHaveLength(0);
      expect(receiver.refused).toBe(0);
    }
  });

  it('finds the rollover count after an outage of more than half a cycle, or of two, within some packets', () => {
    for (const outage of [33_000, 70_000, 140_000]) {
      const [sender, receiver] = pair();
      expect(receiver.rtp(sender.rtp(rtp(100)))).toBeDefined();
      // A sender that goes on without a gap; only what it sends after the outage is heard.
      for (let sequence = 101; sequence < 100 + outage; sequence += 10_000) sender.rtp(rtp(sequence));
      const later = range(100 + outage, 130 + outage).map((sequence) => receiver.rtp(sender.rtp(rtp(sequence))));
      expect(later.findIndex((packet) => packet !== undefined)).toBeLessThan(12);
      expect(later.slice(12)).not.toContain(undefined);
    }
  });

  it('finds the rollover count of a source whose first packets were lost across the wrap', () => {
    const [sender, receiver] = pair();
    sender.rtp(rtp(65_535));
    const heard = range(65_536, 65_566).map((sequence) => receiver.rtp(sender.rtp(rtp(sequence))));
    expect(heard.slice(9)).not.toContain(undefined);
  });

  it('opens a forged packet twice at most, and is not led astray by forgeries', () => {
    const [sender, receiver] = pair();
    receiver.rtp(sender.rtp(rtp(500)));
    const opened = vi.spyOn(packetCipherPrototype(profile), 'openRtp');
    const forged = sender.rtp(rtp(501));
    for (let count = 0; count < 1000; count++) {
      forged[20 + (count % 8)] = (forged[20 + (count % 8)] ?? 0) ^ 0x55;
      forged.writeUInt16BE((count * 77) & 0xffff, 2);
      receiver.rtp(forged);
    }
    expect(opened.mock.calls.length).toBeLessThanOrEqual(2000);
    opened.mockRestore();
    expect(receiver.rtp(sender.rtp(rtp(502)))).toBeDefined();
    const replayed = sender.rtp(rtp(503));
    expect(receiver.rtp(replayed)).toBeDefined();
    for (let count = 0; count < 40; count++) expect(receiver.rtp(replayed)).toBeUndefined();
  });

  it('seals RTCP, and refuses its replay', () => {
    const [sender, receiver] = pair();
    const report = hex('80c90001 00000007');
    const first = sender.rtcp(report);
    expect(receiver.rtcp(first)).toEqual(report);
    expect(receiver.rtcp(first)).toBeUndefined();
    const second = sender.rtcp(report);
    expect(second).not.toEqual(first);
    expect(receiver.rtcp(second)).toEqual(report);
  });

  it('survives packets that are cut short', () => {
    const [sender, receiver] = pair();
    const media = sender.rtp(rtp(1, { extension: true }));
    const control = sender.rtcp(hex('80c90001 00000007'));
    for (let length = 0; length < media.length; length++) {
      expect(receiver.rtp(media.subarray(0, length))).toBeUndefined();
    }
    for (let length = 0; length < control.length; length++) {
      expect(receiver.rtcp(control.subarray(0, length))).toBeUndefined();
    }
  });
});

describe('the replay window', () => {
  it('knows each index once, in any order, within its width', () => {
    const window = new ReplayWindow();
    for (const index of [5, 3, 4, 1000, 700]) {
      expect(window.isFresh(index)).toBe(true);
      window.note(index);
      expect(window.isFresh(index)).toBe(false);
    }
    expect(window.isFresh(6)).toBe(true);
    window.note(5000);
    expect(window.isFresh(1000)).toBe(false);
    expect(window.isFresh(4500)).toBe(true);
  });
});
