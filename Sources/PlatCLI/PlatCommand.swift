import ArgumentParser
import Glibc
import PlatEngine
import PlatFormats

/// A verb of the program. It throws what went wrong; the exit status and the message are made here.
protocol PlatCommand: ParsableCommand {
  var options: GlobalOptions { get }

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
      isGood = try run(console)
    } catch let error as DocumentError {
      console.report(error)
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
