#include "copy_args.h"

#include <span>

#include "arguments.h"
#include "bounds.h"
#include "errors.h"

namespace flashdiff {
namespace {

// Up to kMaxRank integers; how many.
int32_t read_list(const Fields& args, const char* name, int64_t* list) {
  const Napi::Value value = args.get(name);
  if (!value.IsArray()) throw_wrong_kind(value, "an array", name);
  const auto array = value.As<Napi::Array>();
  const uint32_t length = array.Length();
  if (length > CopyParams::kMaxRank) {
    throw_out_of_range(args.env(), std::string("expected at most 8 dimensions for `") + name +
                                       "`, got " + std::to_string(length));
  }
  for (uint32_t i = 0; i < length; ++i) list[i] = as_integer(array.Get(i), name, 0, kMaxInteger);
  return static_cast<int32_t>(length);
}

}  // namespace

CopyRequest read_copy_args(Napi::Value value) {
  const Fields args(value, "args");
  CopyRequest request;
  CopyParams& params = request.params;
  request.src = args.storage("src");
  params.src_dtype = args.dtype("srcDtype");
  params.dst_dtype = args.dtype("dstDtype");
  request.offset = args.integer("offset");
  params.rank = read_list(args, "shape", params.shape);
  const int32_t strides = read_list(args, "strides", params.strides);
  if (strides != params.rank) {
    throw_out_of_range(args.env(), "expected as many as shape has, " + std::to_string(params.rank) +
                                       ", for `strides`, got " + std::to_string(strides));
  }
  request.dst_bytes =
      bytes_of(args.env(), std::span(params.shape, params.rank), params.dst_dtype, "shape");
  Axis axes[CopyParams::kMaxRank];
  for (int32_t i = 0; i < params.rank; ++i) axes[i] = {params.shape[i], params.strides[i]};
  check_inside(args.env(), *request.src, params.src_dtype, request.offset,
               std::span(axes, params.rank), "src");
  return request;
}

}  // namespace flashdiff
