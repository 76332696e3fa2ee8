import PlatEngine

extension ClusterWriter {
  /// A number of partitions that is 0 is that of a document whose maps say each its own.
  ///
  /// `shared`: settings that hold where these say nothing; what is the same is left out.
  static func writeSettings(_ cluster: Cluster, over shared: Settings? = nil, to writer: inout JSONWriter) {
    let settings = cluster.settings
    var base = shared
    if let shared, shared.model != settings.model {
      // Counts and rules speak of states, so those of another model say nothing.
      base = Settings(
        model: settings.model, keyFunction: shared.keyFunction, partitionCount: shared.partitionCount,
        fanOut: shared.fanOut,
        balance: shared.balance)
    }
    writer.beginObject(.lines)
    if settings.model != shared?.model { writer.member("model", settings.model.name) }
    if settings.keyFunction != base?.keyFunction { writer.member("keyFunc", settings.keyFunction.rawValue) }
    if settings.partitionCount != base?.partitionCount, settings.partitionCount > 0 {
      writer.member("numPartitions", settings.partitionCount)
    }
    if settings.constraints != base?.constraints {
      writer.key("constraints")
      writer.beginObject(.compact)
      for (state, count) in zip(settings.model.states, settings.constraints) where state.isPlaced {
        writer.key(state.name)
        writer.integer(count)
      }
      writer.endObject()
    }
    if settings.placement != base?.placement ?? [] || settings.places != base?.places ?? [] {
      writer.key("placement")
      writer.beginArray(settings.placement.isEmpty && settings.places.isEmpty ? .compact : .lines)
      var places = settings.places[...]
      func writePlaces(at position: Int) {
        while let place = places.first, place.position <= position {
          writePlace(place, of: cluster, to: &writer)
          places.removeFirst()
        }
      }
      for (index, rule) in settings.placement.enumerated() {
        writePlaces(at: index + settings.places.count - places.count)
        writeRule(rule, of: cluster, to: &writer)
      }
      writePlaces(at: .max)
      writer.endArray()
    }
    if settings.fanOut != base?.fanOut {
      writer.key("fanOut")
      writeFanOut(settings.fanOut ?? FanOutLimit(outbound: nil, inbound: nil, strength: .hard), to: &writer)
    }
    if settings.balance != base?.balance ?? BalanceLimit() {
      writer.key("balance")
      writer.beginObject(.compact)
      if settings.balance.tolerance != .zero {
        writer.key("tolerance")
        writer.quantity(settings.balance.tolerance)
      }
      if let budget = settings.balance.moveBudget { writer.member("moveBudget", budget) }
      writer.endObject()
    }
    writer.endObject()
  }

  private static func writeRule(_ rule: PlacementRule, of cluster: Cluster, to writer: inout JSONWriter) {
    let states = cluster.settings.model.states
    writer.beginObject(.compact)
    writer.member("states", rule.states.lazy.map { states[$0].name })
    switch rule.demand {
    case .atMost(let most):
      writer.key("level")
      writer.string(cluster.levels[rule.level])
      writer.key("atMost")
      writer.integer(most)
    case .near(let of, let atLeast):
      writer.key("near")
      writer.string(states[of].name)
      writer.key("level")
      writer.string(cluster.levels[rule.level])
      writer.key("atLeast")
      writer.integer(atLeast)
    }
    writer.key("strength")
    writer.string(rule.strength.rawValue)
    writer.endObject()
  }

  private static func writePlace(_ rule: PlaceRule, of cluster: Cluster, to writer: inout JSONWriter) {
    let states = cluster.settings.model.states
    writer.beginObject(.compact)
    writer.member("states", rule.states.map { states[$0].name })
    writer.key(rule.key)
    writeSelector(rule.selector, to: &writer)
    if case .within(let atLeast, let atMost) = rule.demand {
      if let atLeast { writer.member("atLeast", atLeast) }
      if let atMost { writer.member("atMost", atMost) }
    }
    writer.member("strength", rule.strength.rawValue)
    writer.endObject()
  }

  private static func writeSelector(_ selector: Selector, to writer: inout JSONWriter) {
    writer.beginObject(.compact)
    let lists = [("tags", selector.tags), ("nodes", selector.nodes), ("containers", selector.containers)]
    for (key, names) in lists where !names.isEmpty { writer.member(key, names) }
    if let other = selector.not.first {
      writer.key("not")
      writeSelector(other, to: &writer)
    }
    writer.endObject()
  }

  private static func writeFanOut(_ limit: FanOutLimit, to writer: inout JSONWriter) {
    writer.beginObject(.compact)
    if let outbound = limit.outbound {
      writer.key("outbound")
      writer.integer(outbound)
    }
    if let inbound = limit.inbound {
      writer.key("inbound")
      writer.integer(inbound)
    }
    writer.key("strength")
    writer.string(limit.strength.rawValue)
    writer.endObject()
  }

  static func writeConfig(_ cluster: Cluster, to writer: inout JSONWriter) {
    let config = cluster.config
    writer.beginObject(.lines)
    writer.key("maxFullScansPerVolumeType")
    writer.beginObject(.compact)
    for (type, count) in config.maxFullScansPerVolumeType {
      writer.key(type)
      writer.integer(count)
    }
    writer.endObject()
    if let count = config.maxStreamsIn {
      writer.key("maxStreamsIn")
      writer.integer(count)
    }
    if let count = config.maxStreamsOut {
      writer.key("maxStreamsOut")
      writer.integer(count)
    }
    if let (level, count) = config.maxDisturbedContainers {
      writer.key("maxDisturbedContainers")
      writer.beginObject(.compact)
      writer.key("level")
      writer.string(cluster.levels[level])
      writer.key("count")
      writer.integer(count)
      writer.endObject()
    }
    if config.hold != cluster.settings.model.writingRequests {
      writer.key("hold")
      writer.names(of: config.hold, cluster.settings.model)
    }
    if config.minInSync != 1 {
      writer.key("minInSync")
      writer.integer(config.minInSync)
    }
    writer.endObject()
  }
}
