import Glibc
import Testing

@_silgen_name("plat_set_mutant") func setMutant(_ number: Int)

/// The tests of Execution under one mutant. What swift-testing takes can be told, such as `--filter`.
@main struct Tests {
  static func main() async {
    setMutant(getenv("PLAT_MUTANT").flatMap { Int(String(cString: $0)) } ?? 0)
    await Testing.__swiftPMEntryPoint() as Never
  }
}
