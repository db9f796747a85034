#include "forward_numbers.h"

#include <cstring>
#include <string>

#include "errors.h"

namespace flashdiff {

ForwardNumbers::ForwardNumbers(Napi::Value value, const char* name) : env_(value.Env()) {
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0;
  void* data = nullptr;
  const bool is_array =
      napi_get_typedarray_info(env_, value, &type, &length, &data, nullptr, nullptr) == napi_ok;
  if (!is_array || type != napi_float64_array) throw_wrong_kind(value, "a Float64Array", name);
  if (length != std::size(kForwardNumbers)) {
    throw_out_of_range(env_, "expected " + std::to_string(std::size(kForwardNumbers)) +
                                 " numbers for `" + name + "`, got " + std::to_string(length));
  }
  std::memcpy(numbers_, data, sizeof numbers_);
}

}  // namespace flashdiff
