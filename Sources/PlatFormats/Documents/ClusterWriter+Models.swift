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
    writer.names(of: state.serves)
    writer.key("excludes")
    writer.beginArray(.compact)
    for other in state.excludes { writer.string(model.states[other].name) }
    writer.endArray()
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
  /// Kinds of requests, in the order of `StateModel.Requests.kinds`.
  mutating func names(of requests: StateModel.Requests) {
    beginArray(.compact)
    for (kind, name) in StateModel.Requests.kinds where requests.contains(kind) { string(name) }
    endArray()
  }
}
