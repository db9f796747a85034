#include "../launch.cuh"

namespace flashdiff::cuda::generic {

template void forward_instance<128>(const ForwardParams&, const Target&);

}  // namespace flashdiff::cuda::generic
