/**
 * Ticks of an axis from 0, about `count`: steps of 1, 2 or 5 times a power of 10, for sizes in a binary unit.
 */
export function ticksUpTo(top: number, count: number, isSize: boolean): number[] {
  const unit = isSize ? 1024 ** Math.floor(Math.log(Math.max(1, top)) / Math.log(1024)) : 1;
  const raw = top / unit / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5].find((each) => each * power >= raw) ?? 10) * power * unit;
  return Array.from({ length: Math.floor(top / step) + 1 }, (_, index) => index * step);
}
