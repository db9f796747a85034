#include "forward_args.h"

#include <array>

#include "arguments.h"
#include "bounds.h"
#include "errors.h"
#include "forward_numbers.h"

namespace flashdiff {
namespace {

void read_sizes(Napi::Env env, const ForwardNumbers& numbers, ForwardParams& params) {
  params.batch_size = numbers.int32("batchSize");
  params.num_heads = numbers.int32("numHeads", 1);
  params.num_kv_heads = numbers.int32("numKvHeads", 1);
  if (params.num_heads % params.num_kv_heads != 0) {
    throw_out_of_range(env, "expected a divisor of numHeads, " + std::to_string(params.num_heads) +
                                ", for `numKvHeads`, got " + std::to_string(params.num_kv_heads));
  }
  params.seqlen_q = numbers.int32("seqlenQ");
  params.seqlen_k = numbers.int32("seqlenK");
  params.head_dim = numbers.int32("headDim", 1);
  params.value_dim = numbers.int32("valueDim", 1);
  if (params.value_dim != params.head_dim && params.value_dim != 2 * int64_t{params.head_dim}) {
    throw_out_of_range(env, "expected headDim or twice headDim, " +
                                std::to_string(params.head_dim) + ", for `valueDim`, got " +
                                std::to_string(params.value_dim));
  }
}

Strides read_strides(const ForwardNumbers& numbers, ForwardNumbers::Name batch,
                     ForwardNumbers::Name seq, ForwardNumbers::Name head) {
  return {numbers.integer(batch), numbers.integer(seq), numbers.integer(head)};
}

void read_mask(const Fields& args, const ForwardNumbers& numbers, ForwardParams& params) {
  params.mask.seqlen_q = params.seqlen_q;
  params.mask.seqlen_k = params.seqlen_k;
  params.mask.causal = args.boolean("causal");
  params.mask.window_left = numbers.int32("windowLeft", Mask::kUnbounded);
  params.mask.window_right = numbers.int32("windowRight", Mask::kUnbounded);
  params.mask.sinks = numbers.int32("sinks");
}

void check_operand(Napi::Env env, const ForwardRequest& request, const MemoryRef& memory,
                   DType dtype, int64_t offset, std::array<int64_t, 4> shape,
                   const Strides& strides, const char* name) {
  if (&memory->device() != request.device) {
    throw_out_of_range(env, "expected a storage of device " +
                                std::to_string(request.device->index()) + " for `" + name +
                                "`, got one of device " + std::to_string(memory->device().index()));
  }
  const Axis axes[] = {
      {shape[0], strides.batch}, {shape[1], strides.seq}, {shape[2], strides.head}, {shape[3], 1}};
  check_inside(env, *memory, dtype, offset, axes, name);
}

void check_operands(Napi::Env env, const ForwardRequest& request) {
  const ForwardParams& p = request.params;
  const std::array<int64_t, 4> q{p.batch_size, p.seqlen_q, p.num_heads, p.head_dim};
  const std::array<int64_t, 4> k{p.batch_size, p.seqlen_k, p.num_kv_heads, p.head_dim};
  const std::array<int64_t, 4> token{p.batch_size, p.seqlen_q, p.num_heads, 1};
  const auto check = [&](const MemoryRef& memory, DType dtype, int64_t offset,
                         std::array<int64_t, 4> shape, const Strides& strides, const char* name) {
    check_operand(env, request, memory, dtype, offset, shape, strides, name);
  };
  check(request.q, p.dtype, request.q_offset[0], q, p.q_strides, "q1");
  check(request.q, p.dtype, request.q_offset[1], q, p.q_strides, "q2");
  check(request.k, p.dtype, request.k_offset[0], k, p.k_strides, "k1");
  check(request.k, p.dtype, request.k_offset[1], k, p.k_strides, "k2");
  check(request.v, p.dtype, request.v_offset[0], k, p.v_strides, "vLeft");
  if (p.value_dim != p.head_dim) {
    check(request.v, p.dtype, request.v_offset[1], k, p.v_strides, "vRight");
  }
  if (request.lambda != nullptr) {
    check(request.lambda, DType::kFloat32, request.lambda_offset, token, p.lambda_strides,
          "lambdaData");
  }
  if (request.subln_weight != nullptr) {
    check(request.subln_weight, DType::kFloat32, request.subln_weight_offset,
          {1, 1, 1, p.value_dim}, {}, "sublnWeight");
  }
}

}  // namespace

ForwardRequest read_forward_args(Napi::Value value) {
  const Fields args(value, "args");
  const ForwardNumbers numbers(args.get("numbers"), "numbers");
  ForwardRequest request;
  ForwardParams& params = request.params;
  request.device = &as_device(args.get("device"), "device");
  params.dtype = args.dtype("dtype");
  read_sizes(args.env(), numbers, params);

  request.q = args.storage("q");
  request.q_offset[0] = numbers.integer("q1Offset");
  request.q_offset[1] = numbers.integer("q2Offset");
  params.q_strides = read_strides(numbers, "qStrideBatch", "qStrideSeq", "qStrideHead");

  request.k = args.storage("k");
  request.k_offset[0] = numbers.integer("k1Offset");
  request.k_offset[1] = numbers.integer("k2Offset");
  params.k_strides = read_strides(numbers, "kStrideBatch", "kStrideSeq", "kStrideHead");

  request.v = args.storage("v");
  request.v_offset[0] = numbers.integer("vLeftOffset");
  request.v_offset[1] = numbers.integer("vRightOffset");
  params.v_strides = read_strides(numbers, "vStrideBatch", "vStrideSeq", "vStrideHead");

  params.lambda = numbers.number("lambda");
  request.lambda = args.optional_storage("lambdaData");
  request.lambda_offset = numbers.integer("lambdaOffset");
  params.lambda_strides =
      read_strides(numbers, "lambdaStrideBatch", "lambdaStrideSeq", "lambdaStrideHead");

  params.softmax_scale = numbers.number("softmaxScale");
  read_mask(args, numbers, params);
  params.subln = args.boolean("subln");
  params.subln_eps = numbers.number("sublnEps");
  request.subln_weight = args.optional_storage("sublnWeight");
  request.subln_weight_offset = numbers.integer("sublnWeightOffset");
  params.output_scale = numbers.number("outputScale");
  request.return_lse = args.boolean("returnLse");

  check_operands(args.env(), request);
  const int64_t rows[] = {params.batch_size, params.seqlen_q, params.num_heads};
  const int64_t out[] = {rows[0], rows[1], rows[2], params.value_dim};
  const int64_t lse[] = {2, rows[0], rows[1], rows[2]};
  request.out_bytes = bytes_of(args.env(), out, params.dtype, "out");
  if (request.return_lse) request.lse_bytes = bytes_of(args.env(), lse, DType::kFloat32, "lse");
  return request;
}

}  // namespace flashdiff
