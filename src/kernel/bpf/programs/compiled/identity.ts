/** Made by `npm run build:bpf`: differs whenever one of the objects does. */
export const OBJECTS_IDENTITY = 'a21382edcd709067';
