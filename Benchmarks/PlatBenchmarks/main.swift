switch CommandLine.arguments.dropFirst().first {
case "crc": printCRCTable(benchmarkCRC())
default: print("bench")
}
