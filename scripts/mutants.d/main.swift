import Glibc
import PlatEngine
import PlatSimulator

@_silgen_name("plat_set_mutant") func setMutant(_ number: Int)
@_silgen_name("plat_was_there") func wasWhereItDiffers() -> Bool

/// What a deliberate bug trips, in each of the mixes: the first run that is not well.
if CommandLine.arguments[1] == "plants" {
  for plant in InjectedFault.allCases {
    for (name, setup, rates, lives) in SimulatedCluster.mixes {
      let outcome = Simulator(setup, rates: rates, plant: plant, lives: lives).run(
        seed: 1, runs: Int(CommandLine.arguments[2])!)
      for violation in outcome.violations {
        print("\(violation.invariant.rawValue) \(violation.invariant) \(plant.rawValue) \(name) seed \(violation.seed)")
      }
    }
    for seed in 1...UInt64(CommandLine.arguments[2])! {
      let simulator = Simulator(SimulatedCluster.threeCopies, rates: .none, plant: plant)
      guard let violation = simulator.outcome(of: SimulatedCluster.backInTurn, seed: seed).violation else { continue }
      print(
        "\(violation.invariant.rawValue) \(violation.invariant) \(plant.rawValue) back in turn seed \(violation.seed)")
    }
  }
  exit(0)
}

// One mutant, its runs and the first seed: 0 it survived, 1 it was noticed. With a fourth word: what happened, as a number, and whether the
// runs came to where the mutant differs.
setMutant(Int(CommandLine.arguments[1])!)
let runs = Int(CommandLine.arguments[2])!
let seed = UInt64(CommandLine.arguments[3])!

guard CommandLine.arguments.count < 5 else {
  var digest: UInt64 = 0xcbf2_9ce4_8422_2325
  for (_, setup, rates, lives) in SimulatedCluster.mixes {
    for number in 0..<(lives > 0 ? (runs + 3) / 4 : runs) {
      for line in Simulator(setup, rates: rates, lives: lives).trace(seed: seed + UInt64(number)) {
        for byte in line.utf8 { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01b3 }
      }
    }
  }
  print("\(digest) \(wasWhereItDiffers())")
  exit(0)
}

for (name, setup, rates, lives) in SimulatedCluster.mixes {
  let count = lives > 0 ? (runs + 3) / 4 : runs
  let outcome = Simulator(setup, rates: rates, lives: lives).run(seed: seed, runs: count, stopsAtFirst: true)
  guard let violation = outcome.violations.first else { continue }
  print(
    "broken \(violation.invariant.rawValue) \(violation.invariant) \(name) seed \(violation.seed) \(violation.text)")
  exit(1)
}
