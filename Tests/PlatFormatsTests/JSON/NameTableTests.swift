import Testing

@testable import PlatFormats

@Suite struct NameTableTests {
  /// Against a dictionary, through many growths.
  @Test func behavesAsADictionary() {
    var generator = SeededGenerator(seed: 5)
    var table = NameTable()
    var model: [String: Int] = [:]
    for _ in 0..<20_000 {
      var name = String(repeating: "x", count: Int.random(in: 0...20, using: &generator))
      name += String(Int.random(in: 0..<500, using: &generator))
      let known = model[name]
      name.withUTF8 { bytes in
        #expect(table.find(bytes) == known)
        let (index, isNew) = table.insert(bytes)
        #expect(isNew == (known == nil) && index == known ?? model.count)
      }
      if known == nil { model[name] = model.count }
    }
    #expect(table.count == model.count)
    for (name, index) in model { #expect(table.string(index) == name) }
  }

  @Test func theEmptyNameIsAName() {
    var table = NameTable(minimumCapacity: 100)
    let empty = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
    #expect(table.find(empty) == nil)
    #expect(table.insert(empty) == (0, true))
    #expect(table.insert(empty) == (0, false))
    #expect(table.bytes(0).isEmpty)
  }
}
