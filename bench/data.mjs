// Inputs that every program of the benchmark can make for itself, bit for bit: element i is entry
// hash(i, seed) of a table of 4,096 quantiles of the normal distribution in bfloat16.

/** The table, as bits. Written by the main program, read by the peers: one rounding for all. */
export function normalTable() {
  const size = 4096;
  const float = new Float32Array(size);
  for (let i = 0; i < size; i += 1) float[i] = normalQuantile((i + 0.5) / size);
  const bits = new Uint32Array(float.buffer);
  return Uint16Array.from(bits, (b) => (b + 0x7fff + ((b >>> 16) & 1)) >>> 16);
}

export function fill(count, seed, table) {
  const values = new Uint16Array(count);
  for (let i = 0; i < count; i += 1) {
    let x = Math.imul(i ^ seed, 0x9e3779b1);
    x ^= x >>> 15;
    x = Math.imul(x, 0x85ebca6b);
    x ^= x >>> 13;
    values[i] = table[(x >>> 8) & 4095];
  }
  return values;
}

// Acklam's rational approximation, relative error 1e-9.
function normalQuantile(p) {
  const tail = Math.min(p, 1 - p);
  const sign = p < 0.5 ? -1 : 1;
  if (tail < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(tail));
    const numerator = polynomial(
      [
        -7.784894002430293e-3, -0.3223964580411365, -2.400758277161838, -2.549732539343734,
        4.374664141464968, 2.938163982698783,
      ],
      q,
    );
    const denominator = polynomial(
      [7.784695709041462e-3, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1],
      q,
    );
    return (-sign * numerator) / denominator;
  }
  const q = p - 0.5;
  const r = q * q;
  const numerator = polynomial(
    [
      -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269,
      -30.66479806614716, 2.506628277459239,
    ],
    r,
  );
  const denominator = polynomial(
    [
      -54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972,
      -13.28068155288572, 1,
    ],
    r,
  );
  return (q * numerator) / denominator;
}

const polynomial = (coefficients, x) => coefficients.reduce((sum, c) => sum * x + c, 0);
