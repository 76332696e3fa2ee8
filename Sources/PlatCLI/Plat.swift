import ArgumentParser
@main struct Plat: ParsableCommand {}
