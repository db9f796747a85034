// Why queued work has no result. Everything that depends on it holds the same, first cause.
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace flashdiff {

struct Failure {
  const char* code;  // of FlashDiffError
  std::string message;
};

using FailureRef = std::shared_ptr<const Failure>;

// Thrown where the result of failed work is needed.
class Failed final : public std::exception {
 public:
  explicit Failed(FailureRef cause) : cause_(std::move(cause)) {}
  const FailureRef& cause() const noexcept { return cause_; }
  const char* what() const noexcept override { return cause_->message.c_str(); }

 private:
  FailureRef cause_;
};

// The exception being handled, as a failure. Call inside a catch block only.
FailureRef current_failure() noexcept;

}  // namespace flashdiff
