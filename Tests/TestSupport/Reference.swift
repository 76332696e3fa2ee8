// What the tests share with the benchmarks.
@_exported import PlatReference
