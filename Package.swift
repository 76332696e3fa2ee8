// swift-tools-version: 6.2
//
// Plat, from the ground up. The import law, which this file enforces between targets:
//
//   PlatCLI, PlatBenchmarks → PlatBench → PlatFormats → PlatSimulator → PlatEngine → PlatSearch, CPlatCore, CGMP
//                                         PlatFormats → CPlatJSON
//   PlatCLI → CPlat, for the version number alone
//   PlatABI → PlatFormats, PlatSimulator, PlatEngine, CPlat (documents go in and out through the C ABI, too)
//
// and inside the engine, by review: Exact ← Model ← Dense ← Planner; Dense ← Moves ← Steps ← Execution, which plans
// again; Judge reads Rules, Dense, Model and Exact only; `docs/ARCHITECTURE.md` has the table. Nothing imports the CLI
// or the ABI. Neither the engine nor the library links Foundation.
//
// The engine is ONE target on purpose: an accessor called once per element across a target border costs
// about ten times one inside it, so walls stand where data crosses once per plan.
import PackageDescription

/// Our own programs run on jemalloc from the start; the C core finds it there.
let jemalloc: [LinkerSetting] = [.unsafeFlags(["-Xlinker", "--no-as-needed"]), .linkedLibrary("jemalloc")]

/// What goes through CPlatGuest's reserve there.
let reserved = [
  "malloc", "calloc", "realloc", "free", "posix_memalign", "malloc_usable_size", "_Znwm", "_ZnwmSt11align_val_t", "_ZdlPv", "_ZdlPvm",
  "_ZdlPvmSt11align_val_t", "_ZdaPv",
]

/// The C library carries the Swift runtime with it, shows what plat.h declares and nothing else, and leaves out what
/// nobody calls.
let guest: [LinkerSetting] = [
  .unsafeFlags([
    "-static-stdlib", "-Xlinker", "--version-script=\(Context.packageDirectory)/CSources/CPlat/plat.symbols",
    "-Xlinker", "--gc-sections", "-Xlinker", "-soname=libplat.so.1",
  ] + reserved.flatMap { ["-Xlinker", "--wrap=\($0)"] })
]

