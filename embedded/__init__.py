"""Owns what makes a bare machine run the board: the checkout's environment, private back ends, process supervision.

Nothing here is imported by the application, and production installs none of its requirements.
"""
