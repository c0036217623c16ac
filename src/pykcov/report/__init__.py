"""From data files to what people and tools read: reports and annotated source code."""

# name: help, default output path, and its metavar.
KINDS = {
    "report": ("print a table of the lines executed", "", ""),
    "html": ("write pages with the lines executed", "htmlcov", "DIR"),
    "xml": ("write a Cobertura file", "coverage.xml", "FILE"),
    "json": ("write a JSON file like coverage.py's", "coverage.json", "FILE"),
    "lcov": ("write an lcov file, with how often lines were executed", "coverage.lcov", "FILE"),
    "coverage": ("write a .coverage file, for coverage.py's own commands", ".coverage", "FILE"),
}
