import PlatEngine
