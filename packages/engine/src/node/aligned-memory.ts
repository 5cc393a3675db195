/** The part of WebAssembly that is used; its types come with the DOM's only. */
declare const WebAssembly: {
  readonly Memory: new (descriptor: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared: true;
  }) => { readonly buffer: SharedArrayBuffer };
};

const PAGE = 65536;

/**
 * Zeroed memory that begins at a page's border, as O_DIRECT wants it, and that threads can share.
 * No other memory of JavaScript promises an address. Each call maps whole pages of 64 KiB: allocate few.
 * @param size bytes
 */
export function alignedBuffer(size: number): Uint8Array {
  const pages = Math.max(1, Math.ceil(size / PAGE));
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  return new Uint8Array(memory.buffer, 0, size);
}
