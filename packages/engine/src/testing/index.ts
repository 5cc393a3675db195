export { fullTarget, MemoryMapStore, MemoryTarget } from './memory.ts';
export { byteOfDisk, type SimulatedDisk, SimulatedSource } from './simulated-source.ts';
export { VirtualClock } from './virtual-clock.ts';
