import ArgumentParser
import Glibc
import PlatEngine
import PlatFormats

/// A verb of the program. It throws what went wrong; the exit status and the message are made here.
protocol PlatCommand: ParsableCommand {
  var options: GlobalOptions { get }

  /// All that it reads and writes by name: no output may be an input.
  var files: CommandFiles { get }

  /// Does it. True: done, and every hard rule met, which is exit status 0; false is 1.
  mutating func run(_ console: Console) throws -> Bool
}

extension PlatCommand {
  mutating func run() throws {
    // A reader that has gone is a failed write, not the end of the process.
    signal(SIGPIPE, SIG_IGN)
    let console = Console(options)
    let isGood: Bool
    do {
      try files.refuseOverwriting()
      isGood = try run(console)
    } catch let error as DocumentError {
      for fault in [error] + error.others { console.report(fault) }
      if error.others.count + 1 == DocumentSource.mostFaults { console.report("\(error.file) may have more faults") }
      if error.reason == .otherKind { console.report(Usage.line(of: Self.self)) }
      throw ExitCode(error.exitStatus)
    } catch let error as FileError where error.isClosedPipe {
      // Whoever read it has gone, and knows.
      throw ExitCode(error.exitStatus)
    } catch let error as FileError {
      console.report(error.description)
      throw ExitCode(error.exitStatus)
    } catch PlatError.outOfMemory {
      console.report("there is too little memory")
      throw ExitCode(70)
    } catch PlatError.faultyPlan(let fault) {
      console.report("\(fault.description) (plat \(Plat.configuration.version))")
      throw ExitCode(70)
    } catch PlatError.unsupported(let error) {
      console.report(error.description)
      throw ExitCode(65)
    } catch let error as InputError {
      console.report(error.description)
      throw ExitCode(65)
    }
    if !isGood { throw ExitCode(1) }
  }
}
