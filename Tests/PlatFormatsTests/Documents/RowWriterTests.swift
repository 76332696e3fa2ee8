import PlatEngine
import TestSupport
import Testing

@testable import PlatFormats

@Suite struct RowWriterTests {
  /// The same text as one piece after the other gives, whatever is empty, wanted or long.
  @Test func rowsAsOneWouldWriteThem() {
    forAllSeeds(0..<200) { seed in
      var random = SplitMix64(seed: seed)
      let isShort = random.chance(1, 2)
      let nodes = (0..<random.among(1...30)).map { node in
        isShort
          ? "é-\(node)"
          : random.pick(["n", "node-", "é", "quoted\"", String(repeating: "x", count: random.pick([5, 20, 24, 40]))])
            + "\(node)"
      }
      let states = ["master", "slave", isShort ? "pending" : "a state of many letters", "dead"].prefix(
        random.among(1...4)
      ).map { $0 }
      let counts = states.map { _ in random.below(4) }
      let isWanted = states.map { _ in random.chance(1, 2) }
      let map = try PlacementMap(
        partitionCount: random.pick([1, 2, 9, 10, 11, 99, 101, 1024, 1025]), slotCounts: counts)
      for slot in 0..<map.partitionCount * map.width where random.chance(3, 4) {
        map.slots[slot] = NodeIndex(random.below(nodes.count))
      }
      var writer = JSONWriter()
      writer.beginObject(.lines)
      writer.key("p")
      MapWriter.writePartitions(
        map, nodes: QuotedNames(nodes), states: states, isWanted: isWanted, ranges: KeyRanges(), to: &writer)
      writer.endObject()
      let text = try writer.withBytes { String(decoding: $0, as: UTF8.self) }

      func quoted(_ name: String) -> String { "\"" + name.replacing("\"", with: "\\\"") + "\"" }
      let rows = (0..<map.partitionCount).map { partition in
        let parts = states.indices.compactMap { state -> String? in
          let holders = map.holders(of: partition, inState: state).map { quoted(nodes[$0.int]) }
          return holders.isEmpty && !isWanted[state] ? nil : "\"\(states[state])\":[\(holders.joined(separator: ","))]"
        }
        return "    \"\(partition)\": {\(parts.joined(separator: ","))}"
      }
      try holds(text == "{\n  \"p\": {\n\(rows.joined(separator: ",\n"))\n  }\n}", text)
    }
  }

  @Test func numbersAreCountedUp() {
    withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { room in
      func text(_ counter: inout DecimalCounter) -> String {
        var end = room.baseAddress!
        counter.write(to: &end)
        return String(decoding: room[..<(end - room.baseAddress!)], as: UTF8.self)
      }
      var counter = DecimalCounter()
      for number in 0..<12_000 { #expect(text(&counter) == "\(number)") }
      var power = 10
      for nines in 1...8 {
        var counter = DecimalCounter(nines: nines)
        for number in (power - 1)..<(power + 12) { #expect(text(&counter) == "\(number)") }
        power *= 10
      }
    }
  }

  /// Plain rows and rows that are not, one after another in any order, are read as they stand; what is wrong in either
  /// is told with its place.
  @Test func plainRowsAndOthersMix() throws {
    let rows = [
      #""0": {"master":["a"],"slave":["b","c"]}"#, #""1" : { "slave" : [ "c" ] , "master" : [ "b" ] }"#,
      #""2": {"master":["\u0061"]}"#, #""3": {}"#, #""4": {"x-note":[1],"slave":["a"]}"#,
      #""5": {"slave":["a","b","c"]}"#,
      #""x-mine": {"any": [true]}"#, #""\u0036": {"master":[]}"#, #""7": {"slave":[],"master":["c"]}"#,
    ]
    func text(_ rows: [String]) -> String {
      #"{"plat":1,"settings":{"numPartitions":8},"nodes":{"a":{},"b":{},"c":{}},"map":{"partitions":{"#
        + rows.joined(separator: ",\n") + "}}}"
    }
    let wanted = try written(read(text(rows)))
    var random = SplitMix64(seed: 1)
    for _ in 0..<40 {
      let shuffled = random.shuffled(rows)
      #expect(try written(read(text(shuffled))) == wanted)
    }
    for (bad, found) in [
      (#""0": {"master":["b"]}"#, "the partition \"0\" a second time"), (#""8": {}"#, "\"8\""),
      (#""01": {}"#, "\"01\""),
      (#""6": {"master":["d"]}"#, "\"d\""), (#""6": {"master":["a"],"slave":["a"]}"#, "the node \"a\" a second time"),
      (#""6": {"master":["a"],"master":["b"]}"#, "the state \"master\" a second time"),
      (#""6": {"master":"a"}"#, "the string"),
      (#""6": {"lord":["a"]}"#, "the unknown key \"lord\""), (#""6": {"master":["a",]}"#, "']'"),
      (#""6": {"master":["a"},"#, "'}'"),
      (#""6": {"master" ["a"]}"#, "'['"), (#""6": 1"#, "the number 1"), (#""6": {},"#, "'}'"),
    ] {
      let all = rows.filter { !$0.contains("0036") } + [bad]
      let message = message { () throws(DocumentError) in _ = try read(text(all)) }
      #expect(message.contains("found \(found)"), "\(bad): \(message)")
    }
  }
}
