#include "../launch.cuh"

namespace flashdiff::cuda::hopper {

template void forward_instance<128, 256, __half>(const ForwardParams&, cudaStream_t);
template void forward_instance<128, 256, __nv_bfloat16>(const ForwardParams&, cudaStream_t);

}  // namespace flashdiff::cuda::hopper
