import Glibc
import PlatEngine
import PlatSimulator

@_silgen_name("plat_set_mutant") func setMutant(_ number: Int)

// One mutant: 0 it survived, 1 it was noticed.
setMutant(Int(CommandLine.arguments[1])!)
let runs = Int(CommandLine.arguments[2])!
let seed = UInt64(CommandLine.arguments[3])!
let cases = [
  ("leaving", SimulatedCluster.leavingAndJoining), ("three", SimulatedCluster.threeCopies), ("floor", SimulatedCluster.floor),
  ("full", SimulatedCluster.full), ("masters", SimulatedCluster.severalMasters), ("fresh", SimulatedCluster.fresh),
]
var first = 0
// A few of each, then more.
for count in [20, runs] where count > first {
  for (name, setup) in cases {
    let outcome = Simulator(setup, rates: .usual).run(seed: seed + UInt64(first), runs: count - first, stopsAtFirst: true)
    guard let violation = outcome.violations.first else { continue }
    print("\(name) \(violation.invariant) seed \(violation.seed)")
    exit(1)
  }
  first = count
}
print("\(runs) runs each")
