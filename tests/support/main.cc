// Entry point of every test program.
#ifdef STOA_CATCH2_V3
#include "support/catch.h"

int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }
#else
#define CATCH_CONFIG_MAIN
#include "support/catch.h"
#endif
