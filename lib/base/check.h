// Assertions about the engine's own invariants. They never guard bytes that came from a file, a socket or
// a caller: those get a Status.
#pragma once

#include <cassert>

#define STOA_DCHECK(condition) assert(condition)
