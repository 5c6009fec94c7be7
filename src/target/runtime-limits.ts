/** `--inherit-limits`: environment variables that configure language runtimes for the effective limits. */

/** The effective limits of the leaf, including those of all its ancestors. */
export interface BindingLimits {
  /** The smallest memory.max or memory.high. Absent without a memory limit. Unit: bytes. */
  memoryBytes?: number;
  /** The smallest CPU quota, in CPUs. Absent without a quota. */
  cpus?: number;
}

/** One variable of the target's environment. */
export interface RuntimeSetting {
  name: string;
  value: string;
}

const MIB = 1024 * 1024;

/**
 * The variables that make Go, Node.js and the JVM stay within `ratio` of the limits. A variable, or an option
 * in it, that the user has already set is not changed.
 */
export function planRuntimeLimits(
  limits: BindingLimits,
  ratio: number,
  env: Readonly<Record<string, string | undefined>>,
): RuntimeSetting[] {
  const settings: RuntimeSetting[] = [];
  if (limits.memoryBytes !== undefined) {
    const bytes = Math.floor(limits.memoryBytes * ratio);
    if (env.GOMEMLIMIT === undefined) settings.push({ name: 'GOMEMLIMIT', value: `${bytes}B` });
    append(
      'NODE_OPTIONS',
      `--max-old-space-size=${Math.max(1, Math.floor(bytes / MIB))}`,
      /--max[-_]old[-_]space[-_]size/,
    );
    append('JAVA_TOOL_OPTIONS', `-XX:MaxRAM=${bytes}`, /-XX:MaxRAM|-Xmx|-XX:MaxHeapSize/);
  }
  if (limits.cpus !== undefined && env.GOMAXPROCS === undefined) {
    settings.push({ name: 'GOMAXPROCS', value: String(Math.max(1, Math.ceil(limits.cpus))) });
  }
  return settings;

  function append(name: string, option: string, alreadySet: RegExp): void {
    const before = env[name] ?? '';
    if (alreadySet.test(before)) return;
    settings.push({ name, value: before === '' ? option : `${before} ${option}` });
  }
}
