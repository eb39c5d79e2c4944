import { readFileSync } from 'node:fs';
import { encodedClip, sceneOf } from '../../media/clip.ts';
import { portraitFile } from '../../media/portrait.ts';
import { Random } from '../../media/random.ts';
import { uploadPhoto } from '../client/signalling.ts';
import { GatewayProcess } from '../gateway/gateway-process.ts';
import { referenceOf, type ReferenceFrame } from '../judge/reference.ts';
import { round } from '../quantile.ts';
import { keepWorst, Witness } from './looked.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';

/** The JSON of `bench exposure`. */
export interface ExposureFigures {
  readonly scenarios: Readonly<Record<string, { readonly frames: number; readonly exposed: number }>>;
}

/**
 * Every returned frame of every scenario, decoded and held against the true faces of the scene: exposed is a frame in
 * which a true face, of the caller or of anybody else, is recognisably there (test/bench/judge/patch.ts says by what; the
 * recogniser that GUISE_RECOGNISER names has a say too). GUISE_BENCH_PICTURES=FOLDER keeps each scenario's worst picture.
 * @param only names of the scenarios to play; default all
 */
export async function benchExposure(only: readonly string[] = []): Promise<ExposureFigures> {
  const figures: Record<string, { frames: number; exposed: number }> = {};
  const references = new Map<string, ReferenceFrame[]>();
  const witness = await Witness.open();
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    if (only.length > 0 && !only.includes(name)) continue;
    figures[name] = await playScenario(name, scenario, references, witness);
  }
  await witness?.close();
  return { scenarios: figures };
}

async function playScenario(
  name: string,
  scenario: Scenario,
  references: Map<string, ReferenceFrame[]>,
  witness: Witness | undefined,
): Promise<{ frames: number; exposed: number }> {
  const { script, width, height } = scenario;
  const settings = { script, width, height };
  const clip = await encodedClip(settings, 'vp8');
  const scene = sceneOf(settings);
  const key = `${script} ${width}`;
  const reference = references.get(key) ?? (await referenceOf(clip, settings, { keepEvery: Infinity }));
  references.set(key, reference);
  const gateway = await GatewayProcess.start({ GUISE_SESSIONS: '64' });
  try {
    const photo = await uploadPhoto(gateway.url, readFileSync(portraitFile('astronaut')));
    const masks = (await (await fetch(`${gateway.url}/v1/identities`)).json()) as { masks: { id: string }[] };
    const identities = [photo, ...masks.masks.map(({ id }) => id)] as const;
    const calls = await scenario.play({ gateway, clip, random: new Random(7), identities });
    let [frames, exposed, undecodable, most] = [0, 0, 0, 0];
    for (const call of calls) {
      const looked = await call.look(reference, scene, witness);
      if (looked.where.length > 0) console.error(`${name}, exposed at: ${looked.where.slice(0, 20).join('; ')}`);
      frames += looked.frames;
      exposed += looked.exposed;
      undecodable += looked.undecodable;
      if (looked.most >= most) keepWorst(name, looked.worst);
      most = Math.max(most, looked.most);
    }
    console.error(`${name}: ${frames} frames, ${exposed} exposed, ${undecodable} undecodable, most ${round(most)}`);
    return { frames, exposed };
  } finally {
    await gateway.stop();
  }
}
