/** Memory on a device, and how many tensors look at it. */

import type { DeviceIndex, DType, Storage } from '../binding.js';
import { native } from './native.js';

/** Freed with the last handle; a tensor that is collected instead leaves that to the addon. */
export class SharedStorage {
  readonly storage: Storage;
  readonly device: DeviceIndex;
  readonly dtype: DType;
  /** In elements. */
  readonly size: number;
  #handles = 1;

  constructor(storage: Storage, device: DeviceIndex, dtype: DType, size: number) {
    this.storage = storage;
    this.device = device;
    this.dtype = dtype;
    this.size = size;
  }

  share(): this {
    this.#handles += 1;
    return this;
  }

  release(): void {
    this.#handles -= 1;
    if (this.#handles === 0) native().release(this.storage);
  }
}
