// JavaScript objects that own a share of a native one, such as a Storage of its Memory.
#pragma once

#include <napi.h>

#include <memory>
#include <utility>

namespace flashdiff {

template <class T>
struct Handle {
  std::shared_ptr<T> object;  // null once released
  int64_t external_bytes;     // told to the garbage collector

  void release(napi_env env) {
    if (object == nullptr) return;
    object.reset();
    int64_t total;
    napi_adjust_external_memory(env, -std::exchange(external_bytes, 0), &total);
  }
};

// The class of one environment. JavaScript cannot construct it; the tag keeps foreign objects out.
template <class T>
class HandleClass {
 public:
  HandleClass(Napi::Env env, const char* name, napi_type_tag tag) : tag_(tag) {
    napi_value constructor;
    const napi_status status =
        napi_define_class(env, name, NAPI_AUTO_LENGTH, construct, this, 0, nullptr, &constructor);
    if (status != napi_ok) throw Napi::Error::New(env);
    constructor_ = Napi::Persistent(Napi::Function(env, constructor));
  }

  Napi::Function constructor() const { return constructor_.Value(); }

  Napi::Object make(std::shared_ptr<T> object, int64_t external_bytes) {
    const Napi::Env env = constructor_.Env();
    incoming_.reset(new Handle<T>{std::move(object), external_bytes});
    const Napi::Object made = constructor_.New(std::initializer_list<napi_value>{});
    int64_t total;
    napi_adjust_external_memory(env, external_bytes, &total);
    return made;
  }

  // Null when the value is no such object.
  Handle<T>* find(Napi::Value value) const {
    const napi_env env = value.Env();
    bool is_ours = false;
    void* handle = nullptr;
    if (!value.IsObject() || napi_check_object_type_tag(env, value, &tag_, &is_ours) != napi_ok ||
        !is_ours || napi_unwrap(env, value, &handle) != napi_ok) {
      return nullptr;
    }
    return static_cast<Handle<T>*>(handle);
  }

 private:
  static napi_value construct(napi_env env, napi_callback_info info) {
    napi_value self = nullptr;
    void* data = nullptr;
    napi_get_cb_info(env, info, nullptr, nullptr, &self, &data);
    auto& handles = *static_cast<HandleClass*>(data);
    if (handles.incoming_ == nullptr) {
      napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "expected no `new` for this class");
    } else if (napi_wrap(env, self, handles.incoming_.get(), finalize, nullptr, nullptr) ==
               napi_ok) {
      handles.incoming_.release();
      napi_type_tag_object(env, self, &handles.tag_);
    }
    return self;
  }

  static void finalize(napi_env env, void* data, void*) {
    const std::unique_ptr<Handle<T>> handle(static_cast<Handle<T>*>(data));
    handle->release(env);
  }

  const napi_type_tag tag_;
  Napi::FunctionReference constructor_;
  std::unique_ptr<Handle<T>> incoming_;  // what make() hands to construct()
};

}  // namespace flashdiff