let package = Package(
  name: "plat",
  products: [
    .executable(name: "plat", targets: ["PlatCLI"]),
    .library(name: "PlatEngine", targets: ["PlatEngine"]),
    .library(name: "PlatFormats", targets: ["PlatFormats"]),
    // The C library, which `make install` names libplat.so: two products of one name are not to be had.
    .library(name: "PlatABI", type: .dynamic, targets: ["PlatABI"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
  ],
  targets: [
    // The C core: CRC-32 and arenas. No I/O, no libraries but libc.
    .target(name: "CPlatCore", path: "CSources/CPlatCore", cSettings: [.unsafeFlags(["-O2"])]),
    // A small C face over simdjson.
    .target(
      name: "CPlatJSON", path: "CSources/CPlatJSON",
      cxxSettings: [.unsafeFlags(["-O2"])],
      linkerSettings: [.linkedLibrary("simdjson"), .linkedLibrary("stdc++")]),
    .systemLibrary(
      name: "CGMP", path: "CSources/CGMP", pkgConfig: "gmp", providers: [.apt(["libgmp-dev"])]),
    // What the CRC is compared with, in tests and benchmarks only.
    .systemLibrary(name: "CZlib", path: "CSources/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CISAL", path: "CSources/CISAL", pkgConfig: "libisal", providers: [.apt(["libisal-dev"])]),

    // Local search over flat tables: it knows no cluster. Optimised in debug builds too, as every plan under many rules runs
    // it; data crosses its border once a plan.
    .target(name: "PlatSearch", swiftSettings: [.unsafeFlags(["-O"])]),
    .target(name: "PlatEngine", dependencies: ["CPlatCore", "CGMP", "PlatSearch"]),
    .target(name: "PlatFormats", dependencies: ["PlatEngine", "PlatSimulator", "CPlatCore", "CPlatJSON"]),
    // plat.h, and what it has promised. PlatABI implements it; of the CLI it is the version.
    .target(name: "CPlat", path: "CSources/CPlat", exclude: ["plat.symbols", "cpp"]),
    // What the library has in place of the process's environment, and where malloc fails. Of no other product.
    .target(name: "CPlatGuest", path: "CSources/CPlatGuest"),
    .target(
      name: "PlatABI", dependencies: ["CPlat", "CPlatGuest", "PlatFormats", "PlatSimulator", "PlatEngine", "CPlatCore"],
      linkerSettings: guest),
    // Whole clusters with faults, from one seed. Optimised in debug builds too: tests run thousands of them.
    .target(name: "PlatSimulator", dependencies: ["PlatEngine"], swiftSettings: [.unsafeFlags(["-O"])]),
    .executableTarget(
      name: "PlatCLI",
      dependencies: [
        "PlatFormats", "PlatEngine", "PlatBench", "PlatSimulator", "CPlat",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      linkerSettings: jemalloc),

    // The benchmark suite, which `plat bench` runs too; and a program for what is measured beside planning, which
    // links what only that needs.
    .target(
      name: "PlatBench",
      dependencies: [
        "PlatFormats", "PlatEngine", "PlatReference",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Benchmarks/PlatBench"),
    .executableTarget(
      name: "PlatBenchmarks",
      dependencies: ["PlatBench", "PlatFormats", "PlatEngine", "CPlat", "CPlatCore", "CPlatJSON", "CZlib", "CISAL"],
      path: "Benchmarks/PlatBenchmarks",
      linkerSettings: jemalloc),

    // What tests and benchmarks compare with: a naive planner, published cases, hashes of maps.
    // Optimised in debug builds too, as TestSupport is.
    .target(
      name: "PlatReference", dependencies: ["PlatEngine"], path: "Tests/Reference",
      swiftSettings: [.unsafeFlags(["-O"])]),
    // Generators and the slow, obvious planners used as oracles.
    // Optimised in debug builds too: they run on thousands of random clusters.
    .target(
      name: "TestSupport", dependencies: ["PlatEngine", "PlatReference"], path: "Tests/TestSupport",
      swiftSettings: [.unsafeFlags(["-O"])]),
    .testTarget(
      name: "PlatCoreTests", dependencies: ["CPlatCore", "CZlib"], path: "Tests/PlatCoreTests"),
    .testTarget(
      name: "PlatSearchTests", dependencies: ["PlatSearch", "TestSupport"], path: "Tests/PlatSearchTests"),
    .testTarget(
      name: "PlatEngineTests", dependencies: ["PlatEngine", "TestSupport"], path: "Tests/PlatEngineTests"),
    .testTarget(
      name: "PlatSimulatorTests", dependencies: ["PlatSimulator", "PlatEngine", "TestSupport"],
      path: "Tests/PlatSimulatorTests"),
    .testTarget(
      name: "PlatFormatsTests", dependencies: ["PlatFormats", "PlatEngine", "CPlatJSON", "TestSupport"],
      path: "Tests/PlatFormatsTests", exclude: ["Resources"]),
    .testTarget(
      name: "PlatBenchTests", dependencies: ["PlatBench", "PlatFormats", "TestSupport"], path: "Tests/PlatBenchTests"),
    // They build programs against the library, and link nothing of it.
    .testTarget(name: "PlatABITests", path: "Tests/PlatABITests", exclude: ["Programs"]),
    .testTarget(
      name: "PlatCLITests", dependencies: ["PlatFormats", "PlatEngine", "PlatCLI", "TestSupport"],
      path: "Tests/PlatCLITests"),
  ],
  cLanguageStandard: .gnu17,
  cxxLanguageStandard: .cxx20
)

// For the thread sanitizer, which does not go together with jemalloc: without the programs that link it.
if Context.environment["PLAT_WITHOUT_JEMALLOC"] != nil {
  let programs = ["PlatCLI", "PlatBenchmarks", "PlatBench", "PlatABITests", "PlatBenchTests", "PlatCLITests"]
  package.targets.removeAll { programs.contains($0.name) }
  package.products.removeAll { $0.name == "plat" }
  package.dependencies = []
}
