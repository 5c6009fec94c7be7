/** Whether CI runs the tests: it has all that they need, so that none of them may be skipped. */
export function isCi({ CI }: NodeJS.ProcessEnv = process.env): boolean {
  return CI === 'true' || CI === '1';
}
