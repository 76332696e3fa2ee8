/// Which mutant is on; 0: none.
nonisolated(unsafe) private var mutant = 0
/// It has been where the mutant differs.
nonisolated(unsafe) private var wasThere = false

@_cdecl("plat_set_mutant") public func setMutant(_ number: Int) { mutant = number }
@_cdecl("plat_was_there") public func wasWhereItDiffers() -> Bool { wasThere }

func isMutant(_ number: Int) -> Bool {
  guard mutant == number else { return false }
  wasThere = true
  return true
}
