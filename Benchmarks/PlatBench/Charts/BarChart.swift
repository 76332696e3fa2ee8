/// A bar for each row, made of parts in the order given: where the time goes.
struct BarChart {
  struct Row {
    var name: String
    var parts: [(name: String, value: Double)]
    var total: Double { parts.reduce(0) { $0 + $1.value } }
  }
  var title: String
  var unit: String
  var rows: [Row]

  private static let frame = (left: 190.0, top: 60.0, right: 640.0)
  private static let rowHeight = 26.0

  /// Nil where there is nothing to draw.
  var svg: String? {
    let greatest = rows.map(\.total).max() ?? 0
    guard greatest > 0 else { return nil }
    let (left, top, right) = Self.frame
    var names: [String] = []
    for part in rows.flatMap(\.parts) where !names.contains(part.name) { names.append(part.name) }
    var svg = SVG(width: 720, height: Int(top + Double(rows.count) * Self.rowHeight + 16))
    svg.text(title, x: 12, y: 22, kind: "title")
    var x = 12.0
    for (index, name) in names.enumerated() {
      svg.bar(x: x, y: 34, width: 10, height: 10, color: index % SVG.colors)
      svg.text(name, x: x + 14, y: 43, kind: "small")
      x += 30 + 6.5 * Double(name.count)
    }
    for (index, row) in rows.enumerated() {
      let y = top + Double(index) * Self.rowHeight
      svg.text(row.name, x: left - 8, y: y + 15, anchor: .end)
      var at = left
      for part in row.parts where part.value > 0 {
        let width = (right - left) * part.value / greatest
        let color = names.firstIndex(of: part.name)! % SVG.colors
        svg.bar(
          x: at, y: y + 3, width: width, height: Self.rowHeight - 8, color: color,
          title: "\(part.name): \(fixed(part.value, 2)) \(unit)")
        at += width
      }
      svg.text("\(fixed(row.total)) \(unit)", x: at + 6, y: y + 15, kind: "small")
    }
    return svg.document
  }
}
