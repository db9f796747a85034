/**
 * What this package throws: TypeError for the wrong kind of value, RangeError for the right kind
 * out of bounds, FlashDiffError for the rest. One sentence: what was expected, for which argument,
 * what came.
 */

/**
 * - `ERR_CUDA_UNAVAILABLE`: no such CUDA device; the message says why, and so does `inspect()`
 * - `ERR_UNSUPPORTED`: a valid problem that the device has no kernel for; the message says what to
 *   do
 * - `ERR_OUT_OF_MEMORY`: the device has no room; everything else goes on working
 * - `ERR_DISPOSED`: the tensor was disposed
 * - `ERR_DEVICE`: the device or its driver failed while running
 * - `ERR_NATIVE_LOAD`: the addon could not be loaded
 */
export type FlashDiffErrorCode =
  | 'ERR_CUDA_UNAVAILABLE'
  | 'ERR_UNSUPPORTED'
  | 'ERR_OUT_OF_MEMORY'
  | 'ERR_DISPOSED'
  | 'ERR_DEVICE'
  | 'ERR_NATIVE_LOAD';

/** A failure that is not the fault of an argument, told apart by its `code`. */
export class FlashDiffError extends Error {
  /** Stable; the message may change. */
  readonly code: FlashDiffErrorCode;

  constructor(code: FlashDiffErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  static {
    Object.defineProperty(FlashDiffError.prototype, 'name', { value: 'FlashDiffError' });
  }
}

export function wrongKind(expected: string, name: string, got: unknown): TypeError {
  return new TypeError(`expected ${expected} for \`${name}\`, got ${describe(got)}`);
}

export function outOfRange(expected: string, name: string, got: unknown): RangeError {
  return new RangeError(`expected ${expected} for \`${name}\`, got ${describe(got)}`);
}

/** A value in a few words, whatever it is and whichever realm it comes from. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `'${value.length > 40 ? `${value.slice(0, 40)}…` : value}'`;
    case 'bigint':
      return `${value}n`;
    case 'function':
    case 'symbol':
      return `a ${typeof value}`;
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return `[${value.slice(0, 9).map(describeItem).join(', ')}]`;
      return `a value of type ${tagOf(value)}`;
    default:
      return String(value);
  }
}

function describeItem(value: unknown): string {
  return Array.isArray(value) ? '[…]' : describe(value);
}

/** 'Float32Array', 'Date', the name of a class, ...; also true for objects of another realm. */
function tagOf(value: object): string {
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  const name: unknown = tag === 'Object' && Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === 'string' && name !== '' ? name : tag;
}
