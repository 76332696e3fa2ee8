import PlatEngine

extension ClusterWriter {
  /// The models that are not built in, each in full: what a reader would take anyway is there as well.
  static func writeModels(_ cluster: Cluster, to writer: inout JSONWriter) {
    var models = cluster.models
    let model = cluster.settings.model
    if !(StateModel.all + models).contains(where: { $0.name == model.name }) { models.append(model) }
    guard !models.isEmpty else { return }
    writer.key("models")
    writer.beginObject(.lines)
    for model in models {
      writer.key(model.name)
      writeModel(model, to: &writer)
    }
    writer.endObject()
  }

  private static func writeModel(_ model: StateModel, to writer: inout JSONWriter) {
    writer.beginObject(.lines)
    writeKinds(model.requests.dropFirst(StateModel.usualRequests.count), to: &writer)
    writer.key("states")
    writer.beginArray(.lines)
    for state in model.states { writeState(state, of: model, to: &writer) }
    writer.endArray()
    writer.key("transitions")
    writer.beginObject(.lines)
    for (name, table) in [("alone", model.alone), ("takeover", model.takeover)] {
      writer.key(name)
      writeTable(table, of: model, to: &writer)
    }
    writer.endObject()
    writer.endObject()
  }

  private static func writeKinds(_ kinds: ArraySlice<StateModel.RequestKind>, to writer: inout JSONWriter) {
    guard !kinds.isEmpty else { return }
    writer.key("requests")
    writer.beginArray(.compact)
    for kind in kinds {
      writer.beginObject(.compact)
      writer.member("name", kind.name)
      writer.key("writes")
      writer.bool(kind.writes)
      writer.endObject()
    }
    writer.endArray()
  }

  private static func writeState(_ state: StateModel.State, of model: StateModel, to writer: inout JSONWriter) {
    writer.beginObject(.compact)
    writer.key("name")
    writer.string(state.name)
    writer.key("count")
    writer.integer(state.defaultCount)
    writer.key("holdsData")
    writer.bool(state.holdsData)
    writer.key("placed")
    writer.bool(state.isPlaced)
    writer.key("serves")
    writer.names(of: state.serves, model)
    writer.member("excludes", state.excludes.lazy.map { model.states[$0].name })
    writer.endObject()
  }

  private static func writeTable(_ table: TransitionTable, of model: StateModel, to writer: inout JSONWriter) {
    func name(_ state: Int?) -> String { state.map { model.states[$0].name } ?? "null" }
    writer.beginObject(.lines)
    for from in table.all {
      writer.key(name(from))
      writer.beginObject(.compact)
      for to in table.all where to != from {
        writer.key(name(to))
        writer.string(name(table[from, to]))
      }
      writer.endObject()
    }
    writer.endObject()
  }
}

extension JSONWriter {
  /// Kinds of requests, in the model's order.
  mutating func names(of requests: StateModel.Requests, _ model: StateModel) {
    strings(model.requests.indices.filter { requests.contains(.kind($0)) }.map { model.requests[$0].name })
  }
}
