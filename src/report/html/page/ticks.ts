/** Ticks of an axis of sizes: 1, 2 or 5 times a power of 10 of a binary unit. Unit: bytes. */
export function scaleBytes(max: number): number[] {
  const unit = 1024 ** Math.max(0, Math.floor(Math.log(Math.max(1, max)) / Math.log(1024)));
  const raw = max / unit / 6;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5].find((each) => each * power >= raw) ?? 10) * power * unit;
  return Array.from({ length: Math.floor(max / step) + 1 }, (_, index) => index * step);
}
