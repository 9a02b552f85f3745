"""The documentation of the API, by the API."""
