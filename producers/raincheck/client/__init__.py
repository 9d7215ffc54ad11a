"""Asking for artifacts, saving and loading them."""
