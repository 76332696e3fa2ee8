/// Which mutant is on; 0: none.
package nonisolated(unsafe) var mutant = 0

@inline(__always) func isMutant(_ number: Int) -> Bool { mutant == number }
