import CPlat
import PlatEngine

/// What a node kept, as its host gives it back.
struct KeptPieces {
  /// Looked up, and sorted before it is gone through.
  var records: [PartitionIndex: Record] = [:]
  /// Partitions that the cluster does not have any more.
  var gone: [UInt32] = []
  /// Records that cannot be read: a node starts without them.
  var damaged: [AgentHandle.Damaged] = []

  /// The promise; nil: there is none. Throws where there are two, or where it is damaged: without it nothing may be
  /// relied on.
  static func promise(_ kept: UnsafeBufferPointer<plat_kept>, _ names: WireNames) throws -> Promise? {
    var found: Promise?
    var damage: (index: Int, what: String)?
    for (index, item) in kept.enumerated() where item.length != 0 {
      let bytes = try hostBytes(item.bytes, item.length, "kept[\(index)].bytes")
      guard Kept.guess(bytes, names)?.isPromise == true else { continue }
      let read: Kept
      do throws(InputError) {
        read = try Kept(bytes, names)
      } catch {
        guard error.path != Kept.versionPath else { throw error }
        damage = (index, error.found)
        continue
      }
      guard case .promise(let promise) = read else { continue }
      guard found == nil else { throw Refusal.argument("kept[\(index)]", found: "a second promise", expected: "one") }
      found = promise
    }
    if found == nil, let damage {
      throw Refusal.lostDisk("kept[\(damage.index)]", found: "a promise that is damaged: \(damage.what)")
    }
    return found
  }

  /// Throws where a record was given twice, or comes from a later library.
  init(_ kept: UnsafeBufferPointer<plat_kept>, _ names: WireNames) throws {
    for (index, item) in kept.enumerated() where item.length != 0 {
      let bytes = try hostBytes(item.bytes, item.length, "kept[\(index)].bytes")
      let read: Kept
      do throws(InputError) {
        read = try Kept(bytes, names)
      } catch {
        guard error.path != Kept.versionPath else { throw error }
        damaged.append(
          AgentHandle.Damaged(index: index, partition: Kept.guess(bytes, names)?.partition, what: error.found))
        continue
      }
      switch read {
      case .promise: break
      case .gone(let partition): gone.append(partition)
      case .record(let partition, let record):
        guard records.updateValue(record, forKey: partition) == nil else {
          throw Refusal.argument(
            "kept[\(index)]", found: "partition \(partition.raw) a second time", expected: "each once")
        }
      }
    }
    // What is there after all is not damaged.
    for index in damaged.indices where damaged[index].partition.map({ records[$0] != nil }) ?? false {
      damaged[index].partition = nil
    }
  }
}
