import { describe, expect, test } from 'vitest';
import { recipeFaceSchema } from '../swap/neural/recipe.ts';
import { MANIFEST, publishedModel } from './manifest.ts';

describe('the manifest', () => {
  test('names every model once, and only models that are in it', () => {
    const names = MANIFEST.map(({ name }) => name);
    const needed = MANIFEST.flatMap((model) => {
      if (model.kind === 'converter') return [model.embedder];
      if (model.kind !== 'swap' || model.source.kind !== 'embedding') return [];
      return [model.source.embedder, model.source.converter].filter((name) => name !== undefined);
    });

    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining([...new Set(needed)]));
    expect(MANIFEST.filter(({ kind }) => kind === 'swap')).toHaveLength(13);
  });

  test('gives no digest to two models', () => {
    const digests = MANIFEST.flatMap(({ copies }) => copies.flatMap(({ sha256 }) => sha256 ?? []));

    expect(new Set(digests).size).toBe(digests.length);
  });

  test('has names, sizes and templates that a recipe can have', () => {
    for (const model of MANIFEST) {
      if (model.kind !== 'swap') continue;
      const { name, size, template } = model;
      const source = model.source.kind === 'image' ? model.source : { kind: 'embedding', embedder: 'file' };
      expect(() => recipeFaceSchema.parse({ name, size, template, source })).not.toThrow();
    }
  });

  test('tells all names where one is not in it', () => {
    expect(() => publishedModel('inswapper_256')).toThrow(/inswapper_128.*\[model:inswapper_256\]/);
  });
});
