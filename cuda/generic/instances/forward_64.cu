#include "../launch.cuh"

namespace flashdiff::cuda::generic {

template void forward_instance<64>(const ForwardParams&, const Target&);

}  // namespace flashdiff::cuda::generic
