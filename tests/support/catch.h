// The one place that knows which major version of Catch2 the tests are built with.
#pragma once

#ifdef STOA_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
