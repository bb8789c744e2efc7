/* What lazydit-run does. */
#ifndef LAZYDIT_TOOLS_RUN_COMMAND_H_
#define LAZYDIT_TOOLS_RUN_COMMAND_H_

namespace lazydit::tools {

/* Draws the image that the arguments ask for; the first of them is the program's name. Throws Failure. */
void run_command(int count, const char* const* arguments);

}  // namespace lazydit::tools

#endif
