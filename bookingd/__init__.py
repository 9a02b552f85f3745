"""The daemon: HTTP, command line, configuration, and the one file that wires."""

__version__ = "0.1.0"
