import PlatEngine

/// What an export takes of a document: its map, or its maps by name; and the extensions that travelled with it.
package struct NamedMaps: Sendable {
  package struct Member: Sendable {
    /// Nil for the map of a document that has one only.
    package var name: String?
    package var map: NamedMap
  }
  package var members: [Member]
  package var extensions: [Extension]
  /// Whether the document has more maps, which were not asked for.
  package var isSelection = false

  /// The one map of a cluster or a plan.
  package init(_ map: NamedMap) {
    members = [Member(name: nil, map: map)]
    extensions = map.extensions
  }

  init(_ members: [Member], extensions: [Extension]) { (self.members, self.extensions) = (members, extensions) }

  /// The current maps of a cluster document; throws where one is fresh.
  package init(_ document: GroupDocument) throws(InputError) {
    _ = try document.everyMap()
    members = document.group.members.enumerated().compactMap { index, member in
      NamedMap(document.document(index)).map { map in
        var map = map
        map.path = "maps[\(index)].map"
        return Member(name: member.name, map: map)
      }
    }
    extensions = document.group.shared.extensions
  }

  /// The maps of a cluster document, or of a plan on its own. `name`: only that one. O(bytes).
  package static func read(_ source: DocumentSource, named name: String? = nil) throws -> NamedMaps {
    guard try NamedMap.hasSeveral(source) else { return NamedMaps(try NamedMap.read(source, named: name)) }
    var maps: NamedMaps
    if try NamedMap.isCluster(source) {
      guard case .several(let document) = try ClusterReader.readAny(source) else {
        return NamedMaps(try NamedMap.read(source))
      }
      maps = try NamedMaps(document)
    } else {
      maps = try NamedMap.readAll(source)
    }
    guard let name else { return maps }
    let names = maps.members.compactMap(\.name)
    guard let index = names.firstIndex(of: name) else { throw source.error(GroupReader.unknown(name, names)) }
    maps.members = [maps.members[index]]
    maps.isSelection = true
    return maps
  }

  /// The map of a document that has one; throws for several.
  func only() throws(InputError) -> NamedMap {
    guard members.count == 1 else { throw GroupReader.ambiguous(members.compactMap(\.name)) }
    var map = members[0].map
    map.extensions = extensions
    return map
  }
}
