/** The channel of a Node.js that has started us by `fork` or with `stdio: 'ipc'`: it is for the target. */

/** What is needed of a handle of Node.js. */
interface ReadHandle {
  readStop(): unknown;
}

/**
 * Leaves the messages in the channel to the target, which inherits its descriptor: Node.js has opened it
 * because of `NODE_CHANNEL_FD`, and would read them in its first turn. `bin/cmemstat.js` hides the variable,
 * which an executable cannot do.
 */
export function leaveChannel(owner: NodeJS.Process): void {
  if (owner.channel === undefined) return;
  const key = Object.getOwnPropertySymbols(owner).find((each) => each.description === 'kChannelHandle');
  if (key === undefined) throw new Error('this Node.js has no handle of the channel');
  (owner as unknown as Record<symbol, ReadHandle>)[key]?.readStop();
}
