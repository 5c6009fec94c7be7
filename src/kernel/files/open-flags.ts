/**
 * Opens a place in the file system without permission to read it. Source:
 * `include/uapi/asm-generic/fcntl.h`; Node.js has no name for it.
 */
export const O_PATH = 0o10000000;
