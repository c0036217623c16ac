"""Marks for frameworks that are neither ASGI nor WSGI, one module each: docs/marks.md.

A module imports its framework, so it is imported by who has that; `import pykcov` imports none.
"""
