/** The programs and links of this process's own iterators: they are part of the measurement, not of what is measured. */
export const ownIterators = { programs: new Set<number>(), links: new Set<number>() };
