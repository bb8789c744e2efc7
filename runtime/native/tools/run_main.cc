/* lazydit-run: one image of a bundle, without Python. */
#include "command_line.h"
#include "interrupt.h"
#include "run_command.h"

int main(int count, char** arguments) {
  lazydit::tools::catch_interrupts();
  return lazydit::tools::run_tool([=] { lazydit::tools::run_command(count, arguments); });
}
