"""Hours of bad luck in minutes, for the real daemon: see README.md."""
