"""The devices and loggers of tests/service, here too."""

from tests.service.conftest import _devices, _loggers

__all__ = ["_devices", "_loggers"]
