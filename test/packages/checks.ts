/** The checks of a program that is not run by vitest. */

/** Of a failure; a host may have thousands of maps. */
const MAX_PRINTED = 3000;

let passed = 0;
let failed = 0;

/** Counts and prints a check; an exception is a failure. */
export async function check(name: string, body: () => void | Promise<void>): Promise<void> {
  const start = performance.now();
  try {
    await body();
    passed += 1;
    console.log(`ok      ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed += 1;
    console.log(
      `FAILED  ${name}\n${String(error instanceof Error ? error.message : error).slice(0, MAX_PRINTED)}`,
    );
  }
}

/** @throws Error with a text, or a value as JSON. */
export function expect(isTrue: boolean, what: unknown): void {
  if (!isTrue) throw new Error(typeof what === 'string' ? what : JSON.stringify(what, null, 1));
}

/** Prints the numbers of checks, and sets the exit status. */
export function closeChecks(): void {
  console.log(`packages: ${passed} checks passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
