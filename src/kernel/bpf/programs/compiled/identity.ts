/** Made by `npm run build:bpf`: differs whenever one of the objects does. */
export const OBJECTS_IDENTITY = '459ef80a75a325e4';
