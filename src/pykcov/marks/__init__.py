"""Marks for frameworks that are neither ASGI nor WSGI: docs/marks.md.

There is one module for each framework, which imports that framework. `import pykcov` imports none.
"""
