"""What all roads share: argument checks, threads, files, progress bars, Ctrl-C, compilation."""
