"""Each file asks one question and answers it with one figure and the table behind it.

An experiment is a module with a docstring (the lesson), its `CHAPTER` in the story, the `FINDING` that its figure
states, a frozen dataclass `Config` whose defaults are the full experiment, a smaller preset `QUICK`, and three
functions: `compute(config, progress)` returns a Table,
`verdicts(table)` returns what that table shows, and `draw(table)` returns the figure. One that makes a page has
`page(config)`, which returns its HTML, instead of `draw`. Nothing is registered: a module with a `compute` is an
experiment.
"""
