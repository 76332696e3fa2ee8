/// Less of what is asked for, as a remedy.
extension Remedies {
  /// Of the states counted, the last first: slaves before masters.
  mutating func lowerConstraint() {
    for state in states.reversed() where state > 0 {
      for to in (0..<dense.dataWanted[state]).reversed().prefix(Remedies.mostSteps) {
        var wanted = dense.dataWanted
        wanted[state] = to
        guard fits(nil, .init(wanted: wanted)) else { continue }
        all.append(.lowerConstraint(state: dense.cluster.settings.model.states[state].name, to: to))
        return
      }
    }
  }
}
