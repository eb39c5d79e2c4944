import { EYE_LEFT, EYE_RIGHT } from '../../../src/swap/mesh/geometry.ts';
import { fivePoints } from '../../../src/swap/neural/align/five-points.ts';
import { fitSimilarity } from '../../../src/swap/neural/align/similarity.ts';
import { TEMPLATES, templatePoints } from '../../../src/swap/neural/align/templates.ts';
import { sceneOf, type ScriptName } from '../../media/clip.ts';
import { markedPortrait } from '../../support/portraits.ts';
import { round } from '../quantile.ts';

/** The side of the crop in whose pixels residuals are given. */
const SIZE = 128;
/** A template is of a face that looks into the camera: heads turned further than this say nothing about it, degrees. */
const TURNED = 15;
const SCRIPTS: readonly ScriptName[] = ['talk', 'talk-close', 'turning', 'two-people', 'bystander', 'crossing'];
const EVERY = 10;

/** Mesh points that could stand for a point of the templates. */
const EYES = {
  contour: [EYE_LEFT, EYE_RIGHT],
  'six of the contour': [
    [33, 160, 158, 133, 153, 144],
    [362, 385, 387, 263, 373, 380],
  ],
  corners: [
    [33, 133],
    [362, 263],
  ],
  iris: [[468], [473]],
} as const;
const NOSES = [1, 4, 5, 19, 195];
const MOUTHS = { '61, 291': [61, 291], '78, 308': [78, 308], '76, 306': [76, 306], '62, 292': [62, 292] } as const;

/** Root mean square of what is left over the five points, pixels of a crop of 128, by template. */
export type Residuals = Readonly<Record<string, number>>;

/** Root mean square over faces, points and templates: of the points in use, and of those with which least is left. */
interface Compared {
  readonly inUse: number;
  readonly least: number;
  readonly leastWith: string;
}

/** The JSON of `bench calibration`. */
export interface Calibration {
  /** Faces of generated heads within 15° that were looked at. */
  readonly heads: number;
  /** Of the points in use. */
  readonly inUse: { readonly hopper: Residuals; readonly astronaut: Residuals; readonly heads: Residuals };
  /** Of a face at rest, and of heads and portraits, half of which smile. */
  readonly atRest: Compared;
  readonly all: Compared;
}

/** How well points of the mesh agree with the five that the networks' templates are made of. */
export function benchCalibration(): Calibration {
  const hopper = [markedPortrait('hopper').landmarks];
  const astronaut = [markedPortrait('astronaut').landmarks];
  const heads = headsOf();
  const ours = (faces: readonly Float32Array[]): Residuals => residuals(faces, (face) => fivePoints(face));
  return {
    heads: heads.length,
    inUse: { hopper: ours(hopper), astronaut: ours(astronaut), heads: ours(heads) },
    atRest: compare(hopper),
    all: compare([...heads, ...hopper, ...astronaut]),
  };
}

function compare(faces: readonly Float32Array[]): Compared {
  const choices = Object.entries(EYES).flatMap(([eye, eyes]) =>
    NOSES.flatMap((nose) =>
      Object.entries(MOUTHS).map(([mouth, corners]) => ({
        leastWith: `eyes: ${eye}; nose: ${nose}; mouth: ${mouth}`,
        least: meanOver(faces, pick([...eyes, [nose], [corners[0]], [corners[1]]])),
      })),
    ),
  );
  const best = choices.reduce((one, other) => (other.least < one.least ? other : one));
  return { inUse: meanOver(faces, (face) => fivePoints(face)), ...best };
}

/** True landmarks of generated faces that look into the camera. */
function headsOf(): Float32Array[] {
  return SCRIPTS.flatMap((script) => {
    const scene = sceneOf({ script, width: 640, height: 480 });
    const frames = Array.from({ length: Math.floor(scene.frames / EVERY) }, (_, k) => k * EVERY);
    return frames
      .flatMap((index) => scene.truth(index))
      .filter(({ state: { yaw, pitch } }) => Math.hypot(yaw, pitch) <= TURNED)
      .map(({ landmarks }) => landmarks);
  });
}

/** The middles of groups of mesh points. */
function pick(groups: readonly (readonly number[])[]): (landmarks: Float32Array) => Float32Array {
  return (landmarks) =>
    Float32Array.from(
      groups.flatMap((group) =>
        [0, 1].map((axis) => group.reduce((sum, point) => sum + landmarks[point * 3 + axis]!, 0) / group.length),
      ),
    );
}

function residuals(faces: readonly Float32Array[], of: (face: Float32Array) => Float32Array): Residuals {
  return Object.fromEntries(
    TEMPLATES.map((template) => {
      const goals = templatePoints(template, SIZE);
      const squares = faces.reduce((sum, face) => sum + squareLeft(of(face), goals), 0);
      return [template, round(Math.sqrt(squares / faces.length), 2)];
    }),
  );
}

function meanOver(faces: readonly Float32Array[], of: (face: Float32Array) => Float32Array): number {
  const each = Object.values(residuals(faces, of));
  return round(Math.sqrt(each.reduce((sum, value) => sum + value ** 2, 0) / each.length), 3);
}

/** Mean square over the five of what the best similarity leaves. */
function squareLeft(points: Float32Array, goals: Float32Array): number {
  const { a, b, tx, ty } = fitSimilarity(points, goals)!;
  let sum = 0;
  for (let k = 0; k < goals.length; k += 2) {
    const [x, y] = [points[k]!, points[k + 1]!];
    sum += (a * x - b * y + tx - goals[k]!) ** 2 + (b * x + a * y + ty - goals[k + 1]!) ** 2;
  }
  return (2 * sum) / goals.length;
}
