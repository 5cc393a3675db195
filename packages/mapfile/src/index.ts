export * from './block.ts';
export * from './errors.ts';
export * from './mapfile.ts';
export * from './status.ts';
