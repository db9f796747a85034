// Bytes that tensors hold on a device.
const { inspect } = require('flashdiff');

exports.allocated = function allocated(device) {
  const { cpu, cuda } = inspect();
  return device === 'cpu' ? cpu.allocated : (cuda.devices[0]?.allocated ?? 0);
};
