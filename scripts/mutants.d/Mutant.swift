/// Which mutant is on; 0: none.
nonisolated(unsafe) private var mutant = 0

@_cdecl("plat_set_mutant") public func setMutant(_ number: Int) { mutant = number }

func isMutant(_ number: Int) -> Bool { mutant == number }
