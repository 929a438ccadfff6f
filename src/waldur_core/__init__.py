"""The platform: users, permissions, operations, wire conventions. It knows no cloud and no marketplace."""

__version__ = "0.1.0"
