"""Attacks on the real daemon from outside: broken requests, and clients that dawdle."""
