import fc from 'fast-check';
import { type Life, lives, take } from './steps.js';
import { type Tamper, World } from './world.js';

/** How `liveMany` lives. */
export interface LivingOptions {
  runs: number;
  seed?: number | undefined;
  /** Where in the lives of this seed to begin: what a failure has printed. */
  path?: string | undefined;
  tamper?: Tamper;
  /** False: the first failure is enough, and need not be the shortest. @default true */
  isShrunk?: boolean;
}

/** What `liveMany` saw. */
export interface Lived {
  /** What went wrong, with the shortest life in which it does, and how to live that again; undefined if nothing did. */
  failure: string | undefined;
  /** How often each event of the journal was seen. */
  counts: Readonly<Record<string, number>>;
  virtualMs: number;
}

const STORY_LINES = 40;

/** Lives one life to its end; throws as soon as a promise does not hold. */
async function live({ settings, steps, endsAbruptly }: Life, tamper?: Tamper): Promise<World> {
  const world = new World(settings, tamper);
  try {
    await world.start();
    for (const step of steps) {
      take(world, step);
      await world.time.pass(step.thenMs);
    }
    if (!endsAbruptly) await world.heal();
    await world.stop();
    return world;
  } catch (error) {
    throw new Error(`${error}\n${world.story.slice(-STORY_LINES).join('\n')}`, { cause: error });
  }
}

/** Lives random lives until one fails or all have been lived. */
export async function liveMany({ runs, seed, path, tamper, isShrunk = true }: LivingOptions): Promise<Lived> {
  const counts: Record<string, number> = {};
  let virtualMs = 0;
  const property = fc.asyncProperty(lives, async (life) => {
    const world = await live(life, tamper);
    virtualMs += world.time.nowMs();
    for (const [name, count] of Object.entries(world.promises.counts)) counts[name] = (counts[name] ?? 0) + count;
  });
  const details = await fc.check(property, {
    numRuns: runs,
    endOnFailure: !isShrunk,
    ...(seed === undefined ? {} : { seed }),
    ...(path === undefined ? {} : { path }),
  });
  return { failure: details.failed ? describe(details) : undefined, counts, virtualMs };
}

function describe({ seed, counterexamplePath, counterexample, errorInstance }: fc.RunDetails<[Life]>): string {
  const { settings, steps, endsAbruptly } = counterexample?.[0] ?? { settings: {}, steps: [], endsAbruptly: false };
  return [
    `again: TARS_SEED=${seed} TARS_PATH=${counterexamplePath} node test/run.mjs unit property`,
    `with ${JSON.stringify(settings)}`,
    ...steps.map(({ what, thenMs }) => `  ${JSON.stringify(what)}, then ${thenMs} ms`),
    endsAbruptly ? '  the program is ended' : '  everything is in order again',
    errorInstance instanceof Error ? errorInstance.message : String(errorInstance),
  ].join('\n');
}
