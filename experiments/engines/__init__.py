"""Each engine that installs on a CPU, asked what it does with a temperature; see README.md."""
