import { describe, expect, it } from 'vitest';
import { load, loadLibrary } from './library.ts';

describe('the native library', () => {
  it('is installed here, and loaded once', async () => {
    expect((await loadLibrary()).getLibraryVersion()).toMatch(/^\d+\.\d+/);
    expect(await loadLibrary()).toBe(await loadLibrary());
  });

  it('says what to do where it is missing', async () => {
    const missing = new Error('Cannot load native addon for node-datachannel on plan9 (mips)');
    const failure = load(() => Promise.reject(missing));
    await expect(failure).rejects.toMatchObject({ code: 'transport_unavailable', cause: missing });
    await expect(failure).rejects.toThrow(/npm ci --include=optional[\s\S]*GUISE_MEDIA_TRANSPORT/);
  });
});
