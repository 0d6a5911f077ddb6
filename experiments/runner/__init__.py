"""Running experiments: command line, gallery, lessons, notebooks, tables."""
