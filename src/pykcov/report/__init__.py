"""From what was executed to what people and tools read: data files, reports, annotated sources."""

# name: help, what it writes by default, and what that is.
KINDS = {
    "report": ("print a table of the lines executed", "", ""),
    "html": ("write pages with the lines executed", "htmlcov", "DIR"),
    "xml": ("write a Cobertura file", "coverage.xml", "FILE"),
    "json": ("write a JSON file, as coverage.py's", "coverage.json", "FILE"),
    "lcov": ("write an lcov file, with how often lines were executed", "coverage.lcov", "FILE"),
    "coverage": ("write a .coverage file, for coverage.py's own commands", ".coverage", "FILE"),
}
