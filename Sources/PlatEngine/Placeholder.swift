public enum PlatEngine {}
