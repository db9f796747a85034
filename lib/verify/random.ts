// Taken out once: in a vm context, such as jest, every look at a global is slow.
const { cos, imul, log, PI, sqrt } = Math;

/** Random numbers that a seed decides (mulberry32). */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = imul(seed + 1, 0x9e3779b1);
  }

  /** In [0, 1). */
  uniform(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let x = imul(this.state ^ (this.state >>> 15), this.state | 1);
    x ^= x + imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  }

  /** In [0, end). */
  integer(end: number): number {
    return Math.floor(this.uniform() * end);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.integer(list.length)] as T;
  }

  normal(): number {
    const radius = sqrt(-2 * log(1 - this.uniform()));
    return radius * cos(2 * PI * this.uniform());
  }

  normals(count: number, deviation = 1): Float32Array {
    return Float32Array.from({ length: count }, () => deviation * this.normal());
  }
}
