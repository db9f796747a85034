// Preloaded into a process (node --require), makes every result of the package wrong by a little,
// or with WRONG=crash ends the process in the middle.
const { Tensor } = require('../../dist/tensor.js');

const { data, dataSync } = Tensor.prototype;
const spoil = (values) => {
  if (process.env.WRONG === 'crash') process.kill(process.pid, 'SIGKILL');
  return values.map((value, i) => (i === 0 ? value + 1 : value));
};
Tensor.prototype.data = async function () {
  return spoil(await data.call(this));
};
Tensor.prototype.dataSync = function () {
  return spoil(dataSync.call(this));
};
