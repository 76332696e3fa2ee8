import PlatEngine

// A plan in force: its maps are the current ones.

extension MapDocument {
  /// A plan's map, as the current one that it becomes.
  fileprivate var inForce: MapDocument {
    MapDocument(header: MapHeader(kind: .current, revision: header.revision), placement: placement)
  }
}

extension ClusterDocument {
  /// The document after a plan that was read for it. Nodes, and whatever else it says, stay as they are.
  package func applying(_ plan: PlanDocument) -> ClusterDocument {
    ClusterDocument(cluster: cluster, map: plan.map.inForce)
  }
}

extension GroupDocument {
  /// The same with several maps.
  package func applying(_ plan: GroupPlanDocument) -> GroupDocument {
    GroupDocument(group: group, maps: plan.maps.map(\.inForce))
  }
}

extension AnyClusterDocument {
  /// The revision of each map that is not fresh; nil is the name of one alone.
  package var revisions: [(name: String?, revision: UInt64)] {
    switch self {
    case .one(let document): document.map.map { [(nil, $0.header.revision)] } ?? []
    case .several(let document):
      zip(document.group.members, document.maps).compactMap { member, map in
        map.map { (member.name, $0.header.revision) }
      }
    }
  }
}
