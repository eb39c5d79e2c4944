import { describe, expect, test } from 'vitest';
import { RoomMemory } from './room-memory.ts';

const obs = { subject: 'obs', asked: 'mask:gold' };
const worn = { identity: 'mask:porcelain', look: { opacity: 0.5, keepEyes: false, keepMouth: true }, wearers: [] };

function memoryAt(): { memory: RoomMemory; time: { now: number } } {
  const time = { now: 0 };
  return { memory: new RoomMemory({ now: () => time.now }), time };
}

describe('the memory of rooms', () => {
  test('gives what was worn back to the same publisher who asks for the same, as often as it tries', () => {
    const { memory } = memoryAt();
    memory.keep('stage', obs, worn);
    expect(memory.recall('stage', obs)).toEqual(worn);
    expect(memory.recall('stage', obs)).toEqual(worn);
  });

  test('gives it to nobody else, in no other room, and not to who asks for somebody else now', () => {
    const { memory } = memoryAt();
    memory.keep('stage', obs, worn);
    expect(memory.recall('stage', { ...obs, subject: 'other' })).toBeUndefined();
    expect(memory.recall('stage', { ...obs, subject: undefined })).toBeUndefined();
    expect(memory.recall('other', obs)).toBeUndefined();
    expect(memory.recall('stage', { ...obs, asked: 'mask:tiger' })).toBeUndefined();
    expect(memory.recall('stage', { ...obs, asked: null })).toBeUndefined();
  });

  test('forgets after two minutes, when told, and the oldest of very many', () => {
    const { memory, time } = memoryAt();
    memory.keep('stage', obs, worn);
    time.now = 119_999;
    expect(memory.recall('stage', obs)).toEqual(worn);
    time.now = 120_000;
    expect(memory.recall('stage', obs)).toBeUndefined();

    memory.keep('stage', obs, worn);
    memory.forget('stage');
    expect(memory.recall('stage', obs)).toBeUndefined();

    for (let room = 0; room < 1025; room++) memory.keep(`room-${room}`, obs, worn);
    expect(memory.recall('room-0', obs)).toBeUndefined();
    expect(memory.recall('room-1', obs)).toEqual(worn);
  });
});
