import Glibc

/// Curves over two logarithmic axes: growth in proportion is a straight line of slope one.
struct LineChart {
  struct Curve {
    var name: String
    var points: [(x: Double, y: Double)]
  }
  var title: String
  var xLabel: String
  var yLabel: String
  var curves: [Curve]

  private static let size = (width: 680, height: 360)
  private static let frame = (left: 64.0, top: 40.0, right: 500.0, bottom: 308.0)

  /// Nil where there is nothing to draw.
  var svg: String? {
    let points = curves.flatMap(\.points)
    guard let xAxis = Axis(points.map(\.x), from: Self.frame.left, to: Self.frame.right),
      let yAxis = Axis(points.map(\.y), from: Self.frame.bottom, to: Self.frame.top)
    else { return nil }
    let (left, top, right, bottom) = Self.frame
    var svg = SVG(width: Self.size.width, height: Self.size.height)
    svg.text(title, x: left, y: 22, kind: "title")
    for (value, at) in yAxis.ticks {
      svg.line(x1: left, y1: at, x2: right, y2: at, kind: "grid")
      svg.text(short(value), x: left - 8, y: at + 4, anchor: .end)
    }
    for (value, at) in xAxis.ticks {
      svg.line(x1: at, y1: top, x2: at, y2: bottom, kind: "grid")
      svg.text(short(value), x: at, y: bottom + 18, anchor: .middle)
    }
    svg.line(x1: left, y1: bottom, x2: right, y2: bottom, kind: "axis")
    svg.line(x1: left, y1: top, x2: left, y2: bottom, kind: "axis")
    svg.text(xLabel, x: (left + right) / 2, y: bottom + 40, anchor: .middle)
    svg.text(yLabel, x: 8, y: top - 4, kind: "small")
    for (index, curve) in curves.enumerated() {
      let color = index % SVG.colors
      svg.curve(curve.points.map { (xAxis.place($0.x), yAxis.place($0.y)) }, color: color)
      let y = top + 14 + Double(index) * 20
      svg.curve([(right + 16, y), (right + 36, y)], color: color)
      svg.text(curve.name, x: right + 44, y: y + 4)
    }
    return svg.document
  }

  /// A logarithmic axis over 1, 2, 5, 10, 20 …: those around all values.
  private struct Axis {
    private let least: Double
    private let greatest: Double
    private let from: Double
    private let to: Double
    private(set) var ticks: [(value: Double, at: Double)] = []

    init?(_ values: [Double], from: Double, to: Double) {
      guard let first = values.min(), let last = values.max(), first > 0 else { return nil }
      let steps = (-9...12).flatMap { power in [1.0, 2, 5].map { $0 * pow(10, Double(power)) } }
      (self.from, self.to) = (from, to)
      least = steps.last { $0 <= first * 1.000_001 } ?? first
      greatest = steps.first { $0 >= last * 0.999_999 && $0 > (steps.last { $0 <= first * 1.000_001 } ?? 0) } ?? last
      let within = steps.filter { $0 >= least * 0.999_999 && $0 <= greatest * 1.000_001 }
      // Where there are many, the decades alone.
      let shown = within.count > 8 ? within.filter { log10($0).rounded() == log10($0) } : within
      ticks = shown.map { ($0, place($0)) }
    }

    func place(_ value: Double) -> Double {
      from + (to - from) * (log10(value) - log10(least)) / (log10(greatest) - log10(least))
    }
  }

  /// `0.5`, `20`, `5k`, `1M`.
  private func short(_ value: Double) -> String {
    switch value {
    case 1_000_000...: trimmed(value / 1_000_000) + "M"
    case 1_000...: trimmed(value / 1_000) + "k"
    default: trimmed(value)
    }
  }

  private func trimmed(_ value: Double) -> String {
    var text = fixed(value, value < 0.1 ? 3 : value < 1 ? 2 : 1)
    while text.contains("."), text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }
}
