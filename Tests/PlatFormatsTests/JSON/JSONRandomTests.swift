import CPlatJSON
import Testing

@testable import PlatFormats

/// Random documents and broken ones. Each failure names its seed, with which the test can be run alone.
@Suite struct JSONRandomTests {
  /// What is read is what was written, whatever the layout and the escapes.
  @Test func roundTrip() throws {
    for seed in UInt64(0)..<400 {
      var generator = SeededGenerator(seed: seed)
      let tree = JSONTree.random(using: &generator)
      let document = tree.rendered(using: &generator)
      #expect(try JSONTree(parsing: source(document)) == tree, "seed \(seed)")
      for layout in [JSONWriter.Layout.compact, .lines] {
        #expect(try JSONTree(parsing: source(tree.written(layout))) == tree, "seed \(seed), \(layout)")
      }
    }
  }

  /// Our verdict against that of simdjson's own parser.
  @Test func mutationsGetTheVerdictOfTheOtherParser() {
    let result = compare(verdict: accepts)
    #expect(result.disagreement == nil)
    #expect(result.accepted > 500 && result.refused > 500)
  }

  /// The canary: a reader that lets bad numbers pass must be found out by the comparison above.
  @Test func comparisonFindsAPlantedFault() {
    let result = compare { bytes in
      var problem = plat_json_error()
      return accepts(bytes, &problem) || problem.code == PLAT_JSON_BAD_NUMBER.rawValue
    }
    #expect(result.disagreement != nil)
  }

  private func accepts(_ bytes: [UInt8]) -> Bool {
    var problem = plat_json_error()
    return accepts(bytes, &problem)
  }

  private func accepts(_ bytes: [UInt8], _ problem: inout plat_json_error) -> Bool {
    let document = source(bytes)
    guard let handle = plat_json_open(document.unsafeBytes.baseAddress, document.sizeBytes, &problem) else {
      Issue.record("\(bytes) cannot be opened")
      return false
    }
    defer { withExtendedLifetime(document) { plat_json_close(handle) } }
    return withUnsafeTemporaryAllocation(of: plat_json_token.self, capacity: 16) { tokens in
      while true {
        let count = plat_json_next(handle, tokens.baseAddress, tokens.count, &problem)
        if count == 0 { return true }
        if count < 0 {
          #expect(problem.offset <= bytes.count)
          return false
        }
      }
    }
  }

  /// Runs mutations of random documents, at most two seconds of them, until the verdicts differ.
  private func compare(verdict: ([UInt8]) -> Bool) -> (disagreement: String?, accepted: Int, refused: Int) {
    var accepted = 0, refused = 0
    let start = ContinuousClock.now
    for seed in UInt64(0)..<40_000 {
      if seed % 100 == 0 && ContinuousClock.now - start > .seconds(2) { break }
      var generator = SeededGenerator(seed: seed)
      var bytes = Array(JSONTree.random(using: &generator).rendered(using: &generator).utf8)
      for _ in 0..<Int.random(in: 0...2, using: &generator) { mutate(&bytes, using: &generator) }
      let other = source(shortenNumbers(bytes))
      let theirs = withExtendedLifetime(other) {
        plat_json_dom_accepts(other.unsafeBytes.baseAddress, other.sizeBytes) != 0
      }
      if verdict(bytes) != theirs {
        return ("seed \(seed): simdjson \(theirs ? "accepts" : "refuses") \(String(decoding: bytes, as: UTF8.self))",
          accepted, refused)
      }
      if theirs { accepted += 1 } else { refused += 1 }
    }
    return (nil, accepted, refused)
  }

  private func mutate(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
    let alphabet = Array("{}[]:,\"\\u0019-+.eE tfn\ndD8\u{0}\u{1f}é😀".utf8) + [0xff, 0xc0, 0x80]
    let place = Int.random(in: 0...bytes.count, using: &generator)
    let letter = alphabet.randomElement(using: &generator)!
    switch Int.random(in: 0..<5, using: &generator) {
    case 0: bytes.insert(letter, at: place)
    case 1 where place < bytes.count: bytes[place] = letter
    case 2 where place < bytes.count: bytes.remove(at: place)
    case 3: bytes.removeSubrange(place...)
    default: bytes.insert(contentsOf: bytes[place...].prefix(5), at: place)
    }
  }

  /// The same document with numbers that fit a double, since the other parser refuses those that do not and we
  /// never convert them: outside of strings, 15 digits are left of any run, 2 in an exponent. That changes no
  /// number into something that is none, nor the other way round.
  private func shortenNumbers(_ bytes: [UInt8]) -> [UInt8] {
    var short: [UInt8] = []
    var inString = false, isEscaped = false, inExponent = false
    var run = 0
    for byte in bytes {
      if !inString && (0x30...0x39).contains(byte) {
        run += 1
        if run > (inExponent ? 2 : 15) { continue }
      } else {
        let isSign = byte == 0x2b || byte == 0x2d
        inExponent = byte | 0x20 == 0x65 || isSign && run == 0 && inExponent
        run = 0
      }
      if byte == 0x22 && !isEscaped { inString.toggle() }
      isEscaped = inString && byte == 0x5c && !isEscaped
      short.append(byte)
    }
    return short
  }
}
