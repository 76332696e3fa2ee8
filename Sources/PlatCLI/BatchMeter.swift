import PlatFormats

/// How fast a batch goes, and how long it still takes.
struct BatchMeter: Sendable {
  private let began = ContinuousClock.now

  /// `1,200 of about 10,000 jobs, 3 failed, 812 a second, 11 s left`
  func text(_ progress: BatchRunner.Progress) -> String {
    Self.text(progress, seconds: seconds)
  }

  static func text(_ progress: BatchRunner.Progress, seconds: Double) -> String {
    let rate = Double(progress.done - progress.resumed) / max(seconds, 0.001)
    var parts = ["\(progress.done) jobs"]
    if let size = progress.listSizeBytes, progress.listBytes > 0, size > 0 {
      // As many as the rest of the list has if its lines are as long as those before.
      let all = max(progress.done, Int(Double(progress.done) * Double(size) / Double(progress.listBytes)))
      parts[0] = "\(progress.done) of \(progress.listBytes == size ? "" : "about ")\(all) jobs"
      if progress.failed > 0 { parts.append("\(progress.failed) failed") }
      parts.append("\(rounded(rate)) a second")
      if rate > 0 { parts.append("\(duration(Double(all - progress.done) / rate)) left") }
    } else {
      if progress.failed > 0 { parts.append("\(progress.failed) failed") }
      parts.append("\(rounded(rate)) a second")
    }
    return parts.joined(separator: ", ")
  }

  func summary(_ progress: BatchRunner.Progress, resultsPath: String?, isComplete: Bool) -> String {
    let rate = Double(progress.done - progress.resumed) / max(seconds, 0.001)
    var text = "batch of \(progress.done) jobs\(isComplete ? "" : ", interrupted")\n"
    text += "  failed        \(progress.failed)\n"
    if progress.resumed > 0 { text += "  done before   \(progress.resumed)\n" }
    text += "  rate          \(Self.rounded(rate)) a second\n"
    if !isComplete, let resultsPath {
      text += "  to go on      the same command again; \(resultsPath) comes when all is done\n"
    }
    return text
  }

  private var seconds: Double {
    let (seconds, attoseconds) = (ContinuousClock.now - began).components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }

  /// Two digits or more.
  private static func rounded(_ rate: Double) -> String {
    if rate >= 10 { return "\(Int(rate.rounded()))" }
    let tenths = Int((rate * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  private static func duration(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded(.up))
    if whole < 100 { return "\(whole) s" }
    return whole < 6000 ? "\((whole + 59) / 60) min" : "\((whole + 3599) / 3600) h"
  }
}
