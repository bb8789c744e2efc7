/* The interface is C: this must compile as such. */
#include "lazydit_native.h"
