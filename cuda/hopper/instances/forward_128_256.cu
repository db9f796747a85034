#include "../launch.cuh"

namespace flashdiff::cuda::hopper {

template void forward_instance<128, 256, __half>(const ForwardParams&, const Target&);
template void forward_instance<128, 256, __nv_bfloat16>(const ForwardParams&, const Target&);

}  // namespace flashdiff::cuda::hopper
