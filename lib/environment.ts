/** The variables of the environment that force a choice: read once, when the addon is loaded. */

const kVariables = ['FLASHDIFF_CUDA_KERNEL', 'FLASHDIFF_CPU_ISA', 'FLASHDIFF_NUM_THREADS'] as const;

/** Those that were set, with their values. */
export type Environment = Readonly<Partial<Record<(typeof kVariables)[number], string>>>;

let environment: Environment | undefined;

export function readEnvironment(): Environment {
  const set = kVariables.filter((name) => process.env[name] !== undefined);
  environment ??= Object.freeze(Object.fromEntries(set.map((name) => [name, process.env[name]])));
  return environment;
}
