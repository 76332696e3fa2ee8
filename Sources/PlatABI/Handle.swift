import Synchronization

/// Swift objects as the opaque pointers of C, each holding one reference.
enum Handle {
  static func give(_ object: AnyObject) -> OpaquePointer {
    OpaquePointer(Unmanaged.passRetained(object).toOpaque())
  }

  static func take<Object: AnyObject>(_ pointer: OpaquePointer?, _ name: String) throws -> Object {
    guard let object: Object = peek(pointer) else {
      throw Refusal.argument(name, found: "NULL", expected: "a handle")
    }
    return object
  }

  /// Nil for NULL.
  static func peek<Object: AnyObject>(_ pointer: OpaquePointer?) -> Object? {
    pointer.map { Unmanaged<Object>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
  }

  static func free<Object: AnyObject>(_ pointer: OpaquePointer?, _: Object.Type) {
    if let pointer { Unmanaged<Object>.fromOpaque(UnsafeRawPointer(pointer)).release() }
  }

  /// Where a handle goes: emptied first, so that a failure leaves NULL.
  static func out(
    _ place: UnsafeMutablePointer<OpaquePointer?>?, _ name: String
  ) throws -> UnsafeMutablePointer<OpaquePointer?> {
    guard let place else { throw Refusal.argument(name, found: "NULL", expected: "a place for the handle") }
    place.pointee = nil
    return place
  }
}

/// A value that is made when first asked for, by one thread, for all.
final class Once<Value: Sendable>: Sendable {
  private let value = Mutex<Value?>(nil)

  func get(_ make: () throws -> Value) rethrows -> Value {
    try value.withLock { value in
      if let known = value { return known }
      let made = try make()
      value = made
      return made
    }
  }

  /// Nil where the system has not so many bytes left for it.
  func get(needing bytes: Int, _ make: () -> Value) -> Value? {
    value.withLock { value in
      if value == nil, Work.isRoom(for: bytes) { value = make() }
      return value
    }
  }
}
