/** Whether CI runs the tests: it has all that they need, so that nothing may be skipped for want of it. */
export function isCi({ CI }: NodeJS.ProcessEnv = process.env): boolean {
  return CI === 'true' || CI === '1';
}
