// Empty: a place to build the precompiled header that all test programs share.
