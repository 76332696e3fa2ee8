import CPlat

/// Of this library: the header's that it was built with.
let version = "\(PLAT_VERSION_MAJOR).\(PLAT_VERSION_MINOR).\(PLAT_VERSION_PATCH)"

private let versionText = CTexts([version])

@c @implementation
public func plat_version_number() -> UInt32 {
  UInt32(PLAT_VERSION_MAJOR * 1_000_000 + PLAT_VERSION_MINOR * 1000 + PLAT_VERSION_PATCH)
}

@c @implementation
public func plat_version() -> UnsafePointer<CChar> { versionText[0] ?? CText.of("") }

@c @implementation
public func plat_status_name(_ status: Int32) -> UnsafePointer<CChar> {
  switch plat_status(rawValue: UInt32(bitPattern: status)) {
  case PLAT_OK: CText.of("ok")
  case PLAT_INVALID_ARGUMENT: CText.of("invalid argument")
  case PLAT_INVALID_INPUT: CText.of("invalid input")
  case PLAT_UNSUPPORTED: CText.of("unsupported")
  case PLAT_OUT_OF_MEMORY: CText.of("out of memory")
  case PLAT_CANCELLED: CText.of("cancelled")
  case PLAT_NOT_FOUND: CText.of("not found")
  case PLAT_TOO_SMALL: CText.of("too small")
  case PLAT_LOST_DISK: CText.of("lost disk")
  case PLAT_IO: CText.of("input or output")
  case PLAT_FAULTY_PLAN: CText.of("faulty plan")
  default: CText.of("unknown status")
  }
}
