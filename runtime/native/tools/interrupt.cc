#include "interrupt.h"

#include <signal.h>

#include <atomic>

#include "failure.h"

namespace lazydit::tools {
namespace {

std::atomic<bool> interrupted = false;
std::atomic<lazydit_generation*> running = nullptr;
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<lazydit_generation*>::is_always_lock_free,
              "a signal handler may use nothing else");

void on_signal(int) {
  interrupted = true;
  // It only stores a flag.
  lazydit_generation_cancel(running);
}

}  // namespace

void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

void throw_if_interrupted() {
  if (interrupted) throw native::Failure(LAZYDIT_CANCELLED, "interrupted");
}

CancelOnInterrupt::CancelOnInterrupt(lazydit_generation* generation) {
  running = generation;
  if (interrupted) lazydit_generation_cancel(generation);
}

CancelOnInterrupt::~CancelOnInterrupt() { running = nullptr; }

}  // namespace lazydit::tools
