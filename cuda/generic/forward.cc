#include "forward.h"

#include "instances.h"

namespace flashdiff::cuda::generic {

void forward(const ForwardParams& params, const Device& device, cudaStream_t stream) {
  if (params.head_dim <= 64) return forward_instance<64>(params, device, stream);
  if (params.head_dim <= 96) return forward_instance<96>(params, device, stream);
  forward_instance<128>(params, device, stream);
}

}  // namespace flashdiff::cuda::generic
