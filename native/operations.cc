#include "operations.h"

#include <cstring>
#include <utility>
#include <vector>

#include "fill.h"
#include "flashdiff/engine.h"
#include "tasks.h"

namespace flashdiff {
namespace {

// So few elements are converted or filled in less time than a thread takes to wake.
constexpr int64_t kImmediateElements = 16 * 1024;

MemoryRef new_memory(Device& device, size_t bytes) {
  return std::make_shared<Memory>(device, bytes);
}

// Elements may lie at any byte of the caller's buffer, convert() wants them where floats live.
void convert(const std::byte* data, DType src_dtype, DType dst_dtype, std::byte* dst,
             int64_t count) {
  const size_t bytes = static_cast<size_t>(count) * size_of(src_dtype);
  if (bytes == 0) return;
  if (src_dtype == dst_dtype) {
    std::memcpy(dst, data, bytes);
  } else if (reinterpret_cast<uintptr_t>(data) % size_of(src_dtype) == 0) {
    cpu::convert(src_dtype, data, dst_dtype, dst, count);
  } else {
    const std::vector<std::byte> aligned(data, data + bytes);
    cpu::convert(src_dtype, aligned.data(), dst_dtype, dst, count);
  }
}

MemoryRef download(const MemoryRef& src, Device& host) {
  const MemoryRef dst = new_memory(host, src->bytes());
  const auto work = [src = src.get(), dst] {
    dst->allocate();
    src->device().engine().download(dst->data(), src->address(), src->bytes());
  };
  const auto done = [dst](const FailureRef& cause) {
    cause == nullptr ? Memory::complete(dst, nullptr) : Memory::fail(dst, cause);
  };
  std::make_shared<Fetch>(src, work, done)->submit(src->bytes());
  return dst;
}

}  // namespace

MemoryRef upload(Device& device, const std::byte* data, DType src_dtype, DType dst_dtype,
                 int64_t count) {
  Device& host = Device::at(Device::kCpu);
  const MemoryRef memory = new_memory(host, static_cast<size_t>(count) * size_of(dst_dtype));
  memory->allocate();
  convert(data, src_dtype, dst_dtype, memory->data(), count);
  Memory::complete(memory, nullptr);
  return transfer(memory, device);
}

MemoryRef zeros(Device& device, DType dtype, int64_t count) {
  const MemoryRef memory = new_memory(device, static_cast<size_t>(count) * size_of(dtype));
  const auto write = [memory = memory.get(), dtype, count](Engine& engine) {
    fill(engine, memory->data(), dtype, count, 0);
  };
  device.submit(std::make_shared<Produce>(std::vector<MemoryRef>{}, std::vector{memory}, write),
                count <= kImmediateElements);
  return memory;
}

MemoryRef copy(const CopyRequest& request) {
  const MemoryRef& src = request.src;
  Device& device = src->device();
  const MemoryRef dst = new_memory(device, request.dst_bytes);
  const auto write = [request, dst = dst.get()](Engine& engine) {
    CopyParams params = request.params;
    params.src =
        request.src->address() + static_cast<size_t>(request.offset) * size_of(params.src_dtype);
    params.dst = dst->data();
    engine.copy(params);
  };
  device.submit(std::make_shared<Produce>(std::vector{src}, std::vector{dst}, write),
                src->is_settled() && request.params.size() <= kImmediateElements);
  return dst;
}

MemoryRef transfer(const MemoryRef& src, Device& device) {
  if (&src->device() == &device) return src;  // never written again, so it can be shared
  Device& host = Device::at(Device::kCpu);
  if (&device == &host) return download(src, host);
  if (&src->device() != &host) return transfer(transfer(src, host), device);

  const MemoryRef dst = new_memory(device, src->bytes());
  const auto write = [src, dst = dst.get()](Engine& engine) {
    engine.upload(dst->data(), src->address(), src->bytes());
  };
  device.submit(std::make_shared<Produce>(std::vector{src}, std::vector{dst}, write), false);
  return dst;
}

ForwardParams ForwardRequest::place(const std::byte* out, const std::byte* lse) const {
  ForwardParams placed = params;
  const auto operand = [&](const MemoryRef& memory, int64_t offset) {
    return memory->address() + static_cast<size_t>(offset) * size_of(params.dtype);
  };
  const auto floats = [](const MemoryRef& memory, int64_t offset) {
    return reinterpret_cast<const float*>(memory->address()) + offset;
  };
  for (const int map : {0, 1}) {
    placed.q[map] = operand(q, q_offset[map]);
    placed.k[map] = operand(k, k_offset[map]);
  }
  placed.v[0] = operand(v, v_offset[0]);
  if (params.value_dim != params.head_dim) placed.v[1] = operand(v, v_offset[1]);
  if (lambda != nullptr) placed.lambda_data = floats(lambda, lambda_offset);
  if (subln_weight != nullptr) placed.subln_weight = floats(subln_weight, subln_weight_offset);
  placed.out = const_cast<std::byte*>(out);
  placed.lse = reinterpret_cast<float*>(const_cast<std::byte*>(lse));
  return placed;
}

ForwardResult forward(const ForwardRequest& request) {
  Device& device = *request.device;
  std::vector<MemoryRef> inputs{request.q, request.k, request.v};
  if (request.lambda != nullptr) inputs.push_back(request.lambda);
  if (request.subln_weight != nullptr) inputs.push_back(request.subln_weight);
  ForwardResult result{.out = new_memory(device, request.out_bytes), .lse = nullptr};
  std::vector<MemoryRef> outputs{result.out};
  if (request.return_lse) {
    result.lse = new_memory(device, request.lse_bytes);
    outputs.push_back(result.lse);
  }

  const ForwardParams params =
      request.place(result.out->address(), result.lse ? result.lse->address() : nullptr);
  device.engine().check(params);
  bool immediate = device.engine().is_immediate(params);
  for (const MemoryRef& input : inputs) immediate = immediate && input->is_settled();

  const auto write = [request, out = result.out.get(), lse = result.lse.get()](Engine& engine) {
    engine.forward(request.place(out->data(), lse == nullptr ? nullptr : lse->data()));
  };
  device.submit(std::make_shared<Produce>(std::move(inputs), std::move(outputs), write), immediate);
  return result;
}

}  // namespace flashdiff
