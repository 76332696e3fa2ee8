/// A picture as SVG text: the same bytes from the same figures. Light or dark as the reader has it.
struct SVG {
  let width: Int
  let height: Int
  private var body = ""

  init(width: Int, height: Int) { (self.width, self.height) = (width, height) }

  enum Anchor: String { case start, middle, end }

  mutating func text(_ text: String, x: Double, y: Double, anchor: Anchor = .start, kind: String = "label") {
    body +=
      "<text class=\"\(kind)\" x=\"\(fixed(x))\" y=\"\(fixed(y))\" text-anchor=\"\(anchor.rawValue)\">\(escaped(text))</text>\n"
  }

  mutating func line(x1: Double, y1: Double, x2: Double, y2: Double, kind: String) {
    body +=
      "<line class=\"\(kind)\" x1=\"\(fixed(x1))\" y1=\"\(fixed(y1))\" x2=\"\(fixed(x2))\" y2=\"\(fixed(y2))\"/>\n"
  }

  mutating func curve(_ points: [(x: Double, y: Double)], color: Int) {
    let path = points.map { "\(fixed($0.x)),\(fixed($0.y))" }.joined(separator: " ")
    body += "<polyline class=\"curve c\(color)\" points=\"\(path)\"/>\n"
    for point in points {
      body += "<circle class=\"f\(color)\" cx=\"\(fixed(point.x))\" cy=\"\(fixed(point.y))\" r=\"3\"/>\n"
    }
  }

  mutating func bar(x: Double, y: Double, width: Double, height: Double, color: Int, title: String = "") {
    body +=
      "<rect class=\"f\(color)\" x=\"\(fixed(x))\" y=\"\(fixed(y))\" width=\"\(fixed(width))\" height=\"\(fixed(height))\">"
      + (title.isEmpty ? "" : "<title>\(escaped(title))</title>") + "</rect>\n"
  }

  static let colors = 9

  var document: String {
    // The palette of Okabe and Ito, which those who see fewer colours can tell apart; a little darker on white.
    let light = ["#0063a0", "#c04e00", "#00805c", "#a8487f", "#8a6d00", "#2b7fb8", "#6b6b6b", "#7a3fb0", "#a02020"]
    let dark = ["#56b4e9", "#ff9a3c", "#2fd0a0", "#e58fc0", "#f0e442", "#9ad0f5", "#b0b0b0", "#c79bf2", "#ff8080"]
    func rules(_ colors: [String]) -> String {
      colors.enumerated().map { ".c\($0){stroke:\($1)}.f\($0){fill:\($1)}" }.joined()
    }
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" role="img">
      <style>
      text{font:12px system-ui,sans-serif;fill:#333}.title{font-size:14px;font-weight:600}.small{font-size:11px}
      .grid{stroke:#8884;stroke-width:1}.axis{stroke:#888;stroke-width:1}.curve{fill:none;stroke-width:2}
      \(rules(light))
      @media(prefers-color-scheme:dark){text{fill:#ccc}\(rules(dark))}
      </style>
      \(body)</svg>

      """
  }

  private func escaped(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      default: result.append(character)
      }
    }
  }
}
